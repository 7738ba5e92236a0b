/* A modal dialog: the browser's own, which keeps the focus inside and closes at Escape. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { words } from "../text";
import { Icon } from "./icon";

export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={close} onClick={(event) => event.target === element.current && element.current?.close()}>
      <div class="dialog-body">
        <div class="row dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button button-plain" aria-label={words().close} onClick={() => element.current?.close()}>
            <Icon name="x" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
