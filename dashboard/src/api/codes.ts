/* Codes: reading, making, changing. */

import { cache } from "./cache";
import { call, type Answer } from "./client";
import type { components } from "../../.build/api";

export type Code = components["schemas"]["DynamicCode"];
export type CodePage = components["schemas"]["DynamicCodePage"];
export type CodeEdit = Partial<components["schemas"]["DynamicCodeEdit"]>;
export type Folder = components["schemas"]["CodeFolder"];

export const SORTS = ["newest", "scans", "last"] as const;

export interface Wanted {
  q: string;
  tag: string;
  folder: string;
  status: string;
  sort: (typeof SORTS)[number];
}

export function listPath(wanted: Partial<Wanted>, cursor: string | null, limit = 50): string {
  const parameters = new URLSearchParams({ limit: String(limit) });
  if (wanted.q) parameters.set("q", wanted.q);
  if (wanted.tag) parameters.set("tag", wanted.tag);
  if (wanted.folder) parameters.set("folder_id", wanted.folder);
  if (wanted.status) parameters.set("status", wanted.status);
  if (cursor) parameters.set("cursor", cursor);
  return `/v1/dynamic?${parameters}`;
}

export function readCode(id: string, signal?: AbortSignal): Promise<Answer<Code>> {
  return call<Code>("GET", `/v1/dynamic/${encodeURIComponent(id)}`, signal ? { signal } : {});
}

// Of each code its last edit, and what our own edits made of the versions that they saw.
const edits = new Map<string, Promise<unknown>>();
const became = new Map<string, Map<string, string>>();

function newest(id: string, etag: string | null): string | null {
  const after = became.get(id);
  let seen = etag;
  while (seen !== null && after?.has(seen)) seen = after.get(seen) ?? null;
  return seen;
}

function noteEdit(id: string, before: string | null, after: string | null): void {
  if (before === null || after === null || before === after) return;
  const known = became.get(id) ?? new Map<string, string>();
  known.set(before, after);
  known.delete(after);
  became.set(id, known);
}

/** The etag says which version was seen: somebody else's change in between is not overwritten (412). Edits of one code
 *  take turns, so one that began while another was on its way follows it and does not meet it as somebody else's. */
export function editCode(id: string, changes: CodeEdit, etag: string | null): Promise<Answer<Code>> {
  return inTurn(id, changes, () => newest(id, etag));
}

/** Puts back what was before an edit, if that was the last one. */
export function undoEdit(id: string, back: CodeEdit, etag: string | null): Promise<Answer<Code>> {
  return inTurn(id, back, () => etag);
}

function inTurn(id: string, changes: CodeEdit, version: () => string | null): Promise<Answer<Code>> {
  const before = edits.get(id) ?? Promise.resolve();
  const edit = before.then(async () => {
    const seen = version();
    const answer = await call<Code>("PATCH", `/v1/dynamic/${encodeURIComponent(id)}`, { body: changes, etag: seen });
    noteEdit(id, seen, answer.etag);
    // At once: the next edit says this version, not the one before.
    cache.setQueryData(["code", id], answer);
    changed();
    return answer;
  });
  const ended = edit.catch(() => undefined).finally(() => {
    if (edits.get(id) === ended) edits.delete(id);
  });
  edits.set(id, ended);
  return edit;
}

export async function createCode(fields: CodeEdit): Promise<Code> {
  const { body } = await call<Code>("POST", "/v1/dynamic", { body: fields });
  changed();
  return body;
}

export async function deleteCode(id: string, etag: string | null): Promise<void> {
  await edits.get(id);
  await call("DELETE", `/v1/dynamic/${encodeURIComponent(id)}`, { etag: newest(id, etag) });
  changed();
}

export function changed(): void {
  void cache.invalidateQueries({ queryKey: ["codes"] });
  void cache.invalidateQueries({ queryKey: ["code"] });
  void cache.invalidateQueries({ queryKey: ["tags"] });
}
