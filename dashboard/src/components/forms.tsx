/* Fields with their label, hint and problem. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { ApiError } from "../api/client";
import { fill, words } from "../text";

interface Props {
  label: string;
  name: string;
  value: string;
  change: (value: string) => void;
  hint?: string | undefined;
  problem?: string | undefined;
  type?: "text" | "url" | "number" | "password" | "date" | "datetime-local";
  required?: boolean;
  placeholder?: string;
  mono?: boolean;
  disabled?: boolean;
  children?: ComponentChildren;
}

export function TextField({ label, name, value, change, hint, problem, type = "text", required, placeholder, mono, disabled, children }: Props) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class="row field-row">
        <input id={id} name={name} type={type as "text"} class={`input ${mono ? "mono" : ""}`} value={value} required={required} disabled={disabled} placeholder={placeholder} aria-invalid={problem !== undefined} aria-describedby={`${id}-hint`} autocomplete="off" dir="auto" onInput={(event) => change(event.currentTarget.value)} />
        {children}
      </div>
      <p id={`${id}-hint`} class={problem ? "problem" : "hint"} role={problem ? "alert" : undefined}>
        {problem ?? hint}
      </p>
    </div>
  );
}

/** What an error says of one field; of no field, what it says at all. */
export function problemOf(error: unknown, field?: string): string | undefined {
  if (error === null || error === undefined) return undefined;
  if (!(error instanceof ApiError)) return field === undefined ? words().problems.noAnswer : undefined;
  if (field !== undefined) return error.field === field ? error.message : undefined;
  return fill(words().problems.failed, { message: error.message });
}

/** What an error says of none of the `fields` that show their own problem. */
export function FormProblem({ error, fields = [] }: { error: unknown; fields?: string[] | undefined }) {
  if (error === null || error === undefined || fields.some((field) => problemOf(error, field) !== undefined)) return null;
  return (
    <p class="problem" role="alert">
      {problemOf(error)}
    </p>
  );
}
