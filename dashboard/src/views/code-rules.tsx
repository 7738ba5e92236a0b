/* The rules of a code: sentences, in the order in which they are tried. */

import { useState } from "preact/hooks";
import type { CodeEdit } from "../api/codes";
import { problemOf } from "../components/forms";
import { Icon } from "../components/icon";
import { RuleDialog, type Draft } from "../components/rule-dialog";
import { RuleSentence } from "../components/rule-sentence";
import { ScanTester } from "../components/scan-tester";
import { useEdit, type PartProps } from "../components/use-edit";
import { moved, type Rule } from "../logic/rules";
import { mayWrite } from "../state/session";
import { words } from "../text";

export default function CodeRules(props: PartProps) {
  const { code } = props;
  const { rules: text } = words();
  const { save, busy, error } = useEdit(props);
  const [open, setOpen] = useState<number | "new" | null>(null);
  const write = mayWrite() && !code.locked;

  function put(rules: (Rule | Draft)[]): Promise<boolean> {
    return save({ rules } as unknown as CodeEdit, { rules: code.rules } as unknown as CodeEdit);
  }

  function done(rule: Draft): void {
    const next = open === "new" ? [...code.rules, rule] : code.rules.map((one, at) => (at === open ? rule : one));
    void put(next).then((saved) => saved && setOpen(null));
  }

  return (
    <div class="code-parts">
    <section class="card stack">
      <div class="card-head">
        <h2>{text.title}</h2>
        {write && (
          <button type="button" class="button button-primary" onClick={() => setOpen("new")}>
            <Icon name="plus" />
            {text.add}
          </button>
        )}
      </div>
      <p class="hint">{text.about}</p>
      {open === null && error !== null && (
        <p class="problem" role="alert">
          {problemOf(error)}
        </p>
      )}
      {code.rules.length === 0 ? (
        <p class="muted">{text.none}</p>
      ) : (
        <ol class="rules">
          {code.rules.map((rule, at) => (
            <li key={rule.id} class={`rule ${rule.active ? "" : "rule-off"}`}>
              <span class="rule-number number">{at + 1}</span>
              <div class="rule-text">
                {rule.label && (
                  <strong>
                    <bdi>{rule.label}</bdi>
                  </strong>
                )}
                <RuleSentence rule={rule} />
                {!rule.active && <span class="badge badge-warn">{text.off}</span>}
              </div>
              {write && (
                <div class="row rule-acts">
                  <button type="button" class="button button-plain" aria-label={`${text.up}: ${at + 1}`} title={text.up} disabled={busy || at === 0} onClick={() => void put(moved(code.rules, at, -1))}>
                    <Icon name="arrow-up" />
                  </button>
                  <button type="button" class="button button-plain" aria-label={`${text.down}: ${at + 1}`} title={text.down} disabled={busy || at === code.rules.length - 1} onClick={() => void put(moved(code.rules, at, 1))}>
                    <Icon name="arrow-down" />
                  </button>
                  <button type="button" class="button button-plain" aria-label={`${text.edit}: ${at + 1}`} title={text.edit} disabled={busy} onClick={() => setOpen(at)}>
                    <Icon name="pencil" />
                  </button>
                  <button type="button" class="button button-plain" aria-label={`${rule.active ? text.turnOff : text.turnOn}: ${at + 1}`} title={rule.active ? text.turnOff : text.turnOn} disabled={busy} onClick={() => void put(code.rules.map((one, index) => (index === at ? { ...one, active: !one.active } : one)))}>
                    <Icon name={rule.active ? "pause" : "play"} />
                  </button>
                  <button type="button" class="button button-plain" aria-label={`${words().codes.delete}: ${at + 1}`} title={words().codes.delete} disabled={busy} onClick={() => void put(code.rules.filter((_, index) => index !== at))}>
                    <Icon name="trash-2" />
                  </button>
                </div>
              )}
            </li>
          ))}
          <li class="rule rule-else">
            <span class="rule-number" aria-hidden="true" />
            <p class="rule-sentence">
              {text.otherwise} <bdi class="mono">{code.variants.some((one) => one.active) ? words().variants.title : code.destination}</bdi>
            </p>
          </li>
        </ol>
      )}
      {open !== null && <RuleDialog rule={open === "new" ? null : (code.rules[open] ?? null)} busy={busy} error={error} close={() => setOpen(null)} done={done} />}
    </section>
    <ScanTester code={code} />
    </div>
  );
}
