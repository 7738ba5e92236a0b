/* Numbers, days and names as the reader writes them. */

import { language } from "./index";

const made = new Map<string, unknown>();

function kept<T>(key: string, make: () => T): T {
  const name = `${language.value} ${key}`;
  if (!made.has(name)) made.set(name, make());
  return made.get(name) as T;
}

export function whole(value: number): string {
  return kept("whole", () => new Intl.NumberFormat(language.value)).format(value);
}

/** 12.3K: where there is no room for all digits. */
export function short(value: number): string {
  return Math.abs(value) < 10_000
    ? whole(value)
    : kept("short", () => new Intl.NumberFormat(language.value, { notation: "compact", maximumFractionDigits: 1 })).format(value);
}

export function percent(part: number, digits = 1): string {
  return kept(`percent ${digits}`, () => new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits })).format(part);
}

/** In whole percent; what is something is never told as nothing. */
export function share(part: number): string {
  return part > 0 && part < 0.005 ? `<${percent(0.01, 0)}` : percent(part, 0);
}

/** With a decimal only where it says something. */
export function change(percentage: number): string {
  const digits = Math.abs(percentage) < 100 ? 1 : 0;
  return kept(`change ${digits}`, () => new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits, signDisplay: "exceptZero" })).format(percentage / 100);
}

const DAYS: Record<string, Intl.DateTimeFormatOptions> = {
  short: { day: "numeric", month: "short" },
  year: { day: "numeric", month: "short", year: "numeric" },
  weekday: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  month: { month: "long", year: "numeric" },
  shortMonth: { month: "short", year: "2-digit" },
  long: { dateStyle: "full" },
};

export function day(iso: string, style: "short" | "year" | "weekday" | "month" | "shortMonth" | "long" = "short"): string {
  return kept(`day ${style}`, () => new Intl.DateTimeFormat(language.value, { ...DAYS[style], timeZone: "UTC" })).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`));
}

/** Two days, as short as they can be told apart. */
export function days(from: string, to: string): string {
  return kept("days", () => new Intl.DateTimeFormat(language.value, { ...DAYS["year"], timeZone: "UTC" })).formatRange(new Date(`${from.slice(0, 10)}T00:00:00Z`), new Date(`${to.slice(0, 10)}T00:00:00Z`));
}

export function moment(iso: string, zone: string): string {
  return kept(`moment ${zone}`, () => new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone: zone })).format(new Date(iso));
}

export function ago(iso: string, now = Date.now(), style: "long" | "short" = "long"): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const format = kept(`ago ${style}`, () => new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style }));
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(seconds, "second");
}

export function countryName(letters: string): string {
  if (!/^[A-Z]{2}$/.test(letters)) return letters;
  return kept("country", () => new Intl.DisplayNames(language.value, { type: "region", fallback: "code" })).of(letters) ?? letters;
}

export function languageName(tag: string): string {
  try {
    return kept("tongue", () => new Intl.DisplayNames(language.value, { type: "language", fallback: "code" })).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size, in the unit that leaves fewest digits. */
export function bytes(size: number): string {
  const at = size < 1 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(size) / 3));
  const unit = BYTES[at] ?? "byte";
  return kept(`bytes ${unit}`, () => new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: at === 0 ? "long" : "short", maximumFractionDigits: 1 })).format(size / 1000 ** at);
}
