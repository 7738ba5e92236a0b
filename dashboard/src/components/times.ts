/* Parts of time: where they lie on an axis, how they are called, and which days they are. */

import { language, fill, words } from "../text";
import { day } from "../text/numbers";

/** Seconds on the axis. An hour is a moment (the clock may repeat it); a day, week or month is its first day. */
export function axisSeconds(label: string): number {
  return Date.parse(label.length === 10 ? `${label}T00:00:00Z` : label) / 1000;
}

/** The zone in which the axis counts: days have no zone any more. */
export function axisZone(grain: string, zone: string): string {
  return grain === "time:hour" ? zone : "UTC";
}

export function tickLabel(at: number, grain: string, zone: string): string {
  const moment = new Date(at * 1000);
  if (grain !== "time:hour") return day(moment.toISOString(), grain === "time:month" ? "shortMonth" : "short");
  const [clock, midnight] = [hour(moment, zone), hour(moment, zone, "en-GB") === "00:00"];
  return midnight ? new Intl.DateTimeFormat(language.value, { day: "numeric", month: "short", timeZone: zone }).format(moment) : clock;
}

/** A few days have more room than names: each is called once. */
export function once(labels: string[]): string[] {
  return labels.map((label, at) => (label === labels[at - 1] ? "" : label));
}

function hour(moment: Date, zone: string, locale = language.value): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(moment);
}

/** The name of a part, in full. */
export function bucketLabel(label: string, grain: string, zone: string): string {
  switch (grain) {
    case "time:hour":
      return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(new Date(label));
    case "time:week":
      return fill(words().periods.week, { day: day(label, "year") });
    case "time:month":
      return day(label, "month");
    default:
      return day(label, "weekday");
  }
}

/** The last day of a part. */
export function lastDay(label: string, grain: string): string {
  const first = new Date(`${label.slice(0, 10)}T00:00:00Z`);
  if (grain === "time:week") first.setUTCDate(first.getUTCDate() + 6);
  if (grain === "time:month") first.setUTCMonth(first.getUTCMonth() + 1, 0);
  return first.toISOString().slice(0, 10);
}
