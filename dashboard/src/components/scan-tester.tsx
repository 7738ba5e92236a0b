/* "An iPhone in Paris on Sunday at nine leads to …", answered by the redirector's own functions while one types. */

import { useEffect, useState } from "preact/hooks";
import { ApiError, call } from "../api/client";
import type { Code } from "../api/codes";
import { DEVICES, readConditions } from "../logic/rules";
import { missed, toSend, type Answer, type Described } from "../logic/scan-test";
import { clockIn, isZone, momentIn, nextDay } from "../logic/zoned";
import { ownZone } from "../state/view";
import { fill, language, words } from "../text";
import { codeWords } from "../text/code";
import { countryName, percent } from "../text/numbers";
import { Check, SelectField } from "./fields";
import { TextField, problemOf } from "./forms";
import { Icon } from "./icon";
import { conditionText } from "./rule-sentence";

const QUIET_MS = 200;

/** The zone of the first rule that asks for a time; else the reader's. */
function zoneOf(code: Code): string {
  const named = code.rules.map((rule) => readConditions(rule.if as Record<string, unknown>)).find(({ zone, rows }) => zone && rows.some((row) => row.kind === "days" || row.kind === "hours"));
  return named && isZone(named.zone) ? named.zone : ownZone;
}

function presets(zone: string): Record<string, Partial<Described>> {
  const now = new Date();
  return {
    paris: { clock: nextDay(6, 9, zone, now), country: "FR", city: "Paris", device: "mobile", os: "iOS", browser: "Safari", language: "fr" },
    berlin: { clock: clockIn(now, zone), country: "DE", city: "Berlin", device: "mobile", os: "Android", browser: "Chrome", language: "de" },
    york: { clock: nextDay(0, 20, zone, now), country: "US", city: "New York", device: "desktop", os: "Windows", browser: "Chrome", language: "en" },
  };
}

export function ScanTester({ code }: { code: Code }) {
  const { tester: text } = codeWords();
  const { rules, values } = words();
  const zone = zoneOf(code);
  const [scan, setScan] = useState<Described>({ clock: "", zone, country: "", city: "", region: "", device: "", os: "", browser: "", language: "", query: "", passed: false, ...presets(zone)["paris"] });
  const { answer, error } = useTested(code, scan);
  const put = (change: Partial<Described>) => setScan({ ...scan, ...change });
  const field = (name: "country" | "city" | "region" | "os" | "browser" | "language" | "query", label: string, placeholder?: string) => <TextField label={label} name={`test-${name}`} value={scan[name]} {...(placeholder ? { placeholder } : {})} change={(value) => put({ [name]: value })} problem={problemOf(error, name)} />;
  return (
    <section class="card stack tester">
      <div class="card-head">
        <h2>{text.title}</h2>
        <div class="row" role="group" aria-label={text.presets}>
          {Object.entries(presets(zone)).map(([name, preset]) => (
            <button type="button" key={name} class="button" onClick={() => setScan({ ...scan, region: "", query: "", ...preset })}>
              {text.presetNames[name]}
            </button>
          ))}
        </div>
      </div>
      <p class="hint">{text.about}</p>
      <div class="fields tester-fields">
        <TextField label={fill(text.when, { zone: scan.zone })} name="test-at" type="datetime-local" value={scan.clock} change={(clock) => put({ clock })} problem={problemOf(error, "at")} />
        {field("country", rules.kinds.country, "FR")}
        {field("city", rules.kinds.city, "Paris")}
        <SelectField label={rules.kinds.device} name="test-device" value={scan.device} change={(device) => put({ device })} options={[["", text.anyDevice], ...DEVICES.map((one): [string, string] => [one, values[one] ?? one])]} />
        {field("os", rules.kinds.os, "iOS")}
        {field("language", rules.kinds.language, "fr")}
      </div>
      <details>
        <summary>{text.more}</summary>
        <div class="fields tester-fields">
          {field("region", rules.kinds.region)}
          {field("browser", rules.kinds.browser, "Safari")}
          {field("query", text.query, "table=4")}
          {code.has_password && (
            <Check name="test-passed" checked={scan.passed} change={(passed) => put({ passed })}>
              {text.passed}
            </Check>
          )}
        </div>
      </details>
      {error !== null && !(error instanceof ApiError && error.field) && <p class="problem">{problemOf(error)}</p>}
      {answer && <Result code={code} scan={scan} answer={answer} />}
    </section>
  );
}

