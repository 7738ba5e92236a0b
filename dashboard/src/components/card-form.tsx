/* A card with a form of its own: what it holds is saved together. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { mayWrite } from "../state/session";
import { words } from "../text";
import { problemOf } from "./forms";

interface Props {
  title: string;
  about?: string;
  changed: boolean;
  busy: boolean;
  error: unknown;
  /** The fields that show their own problem. */
  fields: string[];
  locked?: boolean;
  submit: () => void;
  children: ComponentChildren;
}

export function CardForm({ title, about, changed, busy, error, fields, locked, submit, children }: Props) {
  const id = useId();
  const elsewhere = error !== null && !fields.some((field) => problemOf(error, field));
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <fieldset class="stack plain" disabled={!mayWrite() || locked || busy}>
          {about && <p class="hint">{about}</p>}
          {children}
          {elsewhere && (
            <p class="problem" role="alert">
              {problemOf(error)}
            </p>
          )}
          {mayWrite() && (
            <div class="row">
              <button class="button button-primary" disabled={!changed}>
                {words().save}
              </button>
            </div>
          )}
        </fieldset>
      </form>
    </section>
  );
}
