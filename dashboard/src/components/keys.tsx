/* Keys that work everywhere but where something is typed, and the dialogs that they open. */

import { ErrorBoundary, lazy, useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { opened } from "../state/open";
import { visibleRange } from "../state/visible-range";
import { viewQuery, setView } from "../state/view";
import { closeMenus } from "./menu";
import { shift } from "./period";

const Palette = lazy(() => import("./palette"));
const SaveReport = lazy(() => import("./save-report"));
const Shortcuts = lazy(() => import("./shortcuts"));

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;
}

export function Keys() {
  const { route } = useLocation();
  // "g" begins a way to a page.
  const going = useRef(0);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape") closeMenus(event);
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey) {
        event.preventDefault();
        if (opened.value !== "palette" && !document.querySelector("dialog[open]")) opened.value = "palette";
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
      const gone = Date.now() - going.current < 1_500;
      going.current = event.key === "g" ? Date.now() : 0;
      if (gone && event.key === "o") route(`/${viewQuery.value}`);
      else if (gone && event.key === "c") route(`/codes${viewQuery.value}`);
      else if (event.key === "?") opened.value = "shortcuts";
      else if (event.key === "x") setView({ filters: [] });
      else if ((event.key === "[" || event.key === "]") && visibleRange.value) shift(visibleRange.value, event.key === "[" ? -1 : 1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    addEventListener("pointerdown", closeMenus);
    return () => {
      removeEventListener("keydown", pressed);
      removeEventListener("pointerdown", closeMenus);
    };
  }, [route]);
  return (
    <ErrorBoundary>
      {opened.value === "palette" && <Palette />}
      {opened.value === "shortcuts" && <Shortcuts />}
      {opened.value === "save" && <SaveReport />}
    </ErrorBoundary>
  );
}
