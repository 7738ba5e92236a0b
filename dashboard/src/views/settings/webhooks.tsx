/* Webhooks: where events are sent, their secrets, and what became of deliveries. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { Webhook, WebhookMade, WebhookSecret } from "../../api/settings";
import { useAction } from "../../components/action";
import { Dialog } from "../../components/dialog";
import { FormProblem } from "../../components/forms";
import { Icon } from "../../components/icon";
import { isAdmin, mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { moment, whole } from "../../text/numbers";
import { Deliveries } from "./deliveries";
import { Loaded, MainButton, SecretBox, Section } from "./parts";
import { WebhookDialog } from "./webhook-dialog";

const STALE = ["webhooks"];
const BADGES: Record<Webhook["status"], string> = { active: "badge-good", paused: "badge-warn", gone: "badge-bad", failing: "badge-bad" };

export default function Webhooks() {
  const { webhooks: text, tabs } = words().settings;
  const [editing, setEditing] = useState<Webhook | "new" | null>(null);
  const [made, setMade] = useState<WebhookMade | null>(null);
  const answer = useAnswer<{ webhooks: Webhook[] }>({ key: STALE, fetch: (signal) => get("/v1/webhooks", signal) });
  const create = isAdmin() && <MainButton label={text.create} press={() => setEditing("new")} />;
  return (
    <Section title={tabs.webhooks} about={text.about} action={create}>
      <Loaded answer={answer} items={(found) => found.webhooks} none={<p>{text.none}</p>}>
        {(one) => <One key={one.id} one={one} edit={() => setEditing(one)} />}
      </Loaded>
      {editing !== null && (
        <WebhookDialog
          one={editing === "new" ? null : editing}
          close={() => setEditing(null)}
          made={(created) => {
            setEditing(null);
            setMade(created);
          }}
        />
      )}
      {made && (
        <Dialog title={text.made} close={() => setMade(null)}>
          <p>{text.secretAbout}</p>
          <SecretBox secret={made.secret} label={text.secret} />
        </Dialog>
      )}
    </Section>
  );
}

function One({ one, edit }: { one: Webhook; edit: () => void }) {
  const { webhooks: text } = words().settings;
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details class="settings-item" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <div class="settings-main">
            <strong>
              <bdi>{one.label || one.url}</bdi>
            </strong>
            <span class="row muted">
              {one.label && <bdi class="mono">{one.url}</bdi>}
              <span>{one.events.map((event) => text.eventNames[event] ?? event).join(", ")}</span>
            </span>
          </div>
          {one.pending > 0 && <span class="badge number">{fill(text.pendingNow, { n: whole(one.pending) })}</span>}
          {one.dead > 0 && <span class="badge badge-bad number">{fill(text.dead, { n: whole(one.dead) })}</span>}
          {one.dropped > 0 && <span class="badge badge-bad number">{fill(text.dropped, { n: whole(one.dropped) })}</span>}
          <span class={`badge ${BADGES[one.status]}`}>{text.status[one.status]}</span>
        </summary>
        {open && <Inside one={one} edit={edit} />}
      </details>
    </li>
  );
}

function Inside({ one, edit }: { one: Webhook; edit: () => void }) {
  const { webhooks: text } = words().settings;
  const { busy, error, run } = useAction();
  const [secret, setSecret] = useState<WebhookSecret | null>(null);
  const at = `/v1/webhooks/${one.id}`;
  const stopped = one.status !== "active";

  async function turn(status: "active" | "paused"): Promise<void> {
    await call("PATCH", at, { body: { status } });
    const back = status === "active" ? "paused" : "active";
    // A receiver that was given up is not given up by us.
    const action = one.status === "active" || one.status === "paused" ? { label: words().undo, run: () => void run(() => call("PATCH", at, { body: { status: back } }), STALE) } : undefined;
    showToast(status === "active" ? text.resumed : text.paused, action);
  }

  return (
    <div class="stack settings-inside">
      {one.problem && <p class="notice notice-bad">{one.problem}</p>}
      {one.scans_missed_at && <p class="notice notice-bad">{fill(text.missed, { at: moment(one.scans_missed_at, ownZone) })}</p>}
      <FormProblem error={error} />
      <div class="row">
        {mayWrite() && (
          <button type="button" class="button" disabled={busy} onClick={() => void run(() => call("POST", `${at}/test`, { body: { type: one.events[0] } }), STALE).then((done) => done && showToast(text.tested))}>
            <Icon name="send" />
            {text.test}
          </button>
        )}
        {isAdmin() && (
          <>
            <button type="button" class="button" onClick={edit}>
              {words().settings.edit}
            </button>
            <button type="button" class="button" disabled={busy} onClick={() => void run(() => turn(stopped ? "active" : "paused"), STALE)}>
              <Icon name={stopped ? "play" : "pause"} />
              {stopped ? text.resume : text.pause}
            </button>
            <button type="button" class="button" disabled={busy} onClick={() => void run(async () => setSecret((await call<WebhookSecret>("GET", `${at}/secret`)).body), STALE)}>
              <Icon name="key-round" />
              {text.secret}
            </button>
            <button type="button" class="button button-danger" disabled={busy} onClick={() => confirm(text.deleteSure) && void run(() => call("DELETE", at), STALE)}>
              <Icon name="trash-2" />
              {text.delete}
            </button>
          </>
        )}
      </div>
      {secret && (
        <div class="stack">
          <p class="muted">{text.secretAbout}</p>
          <SecretBox secret={secret.secret} label={text.secret} />
          {secret.former_until && <p class="muted">{fill(text.formerUntil, { until: moment(secret.former_until, ownZone) })}</p>}
          <div class="row">
            <button type="button" class="button" disabled={busy} onClick={() => confirm(text.rotateSure) && void run(async () => setSecret((await call<WebhookSecret>("POST", `${at}/secret`, { body: {} })).body), STALE)}>
              <Icon name="refresh-cw" />
              {text.rotate}
            </button>
          </div>
        </div>
      )}
      <Deliveries webhook={one.id} pending={one.pending} dead={one.dead} />
    </div>
  );
}
