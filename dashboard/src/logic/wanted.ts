/* Which codes are listed, as the address says it. The other parameters of the address stay. */

import { SORTS, type Wanted } from "../api/codes";

const NAMES = ["q", "folder", "tag", "status", "sort"] as const;

export function readWanted(search: string): Wanted {
  const parameters = new URLSearchParams(search);
  const of = (name: string) => parameters.get(name) ?? "";
  return {
    q: of("q"),
    folder: of("folder"),
    tag: of("tag"),
    status: ["active", "paused"].includes(of("status")) ? of("status") : "",
    sort: SORTS.find((one) => one === of("sort")) ?? "newest",
  };
}

export function writeWanted(search: string, wanted: Wanted): string {
  const parameters = new URLSearchParams(search);
  parameters.delete("new");
  for (const name of NAMES) {
    const value = wanted[name];
    if (value === "" || value === "newest") parameters.delete(name);
    else parameters.set(name, value);
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
