/* Values of fields of a code, as the history shows them. */

import type { CodeCatalogue } from "../text/code-en";

const LONGEST = 300;

export function valueText(field: string, value: unknown, text: CodeCatalogue["history"]): string {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0) || (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0)) return text.empty;
  if (typeof value === "boolean") return value ? text.yes : text.no;
  if (field === "rules" || field === "variants") return listed(value as { to?: string; url?: string; weight?: number; active?: boolean }[], text);
  const shown = Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}

/** Where the entries lead, with their weights. */
function listed(entries: { to?: string; url?: string; weight?: number; active?: boolean }[], text: CodeCatalogue["history"]): string {
  return entries.map((one) => `${one.to ?? one.url ?? ""}${one.weight === undefined ? "" : ` (${one.weight})`}${one.active === false ? ` (${text.off})` : ""}`).join(", ");
}
