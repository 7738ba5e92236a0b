/* The conditions of a rule as rows that a form shows, and back. */

import type { components } from "../../.build/api";

export type Rule = components["schemas"]["Rule"];
type Wire = Record<string, unknown>;

export const LISTS = ["country", "region", "city", "device", "os", "browser", "language", "days", "hours"] as const;
export const KINDS = [...LISTS, "from", "to", "query"] as const;
export type Kind = (typeof KINDS)[number];
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export const DEVICES = ["mobile", "tablet", "desktop"] as const;

export interface Row {
  kind: Kind;
  values: string[];
  /** Of the link's parameter. */
  parameter?: string;
}

interface Conditions {
  rows: Row[];
  match: "all" | "any";
  zone: string;
}

export function readConditions(wire: Wire): Conditions {
  const rows: Row[] = [];
  for (const kind of LISTS) {
    const values = wire[kind];
    if (values !== undefined) rows.push({ kind, values: (Array.isArray(values) ? values : [values]).map(String) });
  }
  for (const kind of ["from", "to"] as const) if (wire[kind]) rows.push({ kind, values: [String(wire[kind])] });
  for (const [parameter, values] of Object.entries((wire["query"] ?? {}) as Record<string, unknown>)) {
    rows.push({ kind: "query", parameter, values: values === true ? [] : Array.isArray(values) ? values.map(String) : [String(values)] });
  }
  return { rows, match: wire["match"] === "any" ? "any" : "all", zone: String(wire["zone"] ?? "") };
}

export function writeConditions({ rows, match, zone }: Conditions): Wire {
  const wire: Wire = {};
  const query: Record<string, string[] | true> = {};
  for (const row of rows) {
    const values = row.values.map((value) => value.trim()).filter(Boolean);
    if (row.kind === "query") query[row.parameter ?? ""] = values.length > 0 ? values : true;
    else if (row.kind === "from" || row.kind === "to") wire[row.kind] = values[0] ?? "";
    else wire[row.kind] = [...((wire[row.kind] as string[] | undefined) ?? []), ...values];
  }
  if (Object.keys(query).length > 0) wire["query"] = query;
  if (match === "any") wire["match"] = "any";
  if (zone && rows.some((row) => ["days", "hours", "from", "to"].includes(row.kind))) wire["zone"] = zone;
  return wire;
}

/** An entry at another place; the order is what decides. */
export function moved<T>(list: T[], from: number, by: 1 | -1): T[] {
  const to = from + by;
  if (to < 0 || to >= list.length) return list;
  const next = [...list];
  const [one] = next.splice(from, 1);
  if (one !== undefined) next.splice(to, 0, one);
  return next;
}

/** Which row a problem's field is about (`rules[2].if.zone`); null where it is about no row of this rule. */
export function rowOf(field: string | null, rows: Row[]): number | null {
  const kind = /^rules\[\d+\]\.if\.([a-z]+)/.exec(field ?? "")?.[1];
  const at = rows.findIndex((row) => row.kind === kind);
  return at < 0 ? null : at;
}
