/* What the tabs of the settings are made of. */

import type { QueryObserverResult } from "@tanstack/query-core";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "../../components/icon";
import { Trouble } from "../../components/trouble";
import { showToast } from "../../state/toasts";
import { words } from "../../text";

export function Section({ title, about, action, children }: { title: string; about: string; action?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card settings-section" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      <p class="muted settings-about">{about}</p>
      {children}
    </section>
  );
}

/** What can be made here, beside the title. */
export function MainButton({ label, icon = "plus", press }: { label: string; icon?: string; press: () => void }) {
  return (
    <button type="button" class="button button-primary" onClick={press}>
      <Icon name={icon} />
      {label}
    </button>
  );
}

/** The list that an answer holds, or what is there instead of it. */
export function Loaded<T, Item>({ answer, items, none, children }: { answer: QueryObserverResult<T, Error>; items: (found: T) => Item[]; none: ComponentChildren; children: (item: Item) => ComponentChildren }) {
  if (!answer.data) {
    if (answer.error) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
    return <div class="skeleton panel-skeleton" />;
  }
  const found = items(answer.data);
  if (found.length === 0) return <div class="empty">{none}</div>;
  return <ul class="settings-list">{found.map(children)}</ul>;
}

export function NotAllowed() {
  return (
    <p class="notice">
      <Icon name="lock" />
      {words().settings.adminOnly}
    </p>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  return (
    <button type="button" class="button button-plain" aria-label={`${words().copy}: ${label}`} title={words().copy} onClick={() => void navigator.clipboard.writeText(text).then(() => showToast(words().copied))}>
      <Icon name="copy" />
    </button>
  );
}

/** What is shown once, or not to everybody. */
export function SecretBox({ secret, label }: { secret: string; label: string }) {
  return (
    <div class="row secret">
      <code class="mono" tabIndex={0}>
        {secret}
      </code>
      <CopyButton text={secret} label={label} />
    </div>
  );
}

export function Checks({ label, options, chosen, change, problem }: { label: string; options: [value: string, name: string][]; chosen: string[]; change: (chosen: string[]) => void; problem?: string | undefined }) {
  return (
    <fieldset class="checks">
      <legend class="label">{label}</legend>
      {options.map(([value, name]) => (
        <label key={value} class="row check">
          <input type="checkbox" checked={chosen.includes(value)} onChange={(event) => change(event.currentTarget.checked ? [...chosen, value] : chosen.filter((one) => one !== value))} />
          {name}
        </label>
      ))}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
