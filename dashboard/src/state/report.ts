/* A view as a question that can be saved, and back. */

import { COMPARISONS, KINDS, PERIODS, base, ownZone, read, type Chosen, type View } from "./view";

export const BREAKDOWNS = ["", "time:day", "code", "scan:country"] as const;
export type Saved = Record<string, unknown>;

export function questionOf(view: View, by: string): Saved {
  return { metrics: ["scans", "visitors"], ...base(view), ...(by ? { dimensions: [by] } : {}) };
}

/** The view that shows a saved question; null for one that the address of a view cannot hold. */
export function viewOf(query: Saved): View | null {
  const { date_range: range, timezone, kinds, compare, filters } = query;
  const days = Array.isArray(range) && range.length === 2 && range.every((day) => typeof day === "string" && /^\d{4}-\d\d-\d\d$/.test(day));
  if (!days && !(PERIODS as readonly unknown[]).includes(range)) return null;
  if (compare !== undefined && !(COMPARISONS as readonly unknown[]).includes(compare)) return null;
  const chosen = ((filters ?? []) as unknown[]).map(readFilter);
  if (chosen.includes(null)) return null;
  return {
    ...read(""),
    period: range as string | [string, string],
    compare: typeof compare === "string" ? compare : "none",
    zone: typeof timezone === "string" ? timezone : ownZone,
    kinds: Array.isArray(kinds) ? kinds.filter((kind) => (KINDS as readonly unknown[]).includes(kind)) : ["human"],
    filters: chosen.flatMap((one) => one ?? []),
  };
}

function readFilter(filter: unknown): Chosen[] | null {
  if (!Array.isArray(filter)) return null;
  const [operator, dimension, values] = filter as [unknown, unknown, unknown];
  if ((operator !== "is" && operator !== "is_not") || typeof dimension !== "string" || !Array.isArray(values)) return null;
  if (!values.every((value) => typeof value === "string")) return null;
  return (values as string[]).map((value) => ({ dimension, value, not: operator === "is_not" }));
}