function Result({ code, scan, answer }: { code: Code; scan: Described; answer: Answer }) {
  const { tester: text } = codeWords();
  const { rules } = words();
  const taken = answer.rules.findIndex((rule) => rule.result === "taken");
  const variant = answer.variants.find((one) => one.id === answer.variant);
  return (
    <div class="stack tester-result" aria-live="polite">
      <p class="tester-sentence">
        <bdi>{subject(scan)}</bdi> {answer.decided_by === "password" || !answer.location || answer.decided_by === "status" ? <strong>{text.shows[answer.outcome] ?? answer.outcome}</strong> : <>{text.leads} <bdi class="mono tester-to">{answer.location}</bdi></>}
      </p>
      <p class="row">
        <span class="badge badge-good">{answer.decided_by === "rule" ? fill(text.byRule, { number: taken + 1 }) : text.by[answer.decided_by]}</span>
        {variant && (
          <span class="muted">
            {fill(text.share, { key: variant.key.toUpperCase(), share: percent(variant.share) })}
          </span>
        )}
      </p>
      {answer.rules.length > 0 && (
        <ol class="tester-rules">
          {answer.rules.map((rule, at) => {
            const source = code.rules.find((one) => one.id === rule.id);
            const { rows } = readConditions((source?.if ?? {}) as Record<string, unknown>);
            return (
              <li key={rule.id} class={`row tester-rule tester-${rule.result}`}>
                <Icon name={rule.result === "taken" ? "check" : rule.result === "does_not_hold" ? "x" : "minus"} />
                <span>
                  <span class="number">{at + 1}</span>{" "}
                  {rule.result === "does_not_hold" ? <>{text.not} <bdi>{missed(rule, rows).map(conditionText).join(" · ")}</bdi></> : rule.result === "taken" ? <bdi>{rows.map(conditionText).join(" · ") || rules.always}</bdi> : text.results[rule.result]}
                </span>
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}

function subject(scan: Described): string {
  const { tester: text } = codeWords();
  const what = [scan.os, scan.browser].map((one) => one.trim()).filter(Boolean).join(", ");
  const where = [scan.city.trim(), /^[a-z]{2}$/i.test(scan.country.trim()) ? countryName(scan.country.trim().toUpperCase()) : scan.country.trim()].filter(Boolean).join(", ");
  const at = momentIn(scan.clock, scan.zone);
  const when = at && new Intl.DateTimeFormat(language.value, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone: scan.zone }).format(at);
  return [`${text.who[scan.device] ?? text.who[""] ?? ""}${what ? ` (${what})` : ""}`, where && fill(text.where, { where }), when && fill(text.at, { when })].filter(Boolean).join(" ");
}

/** Ask a moment after the last change; the last answer wins. */
function useTested(code: Code, scan: Described): { answer: Answer | null; error: unknown } {
  const [tested, setTested] = useState<{ answer: Answer | null; error: unknown }>({ answer: null, error: null });
  const sent = JSON.stringify(toSend(scan));
  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(() => {
      call<Answer>("POST", `/v1/dynamic/${encodeURIComponent(code.id)}/test`, { body: JSON.parse(sent) as unknown, signal: stop.signal }).then(
        ({ body }) => !stop.signal.aborted && setTested({ answer: body, error: null }),
        (error: unknown) => !stop.signal.aborted && setTested((now) => ({ ...now, error })),
      );
    }, QUIET_MS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [code.id, code.updated_at, JSON.stringify(code.rules), sent]);
  return tested;
}
