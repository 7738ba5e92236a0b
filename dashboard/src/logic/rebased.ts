/** A draft that began at `shown`, on what is stored now: a field that was not changed is as it is there. */
export function rebased<T extends Record<string, string>>(draft: T, shown: T, stored: T): T {
  return Object.fromEntries(Object.keys(stored).map((field) => [field, draft[field] === shown[field] ? stored[field] : draft[field]])) as T;
}
