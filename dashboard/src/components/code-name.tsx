import { useEffect, useState } from "preact/hooks";
import { nameOfId } from "../api/codes";

export function CodeName({ id }: { id: string }) {
  const [name, setName] = useState("…");
  useEffect(() => {
    let current = true;
    void nameOfId(id).then((found) => current && setName(found));
    return () => {
      current = false;
    };
  }, [id]);
  return <>{name}</>;
}
