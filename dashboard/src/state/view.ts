/* What is looked at: period, zone, comparison, kinds and filters. All of it is in the address, so that a link shows it. */

import { computed, signal } from "@preact/signals";
import type { Question } from "../api/questions";

export const PERIODS = ["today", "7d", "28d", "90d", "month", "12mo", "year", "all"] as const;
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
  /** The open tabs: dimensions that panels show in place of their first one. */
  tabs: string[];
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
    zone: known(parameters.get("zone")) ?? ownZone,
    kinds: kinds.length > 0 ? kinds : ["human"],
    filters: parameters.getAll("f").flatMap(readFilter),
    tabs: parameters.getAll("tab"),
  };
}

function known(zone: string | null): string | null {
  try {
    return zone && new Intl.DateTimeFormat("en", { timeZone: zone }) && zone;
  } catch {
    return null;
  }
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
  for (const one of view.tabs) parameters.append("tab", one);
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

export const view = computed(() => read(search.value));

/** The query part of the address, to be kept when another page of the dashboard is opened. */
export const viewQuery = computed(() => write(view.value));

export function setView(change: Partial<View>): void {
  const text = write({ ...view.value, ...change });
  // A tab is no step to go back to.
  const put = Object.keys(change).join() === "tabs" ? "replaceState" : "pushState";
  history[put](null, "", location.pathname + text + location.hash);
  search.value = text;
}

export function syncView(): void {
  search.value = location.search;
}
addEventListener("popstate", syncView);

/** After a click on a value: it alone; after a second one: all but it. `not` excludes it at once, beside others. */
export function after(filters: Chosen[], dimension: string, value: string, not = false): Chosen[] {
  const own = filters.filter((one) => one.dimension === dimension);
  const others = filters.filter((one) => one.dimension !== dimension);
  if (not) return [...others, ...own.filter((one) => one.not && one.value !== value), { dimension, value, not }];
  const alone = own.length === 1 && own[0]?.value === value && !own[0].not;
  return [...others, { dimension, value, not: alone }];
}

/** With one more value of a dimension, or without it. */
export function toggled(filters: Chosen[], dimension: string, value: string): Chosen[] {
  const rest = filters.filter((one) => one.dimension !== dimension || one.value !== value);
  if (rest.length < filters.length) return rest;
  const own = filters.filter((one) => one.dimension === dimension);
  return [...filters, { dimension, value, not: own.length > 0 && own.every((one) => one.not) }];
}

export function choose(dimension: string, value: string, not = false): void {
  setView({ filters: after(view.value.filters, dimension, value, not) });
}

export function toggle(dimension: string, value: string): void {
  setView({ filters: toggled(view.value.filters, dimension, value) });
}

/** Values of one dimension that are chosen together, or excluded together. */
export interface Group {
  dimension: string;
  not: boolean;
  values: string[];
}

export function groups(filters: Chosen[]): Group[] {
  const found = new Map<string, Group>();
  for (const { dimension, value, not } of filters) {
    const key = `${not} ${dimension}`;
    const group = found.get(key) ?? { dimension, not, values: [] };
    group.values.push(value);
    found.set(key, group);
  }
  return [...found.values()];
}

function isOf(group: Group): (one: Chosen) => boolean {
  return (one) => one.dimension === group.dimension && one.not === group.not;
}

/** From "is" to "is not", or back. */
export function invertFilter(group: Group): void {
  const [mine, own] = [isOf(group), new Set(group.values)];
  const others = view.value.filters.filter((one) => one.dimension !== group.dimension || (one.not === !group.not && !own.has(one.value)));
  const turned = view.value.filters.filter(mine).map((one) => ({ ...one, not: !one.not }));
  setView({ filters: [...others, ...turned] });
}

export function removeFilter(group: Group): void {
  const mine = isOf(group);
  setView({ filters: view.value.filters.filter((one) => !mine(one)) });
}

/** The question's part that every panel of a page shares. Several values of one dimension hold together. */
export function base(now: View, code?: string, without?: string): Pick<Question, "date_range" | "timezone" | "filters" | "kinds"> & { compare?: string } {
  const filters: unknown[] = groups(now.filters)
    .filter((one) => one.dimension !== without)
    .map((one) => [one.not ? "is_not" : "is", one.dimension, one.values]);
  if (code) filters.push(["is", "code", [code]]);
  const comparing = now.compare !== "none" && now.period !== "all" ? { compare: now.compare } : {};
  return { date_range: now.period, timezone: now.zone, filters, kinds: now.kinds, ...comparing };
}

const DAYS: Record<string, number> = { today: 1, "7d": 7, "28d": 28, "90d": 90, "12mo": 365 };

/** How long a period is, where that can be told without asking. */
export function daysOf(period: View["period"]): number | undefined {
  return typeof period === "string" ? DAYS[period] : (Date.parse(period[1]) - Date.parse(period[0])) / 86_400_000 + 1;
}

/** The grain of a series over so many days: no more points than can be told apart. */
export function grain(days: number): "time:hour" | "time:day" | "time:week" | "time:month" {
  return days <= 2 ? "time:hour" : days <= 120 ? "time:day" : days <= 800 ? "time:week" : "time:month";
}
