/* Fields that are chosen from: a list, a tick. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface SelectProps {
  label: string;
  name?: string;
  value: string;
  options: [value: string, title: string][];
  change: (value: string) => void;
  disabled?: boolean;
  hidden?: boolean;
  hint?: string | undefined;
}

export function SelectField({ label, name, value, options, change, disabled, hidden, hint }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label class={hidden ? "visually-hidden" : "label"} for={id}>
        {label}
      </label>
      <select id={id} class="input" name={name} value={value} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([one, title]) => (
          <option key={one} value={one}>
            {title}
          </option>
        ))}
      </select>
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

export function Check({ checked, change, disabled, name, children }: { checked: boolean; change: (checked: boolean) => void; disabled?: boolean; name?: string; children: ComponentChildren }) {
  return (
    <label class="row check">
      <input type="checkbox" name={name} checked={checked} disabled={disabled} onChange={(event) => change(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}
