/* What is looked at: period, zone, comparison, kinds and filters. All of it is in the address, so that a link shows it. */

import { computed, signal } from "@preact/signals";
import type { Question } from "../api/questions";

export const PERIODS = ["today", "7d", "28d", "month", "12mo", "year", "all"] as const;
export const COMPARISONS = ["previous_period", "year_over_year"] as const;
export const KINDS = ["human", "bot", "preview", "prefetch"] as const;
const USUAL = "28d";

export interface Chosen {
  dimension: string;
  value: string;
  not: boolean;
}

export interface View {
  period: string | [string, string];
  compare: string;
  zone: string;
  kinds: string[];
  filters: Chosen[];
}

const search = signal(location.search);
export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function read(text: string): View {
  const parameters = new URLSearchParams(text);
  const [from, to] = [parameters.get("from"), parameters.get("to")];
  const day = /^\d{4}-\d\d-\d\d$/;
  const named = parameters.get("period") ?? USUAL;
  const kinds = (parameters.get("kinds") ?? "").split(",").filter((one) => (KINDS as readonly string[]).includes(one));
  return {
    period: from && to && day.test(from) && day.test(to) && from <= to ? [from, to] : (PERIODS as readonly string[]).includes(named) ? named : USUAL,
    compare: [...COMPARISONS, "none"].find((one) => one === parameters.get("compare")) ?? "previous_period",
    zone: parameters.get("zone") ?? ownZone,
    kinds: kinds.length > 0 ? kinds : ["human"],
    filters: parameters.getAll("f").flatMap(readFilter),
  };
}

function readFilter(text: string): Chosen[] {
  const match = /^(!?)((?:code|scan)(?::[a-z_]+)?)~(.*)$/s.exec(text);
  return match ? [{ not: match[1] === "!", dimension: match[2] ?? "", value: match[3] ?? "" }] : [];
}

export function write(view: View): string {
  const parameters = new URLSearchParams();
  if (typeof view.period !== "string") {
    parameters.set("from", view.period[0]);
    parameters.set("to", view.period[1]);
  } else if (view.period !== USUAL) parameters.set("period", view.period);
  if (view.compare !== "previous_period") parameters.set("compare", view.compare);
  if (view.zone !== ownZone) parameters.set("zone", view.zone);
  if (view.kinds.join() !== "human") parameters.set("kinds", view.kinds.join());
  for (const one of view.filters) parameters.append("f", `${one.not ? "!" : ""}${one.dimension}~${one.value}`);
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

export const view = computed(() => read(search.value));

/** The query part of the address, to be kept when another page of the dashboard is opened. */
export const kept = computed(() => write(view.value));

export function look(change: Partial<View>): void {
  const text = write({ ...view.value, ...change });
  history.pushState(null, "", location.pathname + text + location.hash);
  search.value = text;
}

export function follow(): void {
  search.value = location.search;
}
addEventListener("popstate", follow);

export function choose(dimension: string, value: string, not = false): void {
  const others = view.value.filters.filter((one) => one.dimension !== dimension || (not && one.not && one.value !== value));
  look({ filters: [...others, { dimension, value, not }] });
}

export function forget(chosen: Chosen): void {
  look({ filters: view.value.filters.filter((one) => one !== chosen) });
}

/** The question's part that every panel of a page shares. Several exclusions of one dimension hold together. */
export function base(now: View, code?: string): Pick<Question, "date_range" | "timezone" | "filters" | "kinds"> & { compare?: string } {
  const grouped = new Map<string, string[]>();
  for (const one of now.filters) {
    const key = `${one.not ? "is_not" : "is"} ${one.dimension}`;
    grouped.set(key, [...(grouped.get(key) ?? []), one.value]);
  }
  const filters: unknown[] = [...grouped].map(([key, values]) => [...key.split(" "), values]);
  if (code) filters.push(["is", "code", [code]]);
  const comparing = now.compare !== "none" && now.period !== "all" ? { compare: now.compare } : {};
  return { date_range: now.period, timezone: now.zone, filters, kinds: now.kinds, ...comparing };
}

/** The grain of a series over so many days: no more points than can be told apart. */
export function grain(days: number): "time:hour" | "time:day" | "time:week" | "time:month" {
  return days <= 2 ? "time:hour" : days <= 120 ? "time:day" : days <= 800 ? "time:week" : "time:month";
}
