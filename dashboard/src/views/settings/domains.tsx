/* Domains: add one, copy its records into the DNS, verify it. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { CheckedDomain, Domain, DomainChecks, RecordCheck } from "../../api/settings";
import { useAction } from "../../components/action";
import { FormProblem, TextField, problemOf } from "../../components/forms";
import { Icon } from "../../components/icon";
import { mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { moment } from "../../text/numbers";
import { CopyButton, Loaded, Section } from "./parts";

const STALE = ["domains"];

export default function Domains() {
  const { domains: text } = words().settings;
  const answer = useAnswer<{ domains: Domain[] }>({ key: STALE, fetch: (signal) => get("/v1/domains", signal) });
  return (
    <Section title={words().settings.tabs.domains} about={text.about}>
      {mayWrite() && <Add />}
      <Loaded answer={answer} items={(found) => found.domains} none={<p>{text.none}</p>}>
        {(domain) => <One key={domain.id} domain={domain} />}
      </Loaded>
    </Section>
  );
}

function Add() {
  const { domains: text } = words().settings;
  const [name, setName] = useState("");
  const { busy, error, run } = useAction();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run(() => call("POST", "/v1/domains", { body: { domain: name.trim() } }), STALE).then((done) => done && setName(""));
      }}
    >
      <TextField label={text.name} name="domain" required placeholder="go.example.com" value={name} change={setName} hint={text.nameHint} problem={problemOf(error, "domain") ?? problemOf(error)}>
        <button class="button button-primary" disabled={busy}>
          <Icon name="plus" />
          {text.add}
        </button>
      </TextField>
    </form>
  );
}

function One({ domain }: { domain: Domain }) {
  const { domains: text } = words().settings;
  const [checks, setChecks] = useState<DomainChecks | null>(null);
  const { busy, error, run } = useAction();

  async function verify(): Promise<void> {
    const { body } = await call<CheckedDomain>("POST", `/v1/domains/${domain.id}/verify`);
    setChecks(body.checks);
    showToast(fill(body.is_verified ? text.isVerified : text.notYet, { domain: domain.domain }));
  }

  return (
    <li>
      <details class="settings-item" open={!domain.is_verified}>
        <summary>
          <strong>
            <bdi>{domain.domain}</bdi>
          </strong>
          <State domain={domain} />
        </summary>
        <div class="stack settings-inside">
          {domain.served_until && <p class="notice notice-bad">{fill(text.servedUntil, { until: moment(domain.served_until, ownZone) })}</p>}
          {!domain.is_verified && <p>{text.records}</p>}
          <ul class="records">
            <Row type="TXT" name={domain.txt_name} value={domain.txt_value} check={checks?.txt} />
            <Row type="CNAME" name={domain.domain} value={domain.cname_target} check={checks?.cname} />
          </ul>
          <FormProblem error={error} />
          {mayWrite() && (
            <div class="row">
              <button type="button" class={`button ${domain.is_verified ? "" : "button-primary"}`} disabled={busy} onClick={() => void run(verify, STALE)}>
                <Icon name="shield-check" />
                {busy ? text.asking : domain.is_verified ? text.checkAgain : text.verify}
              </button>
              <button type="button" class="button button-danger" disabled={busy} onClick={() => confirm(fill(text.removeSure, { domain: domain.domain })) && void run(() => call("DELETE", `/v1/domains/${domain.id}`), STALE)}>
                <Icon name="trash-2" />
                {text.remove}
              </button>
            </div>
          )}
          <Pages domain={domain} />
        </div>
      </details>
    </li>
  );
}

function State({ domain }: { domain: Domain }) {
  const { domains: text } = words().settings;
  if (domain.lapsed_at) return <span class="badge badge-bad">{text.lapsed}</span>;
  if (domain.unproven_since) return <span class="badge badge-warn">{text.unproven}</span>;
  return domain.is_verified ? <span class="badge badge-good">{text.verified}</span> : <span class="badge badge-warn">{text.waiting}</span>;
}

function Row({ type, name, value, check }: { type: string; name: string; value: string; check: RecordCheck | undefined }) {
  const { domains: text } = words().settings;
  return (
    <li class="record">
      <span class="badge">{type}</span>
      <div class="record-part">
        <span class="label">{text.recordName}</span>
        <span class="row record-value">
          <bdi class="mono">{name}</bdi>
          <CopyButton text={name} label={`${type} ${text.recordName}`} />
        </span>
      </div>
      <div class="record-part">
        <span class="label">{text.recordValue}</span>
        <span class="row record-value">
          <bdi class="mono">{value}</bdi>
          <CopyButton text={value} label={`${type} ${text.recordValue}`} />
        </span>
      </div>
      {check && (
        <p class={check.ok ? "record-ok" : "problem"}>
          <Icon name={check.ok ? "check" : "circle-alert"} />
          {check.ok ? text.recordOk : check.found.length > 0 ? fill(text.recordOther, { found: check.found.join(", ") }) : fill(text.recordMissing, { problem: check.problem ?? "" })}
        </p>
      )}
    </li>
  );
}

const FIELDS = ["root_url", "root_text", "not_found_url", "not_found_text"] as const;

/** What the bare domain and unknown links show. */
function Pages({ domain }: { domain: Domain }) {
  const { domains: text } = words().settings;
  const [values, setValues] = useState(() => Object.fromEntries(FIELDS.map((field) => [field, domain[field] ?? ""])) as Record<(typeof FIELDS)[number], string>);
  const { busy, error, run } = useAction();
  return (
    <details>
      <summary class="muted">{text.pages}</summary>
      <form
        class="settings-grid settings-halves settings-inside"
        onSubmit={(event) => {
          event.preventDefault();
          const body = Object.fromEntries(FIELDS.map((field) => [field, values[field].trim() || null]));
          void run(() => call("PATCH", `/v1/domains/${domain.id}`, { body }), STALE).then((done) => done && showToast(words().settings.saved));
        }}
      >
        {FIELDS.map((field) => (
          <TextField key={field} label={text[field]} name={field} type={field.endsWith("url") ? "url" : "text"} disabled={!mayWrite()} value={values[field]} change={(value) => setValues({ ...values, [field]: value })} problem={problemOf(error, field)} />
        ))}
        <FormProblem error={error} fields={[...FIELDS]} />
        {mayWrite() && (
          <div class="row settings-wide">
            <button class="button" disabled={busy}>
              {words().save}
            </button>
          </div>
        )}
      </form>
    </details>
  );
}
