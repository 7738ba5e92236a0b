/* The content of a page as a form. */

import { useId } from "preact/hooks";
import { DAYS, fieldOfProblem, textOf, valueOf, written, type Field, type Form, type Json } from "../logic/page-forms";
import { codeWords } from "../text/code";
import { Check, SelectField } from "./fields";
import { TextField } from "./forms";
import { Icon } from "./icon";
import { PageFiles } from "./page-files";
import type { ContentProblem } from "./phone";

export interface FormProps {
  form: Form;
  content: Json;
  change: (content: Json) => void;
  /** Shown at its field. */
  problem: ContentProblem;
}

export function PageFields(props: FormProps) {
  const { page: text } = codeWords();
  const { form, content, problem } = props;
  const wrong = fieldOfProblem(problem?.field, form);
  const seldom = form.fields.filter((field) => field.more);
  const filled = seldom.some((field) => valueOf(content, form, field.name) !== undefined || field.name === wrong);
  const one = (field: Field) => <One key={field.name} {...props} field={field} said={problem && (wrong === field.name || (wrong === "" && field === form.fields[0])) ? shortly(problem) : undefined} />;
  return (
    <>
      <div class="page-fields">{form.fields.filter((field) => !field.more).map(one)}</div>
      {seldom.length > 0 && (
        <details open={filled}>
          <summary>{text.more}</summary>
          <div class="page-fields page-more">{seldom.map(one)}</div>
        </details>
      )}
    </>
  );
}

/** The message without the field's path: it stands at its field. */
function shortly(problem: NonNullable<ContentProblem>): string {
  return problem.message.startsWith(problem.field) ? problem.message.slice(problem.field.length).trim() : problem.message;
}

function One({ form, content, change, field, said, problem }: FormProps & { field: Field; said: string | undefined }) {
  const { page: text } = codeWords();
  const value = valueOf(content, form, field.name);
  const name = field.name || form.field;
  const label = (text.fields[name] ?? name) + (field.required ? ` ${text.required}` : "");
  const put = (next: unknown) => change(written(content, form, field.name, next));
  switch (field.kind) {
    case "text":
      return <Area label={label} name={name} value={textOf(value)} change={put} problem={said} />;
    case "number":
      return <TextField label={label} name={name} value={textOf(value)} change={(next) => put(next.trim() === "" || Number.isNaN(Number(next)) ? next : Number(next))} problem={said} />;
    case "yes":
      return (
        <Check name={name} checked={value === true} change={put}>
          {text.fields[name] ?? name}
        </Check>
      );
    case "choice":
      return <SelectField label={label} name={name} value={textOf(value)} change={put} options={[...(field.required ? [] : [["", text.none] as [string, string]]), ...(field.choices ?? []).map((choice): [string, string] => [choice, text.choices[choice] ?? choice])]} />;
    case "links":
      return <Links label={text.fields[name] ?? name} links={Array.isArray(value) ? (value as Link[]) : []} change={put} said={said} at={problem?.field ?? ""} />;
    case "hours":
      return typeof value === "string" ? <Area label={label} name={name} value={value} change={put} problem={said} /> : <Hours label={label} hours={(value ?? {}) as Record<string, string>} change={put} />;
    case "file":
    case "files":
      return <PageFiles label={text.fields[name] ?? name} accept={form.accept ?? ""} many={field.kind === "files"} value={value} change={put} problem={said} />;
    default:
      return <TextField label={label} name={name} type={field.kind === "moment" && momentary(value) ? "datetime-local" : "text"} value={field.kind === "moment" ? textOf(value).slice(0, 16) : textOf(value)} placeholder={field.kind === "url" ? "https://" : ""} change={put} problem={said} />;
  }
}

function momentary(value: unknown): boolean {
  return value === undefined || /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(textOf(value));
}

export function Area({ label, name, value, change, problem }: { label: string; name: string; value: string; change: (text: string) => void; problem?: string | undefined }) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <textarea id={id} class="input" name={name} rows={3} dir="auto" aria-invalid={problem !== undefined} aria-describedby={problem ? `${id}-problem` : undefined} value={value} onInput={(event) => change(event.currentTarget.value)} />
      {problem && (
        <p id={`${id}-problem`} class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface Link {
  id: string | number;
  title: string;
  url: string;
}

function Links({ label, links, change, said, at }: { label: string; links: Link[]; change: (links: Link[]) => void; said: string | undefined; at: string }) {
  const { page: text } = codeWords();
  const put = (index: number, part: Partial<Link>) => change(links.map((link, other) => (other === index ? { ...link, ...part } : link)));
  const wrong = /\[(\d+)\]/.exec(at)?.[1];
  const next = () => String(Math.max(0, ...links.map((link) => Number(link.id) || 0)) + 1);
  return (
    <fieldset class="plain stack page-links">
      <legend class="label">{label}</legend>
      {links.map((link, index) => (
        <div key={link.id} class="page-link">
          <input class="input" name={`link-title-${index}`} aria-label={text.linkTitle} placeholder={text.linkTitle} dir="auto" value={link.title} onInput={(event) => put(index, { title: event.currentTarget.value })} />
          <input class="input" name={`link-url-${index}`} aria-label={text.linkUrl} placeholder="https://" value={link.url} aria-invalid={wrong === String(index)} onInput={(event) => put(index, { url: event.currentTarget.value })} />
          <span class="row page-link-acts">
            <button type="button" class="button button-plain" aria-label={`${text.up}: ${link.title || index + 1}`} disabled={index === 0} onClick={() => change(swapped(links, index, index - 1))}>
              <Icon name="arrow-up" />
            </button>
            <button type="button" class="button button-plain" aria-label={`${text.remove}: ${link.title || index + 1}`} onClick={() => change(links.filter((_, other) => other !== index))}>
              <Icon name="x" />
            </button>
          </span>
          {said && wrong === String(index) && (
            <p class="problem" role="alert">
              {said}
            </p>
          )}
        </div>
      ))}
      {said && wrong === undefined && <p class="problem">{said}</p>}
      <div class="row">
        <button type="button" class="button" onClick={() => change([...links, { id: next(), title: "", url: "" }])}>
          <Icon name="plus" />
          {text.addLink}
        </button>
      </div>
    </fieldset>
  );
}

function swapped<T>(list: T[], from: number, to: number): T[] {
  const next = [...list];
  [next[from], next[to]] = [next[to] as T, next[from] as T];
  return next;
}

function Hours({ label, hours, change }: { label: string; hours: Record<string, string>; change: (hours: Record<string, string> | undefined) => void }) {
  const { page: text } = codeWords();
  const put = (day: string, value: string) => {
    const next = Object.fromEntries(Object.entries({ ...hours, [day]: value }).filter(([, said]) => said !== ""));
    change(Object.keys(next).length > 0 ? next : undefined);
  };
  return (
    <fieldset class="plain page-hours">
      <legend class="label">{label}</legend>
      {DAYS.map((day) => (
        <label key={day} class="page-hour">
          <span>{text.days[day]}</span>
          <input class="input" name={`hours-${day}`} placeholder="8:00–18:00" value={textOf(hours[day])} onInput={(event) => put(day, event.currentTarget.value)} />
        </label>
      ))}
    </fieldset>
  );
}
