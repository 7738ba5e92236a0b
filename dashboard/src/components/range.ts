const DAY = 86_400_000;

function iso(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The range of the same length before or after; months stay whole months. */
export function shifted(range: [string, string], by: 1 | -1, unit: "days" | "months" = "days"): [string, string] {
  const [first, last] = [Date.parse(`${range[0].slice(0, 10)}T00:00:00Z`), Date.parse(`${range[1].slice(0, 10)}T00:00:00Z`)];
  const [begin, end] = [new Date(first), new Date(last)];
  const whole = begin.getUTCDate() === 1 && (unit === "months" || new Date(last + DAY).getUTCDate() === 1);
  if (whole) {
    const months = (end.getUTCFullYear() - begin.getUTCFullYear()) * 12 + end.getUTCMonth() - begin.getUTCMonth() + 1;
    const from = Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + by * months, 1);
    const start = new Date(from);
    return [iso(from), iso(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, 0))];
  }
  const length = last - first + DAY;
  return [iso(first + by * length), iso(last + by * length)];
}
