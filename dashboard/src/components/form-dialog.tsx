/* A dialog with a form: its fields, the problem that none of them shows, submit and cancel. */

import type { ComponentChildren } from "preact";
import { words } from "../text";
import { Dialog } from "./dialog";
import { FormProblem } from "./forms";

interface Props {
  title: string;
  close: () => void;
  submit: () => void;
  submitLabel?: string;
  /** Busy, or not ready to be sent. */
  disabled?: boolean;
  error?: unknown;
  /** The fields that show their own problem. */
  fields?: string[];
  children: ComponentChildren;
}

export function FormDialog({ title, close, submit, submitLabel = words().save, disabled, error, fields, children }: Props) {
  return (
    <Dialog title={title} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {children}
        <FormProblem error={error} fields={fields} />
        <div class="row">
          <button class="button button-primary" disabled={disabled}>
            {submitLabel}
          </button>
          <button type="button" class="button" onClick={close}>
            {words().cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
