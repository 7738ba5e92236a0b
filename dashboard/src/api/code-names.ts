/* Names of codes of which only the id is known. Most answers bring those of the codes in their rows. */

import { get } from "./client";

export interface CodeNamed {
  label: string | null;
  slug: string;
}

const names = new Map<string, string>();
const awaited = new Map<string, Promise<string>>();

/** What a code is called: its label, else its slug. */
export function nameOf(code: CodeNamed): string {
  return code.label || `/${code.slug}`;
}

export function rememberNames(codes: Record<string, CodeNamed>): void {
  for (const [id, code] of Object.entries(codes)) names.set(id, nameOf(code));
}

export function knownName(id: string): string | undefined {
  return names.get(id);
}

/** Asks for it; the beginning of the id where the code is gone. */
export function fetchName(id: string): Promise<string> {
  let name = awaited.get(id);
  if (!name) {
    name = get<CodeNamed>(`/v1/dynamic/${encodeURIComponent(id)}`).then(nameOf, () => id.slice(0, 8));
    awaited.set(id, name);
    void name.then((found) => {
      names.set(id, found);
      awaited.delete(id);
    });
  }
  return name;
}
