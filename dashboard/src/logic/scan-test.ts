/* A described scan, as the form has it and as the API takes it. */

import type { components } from "../../.build/api";
import { momentIn } from "./zoned";
import type { Row } from "./rules";

export type Answer = components["schemas"]["TestAnswer"];
export type TestedRule = components["schemas"]["TestedRule"];
type Sent = components["schemas"]["TestedScan"];

export interface Described {
  clock: string;
  zone: string;
  country: string;
  city: string;
  region: string;
  device: string;
  os: string;
  browser: string;
  language: string;
  query: string;
  passed: boolean;
}

export const TEXTS = ["country", "city", "region", "os", "browser", "language", "query"] as const;

export function toSend(scan: Described): Partial<Sent> {
  const at = scan.clock === "" ? null : momentIn(scan.clock, scan.zone);
  const texts = Object.fromEntries(TEXTS.flatMap((name) => (scan[name].trim() === "" ? [] : [[name, scan[name].trim()]])));
  return { ...(at === null ? {} : { at: at.toISOString() }), ...(scan.device ? { device: scan.device as NonNullable<Sent["device"]> } : {}), ...texts, ...(scan.passed ? { password_given: true } : {}) };
}

/** The rows of a rule whose conditions do not hold. */
export function missed(rule: TestedRule, rows: Row[]): Row[] {
  const not = new Set(rule.conditions.filter((one) => !one.holds).map((one) => one.condition));
  // One test looks at both ends of a time.
  const ends = not.has("from") || not.has("to");
  return rows.filter((row) => (row.kind === "query" ? not.has(`query.${row.parameter ?? ""}`) : row.kind === "from" || row.kind === "to" ? ends : not.has(row.kind)));
}
