/* The name of a code, from the answers that brought it, else asked for. */

import { useEffect, useState } from "preact/hooks";
import { fetchName, knownName } from "../api/code-names";

export function CodeName({ id }: { id: string }) {
  const known = knownName(id);
  const [found, setFound] = useState<{ id: string; name: string } | null>(null);
  useEffect(() => {
    if (known !== undefined) return;
    let current = true;
    void fetchName(id).then((name) => current && setFound({ id, name }));
    return () => {
      current = false;
    };
  }, [id, known]);
  return <>{known ?? (found?.id === id ? found.name : "…")}</>;
}
