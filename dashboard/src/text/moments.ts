/* Times as a field of a form has them: in the reader's own zone, to the minute. */

export function toField(iso: string | null): string {
  if (iso === null || iso === "") return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromField(text: string): string | null {
  return text === "" ? null : new Date(text).toISOString().replace(/\.\d+Z$/, "Z");
}
