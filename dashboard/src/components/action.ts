/* Something that changes the server: busy while it runs; its error stays until the next try. */

import { useState } from "preact/hooks";
import { cache } from "../api/cache";

export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  /** Afterwards, answers whose keys begin with `stale` are asked for again. Returns whether it succeeded. */
  async function run(work: () => Promise<unknown>, stale: readonly unknown[]): Promise<boolean> {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (problem) {
      setError(problem);
      return false;
    } finally {
      setBusy(false);
      void cache.invalidateQueries({ queryKey: stale });
    }
  }
  return { busy, error, run };
}
