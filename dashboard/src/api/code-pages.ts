/* The codes of a list, page by page: newest first, or by what their scans say. */

import { get } from "./client";
import { listPath, type Code, type CodePage, type Wanted } from "./codes";
import { ask, type Filter } from "./questions";
import { ownZone } from "../state/view";

const PAGE = 50;

export interface CodePageShown {
  codes: Code[];
  more: boolean;
}

/** Pages that are worth showing: of a filtered list the API's may be short, or empty, before the last. */
export async function* codePages(wanted: Wanted, signal: AbortSignal): AsyncGenerator<CodePageShown, void> {
  let codes: Code[] = [];
  for await (const page of wanted.sort === "newest" ? newest(wanted, signal) : ranked(wanted, signal)) {
    codes = [...codes, ...page.codes];
    if (page.more && codes.length < PAGE / 2) continue;
    yield { codes, more: page.more };
    codes = [];
  }
}

async function* newest(wanted: Wanted, signal: AbortSignal): AsyncGenerator<CodePageShown> {
  let cursor: string | null = null;
  do {
    const page: CodePage = await get<CodePage>(listPath(wanted, cursor, PAGE), signal);
    cursor = page.next_cursor;
    yield { codes: page.codes, more: cursor !== null };
  } while (cursor !== null);
}

/** Those with scans in the order of their scans, then the others, newest first. */
async function* ranked(wanted: Wanted, signal: AbortSignal): AsyncGenerator<CodePageShown> {
  const metric = wanted.sort === "last" ? "last_scan" : "scans";
  const filters: Filter[] = [];
  if (wanted.folder) filters.push(["is", "code:folder", [wanted.folder]]);
  if (wanted.tag) filters.push(["is", "code:tag", [wanted.tag]]);
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const answer = await ask({ metrics: [metric], date_range: "all", timezone: ownZone, dimensions: ["code"], filters, order_by: [[metric, "desc"]], pagination: { limit: PAGE, cursor } }, signal);
    const ids = answer.results.map((row) => String(row.dimensions[0]));
    for (const id of ids) seen.add(id);
    cursor = answer.meta.next_cursor ?? null;
    if (ids.length > 0) yield { codes: (await get<CodePage>(`${listPath(wanted, null, PAGE)}&${ids.map((id) => `id=${encodeURIComponent(id)}`).join("&")}`, signal)).codes, more: true };
  } while (cursor !== null);
  for await (const page of newest(wanted, signal)) yield { ...page, codes: page.codes.filter((code) => !seen.has(code.id)) };
}
