/* What of an import is worth telling, and all of it as a table for a spreadsheet. */

import type { Entry } from "../api/import";

/** Entries that were skipped, and those that lost something on the way. */
export function notable(entries: Entry[]): Entry[] {
  return [...entries.filter((one) => one.outcome === "skipped"), ...entries.filter((one) => one.outcome !== "skipped" && one.left_out.length > 0)];
}

const COLUMNS = ["entry", "outcome", "slug", "aliases", "destination", "id", "reason", "left out"];

export function csvOf(entries: Entry[]): string {
  const rows = entries.map((one) => [String(one.entry), one.outcome, one.slug, one.aliases.join(" "), one.destination, one.id, one.reason, one.left_out.join("; ")]);
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** In quotes where it needs them; and none that a spreadsheet would run as a formula. */
function cell(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
