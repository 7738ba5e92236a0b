/* How much each code of a page is used. */

import { ask, type Answered } from "./questions";
import { ownZone } from "../state/view";

export interface CodeUse {
  scans: number;
  last: string | null;
  days: number[];
}

const DAYS = 28;

/** One question for the totals of all, one for their last four weeks. */
export async function codeUse(ids: string[], signal: AbortSignal): Promise<Record<string, CodeUse>> {
  const common = { timezone: ownZone, filters: [["is", "code", ids]] };
  const [totals, days]: Answered[] = await Promise.all([
    ask({ ...common, metrics: ["scans", "last_scan"], date_range: "all", dimensions: ["code"], pagination: { limit: ids.length } }, signal),
    ask({ ...common, metrics: ["scans"], date_range: "28d", dimensions: ["code", "time:day"], pagination: { limit: ids.length * DAYS } }, signal),
  ]);
  const found: Record<string, CodeUse> = {};
  for (const row of totals?.results ?? []) {
    found[String(row.dimensions[0])] = { scans: Number(row.metrics[0]), last: row.metrics[1] === null ? null : String(row.metrics[1]), days: [] };
  }
  const [first] = days?.query.date_range ?? [""];
  for (const row of days?.results ?? []) {
    const one = found[String(row.dimensions[0])];
    const at = Math.round((Date.parse(String(row.dimensions[1]).slice(0, 10)) - Date.parse(first.slice(0, 10))) / 86_400_000);
    if (!one || !(at >= 0 && at < DAYS)) continue;
    if (one.days.length === 0) one.days = Array<number>(DAYS).fill(0);
    one.days[at] = Number(row.metrics[0]);
  }
  return found;
}
