/* Many destinations changed by one pattern. */

interface Repointed<T> {
  code: T;
  before: string;
  after: string;
}

/** Null for a pattern that is no regular expression. `$1` in the replacement is the first group. */
export function pattern(find: string, regular: boolean): RegExp | null {
  try {
    return new RegExp(regular ? find : find.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gu");
  } catch {
    return null;
  }
}

/** The codes whose destination changes; those that have none of their own, or are locked, do not. */
export function repointed<T extends { destination: string; type: string; locked: boolean }>(codes: T[], find: string, replace: string, regular: boolean): Repointed<T>[] {
  const wanted = find === "" ? null : pattern(find, regular);
  if (!wanted) return [];
  return codes
    .filter((code) => code.type === "website" && !code.locked)
    .map((code) => ({ code, before: code.destination, after: regular ? code.destination.replace(wanted, replace) : code.destination.replace(wanted, () => replace) }))
    .filter((one) => one.after !== one.before);
}
