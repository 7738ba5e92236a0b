/* When something happens that happens each day, week or month. */

import { SelectField } from "../../components/fields";
import { ownZone } from "../../state/view";
import { language, words } from "../../text";

export interface Schedule {
  every: "day" | "week" | "month";
  hour: number;
  weekday: number;
  day: number;
  timezone: string;
}

export function defaultSchedule(): Schedule {
  return { every: "day", hour: 8, weekday: 1, day: 1, timezone: ownZone };
}

function weekdays(): [string, string][] {
  const name = new Intl.DateTimeFormat(language.value, { weekday: "long", timeZone: "UTC" });
  // 2024-01-01 was a Monday.
  return Array.from({ length: 7 }, (_, at) => [String(at + 1), name.format(new Date(Date.UTC(2024, 0, 1 + at)))]);
}

/** “each week, Monday, 08:00, Europe/Berlin” */
export function scheduleLabel(when: Schedule): string {
  const { exports: text } = words().settings;
  const on = when.every === "week" ? weekdays()[when.weekday - 1]?.[1] : when.every === "month" ? `${text.day} ${when.day}` : undefined;
  return [text.everyNames[when.every], on, `${String(when.hour).padStart(2, "0")}:00`, when.timezone].filter(Boolean).join(", ");
}

function upTo(from: number, to: number): [string, string][] {
  return Array.from({ length: to - from + 1 }, (_, at) => [String(from + at), String(from + at)]);
}

export function ScheduleFields({ value, change }: { value: Schedule; change: (value: Schedule) => void }) {
  const { exports: text } = words().settings;
  const zones = [...new Set([value.timezone, ownZone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return (
    <>
      <SelectField label={text.every} value={value.every} options={(["day", "week", "month"] as const).map((one) => [one, text.everyNames[one]])} change={(every) => change({ ...value, every: every as Schedule["every"] })} />
      {value.every === "week" && <SelectField label={text.weekday} value={String(value.weekday)} options={weekdays()} change={(weekday) => change({ ...value, weekday: Number(weekday) })} />}
      {value.every === "month" && <SelectField label={text.day} value={String(value.day)} options={upTo(1, 28)} change={(day) => change({ ...value, day: Number(day) })} />}
      <SelectField label={text.hour} value={String(value.hour)} options={upTo(0, 23)} change={(hour) => change({ ...value, hour: Number(hour) })} />
      <SelectField label={text.zone} value={value.timezone} options={zones.map((zone) => [zone, zone])} change={(timezone) => change({ ...value, timezone })} />
    </>
  );
}
