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

/** The etag says which version was seen: somebody else's change in between is not overwritten (412). */
export async function editCode(id: string, changes: CodeEdit, etag: string | null): Promise<Answer<Code>> {
  const answer = await call<Code>("PATCH", `/v1/dynamic/${encodeURIComponent(id)}`, { body: changes, etag });
  // At once: the next edit says this version, not the one before.
  cache.setQueryData(["code", id], answer);
  changed();
  return answer;
}

export async function createCode(fields: CodeEdit): Promise<Code> {
  const { body } = await call<Code>("POST", "/v1/dynamic", { body: fields });
  changed();
  return body;
}

export async function deleteCode(id: string, etag: string | null): Promise<void> {
  await call("DELETE", `/v1/dynamic/${encodeURIComponent(id)}`, { etag });
  changed();
}

export function changed(): void {
  void cache.invalidateQueries({ queryKey: ["codes"] });
  void cache.invalidateQueries({ queryKey: ["code"] });
  void cache.invalidateQueries({ queryKey: ["tags"] });
}
