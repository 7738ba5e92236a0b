/** The range of the same length before or after. */
export function shifted(range: [string, string], by: 1 | -1): [string, string] {
  const [first, last] = [Date.parse(`${range[0].slice(0, 10)}T00:00:00Z`), Date.parse(`${range[1].slice(0, 10)}T00:00:00Z`)];
  const length = last - first + 86_400_000;
  const iso = (at: number) => new Date(at + by * length).toISOString().slice(0, 10);
  return [iso(first), iso(last)];
}
