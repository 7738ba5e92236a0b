/* Moments in fields of the browser (`datetime-local`), which know no zone: they are in the reader's own. */

export function toField(iso: string | null): string {
  if (iso === null) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromField(text: string): string | null {
  return text === "" ? null : new Date(text).toISOString();
}
