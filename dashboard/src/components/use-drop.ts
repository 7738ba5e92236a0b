/* An area that files are dropped on: what it listens to, and whether something is over it. */

import { useState } from "preact/hooks";

export function useDrop(take: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  return {
    class: `drop ${over ? "drop-over" : ""}`,
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      take([...(event.dataTransfer?.files ?? [])]);
    },
  };
}
