/* Times of a clock in any time zone (`2026-05-24T09:00`), and the moments that they are. */

/** What clocks in the zone show at a moment. */
export function clockIn(at: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** The moment at which clocks in the zone show this. Of an hour that they skip, the one after; null for no time. */
export function momentIn(clock: string, zone: string): Date | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(clock)) return null;
  const wanted = Date.parse(`${clock}:00Z`);
  let at = wanted;
  for (let step = 0; step < 3; step++) {
    const off = wanted - Date.parse(`${clockIn(new Date(at), zone)}:00Z`);
    if (off === 0) break;
    at += off;
  }
  return new Date(at);
}

/** The next day of the week (0 is Monday) in the zone, at this hour. */
export function nextDay(day: number, hour: number, zone: string, now: Date): string {
  const today = clockIn(now, zone).slice(0, 10);
  const date = new Date(`${today}T00:00:00Z`);
  const ahead = (day - ((date.getUTCDay() + 6) % 7) + 7) % 7;
  date.setUTCDate(date.getUTCDate() + ahead);
  return `${date.toISOString().slice(0, 10)}T${String(hour).padStart(2, "0")}:00`;
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone !== "";
  } catch {
    return false;
  }
}
