/* API keys: made, with the secret shown once; renamed, limited, revoked. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { Key, KeyMade, Scope } from "../../api/settings";
import { useAction } from "../../components/action";
import { Dialog } from "../../components/dialog";
import { SelectField } from "../../components/fields";
import { FormDialog } from "../../components/form-dialog";
import { FormProblem, TextField, problemOf } from "../../components/forms";
import { fromField, toField } from "../../text/moments";
import { isAdmin } from "../../state/session";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { moment } from "../../text/numbers";
import { Loaded, MainButton, NotAllowed, SecretBox, Section } from "./parts";

const STALE = ["keys"];
const FIELDS = ["name", "scope", "expires_at"];

export default function Keys() {
  const { keys: text, tabs } = words().settings;
  const [editing, setEditing] = useState<Key | "new" | null>(null);
  const answer = useAnswer<{ keys: Key[] }>({ key: STALE, fetch: (signal) => get("/v1/keys", signal), enabled: isAdmin() });
  const create = isAdmin() && <MainButton label={text.create} press={() => setEditing("new")} />;
  return (
    <Section title={tabs.keys} about={text.about} action={create}>
      {isAdmin() ? (
        <Loaded answer={answer} items={(found) => found.keys} none={<p>{text.none}</p>}>
          {(key) => <Row key={key.id} one={key} edit={() => setEditing(key)} />}
        </Loaded>
      ) : (
        <NotAllowed />
      )}
      {editing !== null && <KeyDialog one={editing === "new" ? null : editing} close={() => setEditing(null)} />}
    </Section>
  );
}

function Row({ one, edit }: { one: Key; edit: () => void }) {
  const { keys: text, scopes } = words().settings;
  const { busy, error, run } = useAction();
  const over = one.expires_at !== null && Date.parse(one.expires_at) < Date.now();
  return (
    <li class="settings-row">
      <div class="settings-main">
        <strong>
          <bdi>{one.name}</bdi>
        </strong>
        <span class="row muted">
          <span class="badge">{scopes[one.scope]}</span>
          {one.last_four && <span class="mono">…{one.last_four}</span>}
          {one.expires_at && <span class={over ? "badge badge-bad" : ""}>{fill(over ? text.expired : text.expires, { at: moment(one.expires_at, ownZone) })}</span>}
        </span>
        <FormProblem error={error} />
      </div>
      <div class="row settings-actions">
        <button type="button" class="button" onClick={edit}>
          {words().settings.edit}
        </button>
        <button type="button" class="button button-danger" disabled={busy} onClick={() => confirm(fill(text.revokeSure, { name: one.name })) && void run(() => call("DELETE", `/v1/keys/${one.id}`), STALE)}>
          {text.revoke}
        </button>
      </div>
    </li>
  );
}

function KeyDialog({ one, close }: { one: Key | null; close: () => void }) {
  const { keys: text, scopes } = words().settings;
  const [name, setName] = useState(one?.name ?? "");
  const [scope, setScope] = useState<Scope>(one?.scope ?? "write");
  const [expires, setExpires] = useState(toField(one?.expires_at ?? null));
  const [made, setMade] = useState<KeyMade | null>(null);
  const { busy, error, run } = useAction();

  async function save(): Promise<void> {
    const body = { name: name.trim(), scope, expires_at: one && expires === toField(one.expires_at) ? one.expires_at : fromField(expires) };
    if (one) await call("PATCH", `/v1/keys/${one.id}`, { body });
    else setMade((await call<KeyMade>("POST", "/v1/keys", { body })).body);
  }

  if (made) {
    return (
      <Dialog title={text.made} close={close}>
        <p>{text.once}</p>
        <SecretBox secret={made.secret} label={text.secret} />
        <div class="row">
          <button type="button" class="button button-primary" onClick={close}>
            {text.kept}
          </button>
        </div>
      </Dialog>
    );
  }
  return (
    <FormDialog title={one ? text.change : text.create} close={close} submit={() => void run(save, STALE).then((done) => done && one && close())} submitLabel={one ? words().save : text.create} disabled={busy} error={error} fields={FIELDS}>
      <TextField label={text.name} name="name" required value={name} change={setName} hint={text.nameHint} problem={problemOf(error, "name")} />
      <SelectField label={text.scope} value={scope} change={(value) => setScope(value as Scope)} options={(["read", "write", "admin"] as const).map((each) => [each, scopes[each]])} hint={text.scopeHints[scope]} />
      <TextField label={text.expiry} name="expires_at" type="datetime-local" value={expires} change={setExpires} hint={text.expiryHint} problem={problemOf(error, "expires_at")} />
    </FormDialog>
  );
}
