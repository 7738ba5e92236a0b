/* Questions of `/v1/query`: their shape, and the hook that asks them. */

import { call } from "./client";
import { rememberNames, type CodeNamed } from "./code-names";
import { sharedToken } from "../state/shared";

export type Filter = [operator: string, dimension: string, values: string[]];
export type Label = string | number;
export type Value = number | string | null;

export interface Question {
  metrics: string[];
  date_range: string | [string, string];
  timezone: string;
  dimensions?: string[];
  breakdowns?: string[];
  filters?: unknown[];
  kinds?: string[];
  compare?: string | [string, string];
  order_by?: [string, "asc" | "desc"][];
  include?: { time_labels?: boolean; total_rows?: boolean; remainder?: boolean };
  pagination?: { limit?: number; cursor?: string | null };
}

export interface Row {
  dimensions: Label[];
  metrics: Value[];
  comparison?: { dimensions: Label[]; metrics: Value[]; change: (number | null)[] };
}

/** In percent; undefined without a comparison, null where there was nothing before. */
export function changeOf(row: Row, at: number): number | null | undefined {
  const change = row.comparison?.change[at];
  return change === null && Number(row.metrics[at]) === 0 ? 0 : change;
}

export interface Answered {
  results: Row[];
  remainder?: Row | undefined;
  breakdowns?: { dimension: string; results: Row[]; remainder: Row | null; total_rows: number | null }[];
  meta: {
    exact: boolean;
    complete_until: string;
    source: string;
    total_rows?: number | undefined;
    time_labels?: Label[];
    next_cursor?: string | null;
    codes?: Record<string, CodeNamed>;
  };
  query: { date_range: [string, string]; compare?: [string, string] | null; dimensions?: string[] };
}

export async function ask(question: Question, signal: AbortSignal): Promise<Answered> {
  const { body } = await call<Answered>("POST", sharedToken === null ? "/v1/query" : "/v1/shared/query", { body: question, signal });
  rememberNames(body.meta.codes ?? {});
  return body;
}

/** The whole answer as a file of comma-separated values. */
export async function askFile(question: Question): Promise<Blob> {
  const { pagination: _, ...all } = question;
  return (await call<Blob>("POST", "/v1/query", { body: all, accept: "text/csv" })).body;
}
