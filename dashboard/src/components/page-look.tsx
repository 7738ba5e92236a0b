/* How a page looks: a theme, and what of it is otherwise. */

import type { Json } from "../logic/page-forms";
import { codeWords } from "../text/code";
import { Check, SelectField } from "./fields";

const CHOICES = {
  theme: ["light", "dark", "ocean", "forest", "sunset", "rose", "violet", "mono"],
  layout: ["card", "cover", "plain"],
  font: ["system", "serif", "rounded", "humanist", "mono"],
  corners: ["round", "soft", "square"],
} as const;

export function PageLook({ design, change }: { design: Json | null; change: (design: Json | null) => void }) {
  const { page: text } = codeWords();
  const look = design ?? {};
  const put = (name: string, value: string) => {
    const { [name]: _, ...others } = look;
    const next = value === "" ? others : { ...others, [name]: value };
    change(Object.keys(next).length > 0 ? next : null);
  };
  const accent = typeof look["accent"] === "string" ? look["accent"] : "";
  return (
    <details class="page-look">
      <summary>{text.look}</summary>
      <div class="fields page-more">
        {(Object.keys(CHOICES) as (keyof typeof CHOICES)[]).map((name) => {
          const now = look[name];
          const own = now !== undefined && !(CHOICES[name] as readonly unknown[]).includes(now);
          return <SelectField key={name} label={text.looks[name] ?? name} name={`look-${name}`} value={own ? "own" : String(now ?? "")} change={(value) => value !== "own" && put(name, value)} options={[["", text.standard], ...CHOICES[name].map((one): [string, string] => [one, text.choices[one] ?? one]), ...(own ? [["own", text.own] as [string, string]] : [])]} />;
        })}
        <div class="field">
          <Check name="look-own-accent" checked={accent !== ""} change={(on) => put("accent", on ? "#0f5f55" : "")}>
            {text.accent}
          </Check>
          {accent !== "" && <input type="color" class="input" name="look-accent" aria-label={text.accent} value={/^#[0-9a-f]{6}$/i.test(accent) ? accent : "#0f5f55"} onInput={(event) => put("accent", event.currentTarget.value)} />}
        </div>
      </div>
    </details>
  );
}
