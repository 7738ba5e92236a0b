/* The designer's inputs: tiles of samples, colours, sliders. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { words } from "../text";

interface Choice {
  value: string;
  name: string;
  sample?: ComponentChildren;
}

/** One of several, as radio buttons that look like tiles. */
export function Tiles({ title, name, value, choices, change, problem }: { title: string; name: string; value: string; choices: Choice[]; change: (value: string) => void; problem?: string | undefined }) {
  return (
    <fieldset class="tiles-choice">
      <legend class="label">{title}</legend>
      <div class="tiles-row">
        {choices.map((one) => (
          <label key={one.value} class={one.sample ? "choice choice-sample" : "choice"} title={one.name}>
            <input type="radio" class="visually-hidden" name={name} value={one.value} checked={value === one.value} onChange={() => change(one.value)} />
            {one.sample}
            <span class={one.sample ? "visually-hidden" : ""}>{one.name}</span>
          </label>
        ))}
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

/** A colour, by the browser's picker or typed; `otherwise` where none is needed. */
export function Colour({ label, name, value, otherwise, change, problem }: { label: string; name: string; value: string; otherwise?: string; change: (value: string) => void; problem?: string | undefined }) {
  const id = useId();
  const picked = value || (otherwise ?? "");
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <div class="colour">
        <input type="color" aria-label={`${label}: ${words().design.pick}`} value={/^#[\da-f]{6}$/.test(picked) ? picked : "#000000"} onInput={(event) => change(event.currentTarget.value)} />
        <input id={id} name={name} class="input mono" value={value} placeholder={otherwise && words().design.automatic} maxLength={32} spellcheck={false} autocomplete="off" aria-invalid={problem !== undefined} aria-describedby={`${id}-problem`} onInput={(event) => change(event.currentTarget.value.trim().toLowerCase())} />
      </div>
      <p id={`${id}-problem`} class="problem" role={problem ? "alert" : undefined}>
        {problem}
      </p>
    </div>
  );
}

export function Slider({ label, name, value, low, high, step, shown, change, problem }: { label: string; name: string; value: number; low: number; high: number; step: number; shown: string; change: (value: number) => void; problem?: string | undefined }) {
  const id = useId();
  return (
    <div class="field">
      <div class="row slider-head">
        <label class="label" for={id}>
          {label}
        </label>
        <output class="number muted" for={id}>
          {shown}
        </output>
      </div>
      <input id={id} name={name} type="range" min={low} max={high} step={step} value={value} aria-valuetext={shown} onInput={(event) => change(Number(event.currentTarget.value))} />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

export function Switch({ label, name, on, change }: { label: string; name: string; on: boolean; change: (on: boolean) => void }) {
  return (
    <label class="row switch">
      <input type="checkbox" name={name} checked={on} onChange={(event) => change(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
