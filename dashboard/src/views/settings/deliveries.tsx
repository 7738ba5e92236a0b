/* What waits for a webhook, what it accepted, and what was given up. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { Deliveries as Page, Delivery } from "../../api/settings";
import { useAction } from "../../components/action";
import { FormProblem } from "../../components/forms";
import { Icon } from "../../components/icon";
import { mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { ago, moment, whole } from "../../text/numbers";
import { Loaded } from "./parts";

const LISTS = ["pending", "delivered", "dead"] as const;
const STALE = ["webhooks"];
// One page; what is more is told by the counts above.
const MOST = 100;

/** First those that need a look. */
export function Deliveries({ webhook, pending, dead }: { webhook: string; pending: number; dead: number }) {
  const { webhooks: text } = words().settings;
  const [list, setList] = useState<(typeof LISTS)[number]>(dead > 0 ? "dead" : pending > 0 ? "pending" : "delivered");
  const { busy, error, run } = useAction();
  const answer = useAnswer<Page>({ key: [...STALE, webhook, list], fetch: (signal) => get(`/v1/webhooks/${webhook}/deliveries?status=${list}&limit=${MOST}`, signal), refetchMs: 5_000 });
  return (
    <div class="stack">
      <div class="row">
        <h3 class="label">{text.deliveries}</h3>
        <div class="row" role="group" aria-label={text.deliveries}>
          {LISTS.map((one) => (
            <button key={one} type="button" class="button button-plain" aria-pressed={one === list} onClick={() => setList(one)}>
              {text.lists[one]}
            </button>
          ))}
        </div>
        {list === "dead" && mayWrite() && (answer.data?.deliveries.length ?? 0) > 0 && (
          <button type="button" class="button" disabled={busy} onClick={() => void run(() => call("POST", `/v1/webhooks/${webhook}/replay`), STALE).then((done) => done && showToast(text.replayed))}>
            {text.replayDead}
          </button>
        )}
      </div>
      <FormProblem error={error} />
      <Loaded answer={answer} items={(found) => found.deliveries} none={<p>{text.noDeliveries}</p>}>
        {(one) => <Row key={one.id} webhook={webhook} one={one} />}
      </Loaded>
    </div>
  );
}

function Row({ webhook, one }: { webhook: string; one: Delivery }) {
  const { webhooks: text } = words().settings;
  const [body, setBody] = useState<string | null | undefined>(undefined);
  const { busy, error, run } = useAction();
  const at = `/v1/webhooks/${webhook}/deliveries/${one.id}`;
  return (
    <li class="settings-row">
      <div class="settings-main">
        <span class="row">
          <strong>{text.eventNames[one.type] ?? one.type}</strong>
          {one.response_status !== null && <span class={`badge number ${one.failure ? "badge-bad" : "badge-good"}`}>{fill(text.answered, { status: one.response_status })}</span>}
          {one.failure && one.failure !== "status" && <span class="badge badge-bad">{text.failures[one.failure] ?? one.failure}</span>}
        </span>
        <span class="row muted number">
          <span>{moment(one.created_at, ownZone)}</span>
          <span>{fill(text.attempts, { n: whole(one.attempts) })}</span>
          {one.next_attempt_at && <span>{fill(text.next, { ago: ago(one.next_attempt_at) })}</span>}
          <span class="mono">{one.webhook_id}</span>
        </span>
        <FormProblem error={error} />
      </div>
      <div class="row settings-actions">
        <button type="button" class="button button-plain" aria-expanded={body !== undefined} onClick={() => (body !== undefined ? setBody(undefined) : void run(async () => setBody((await call<{ body: string | null }>("GET", at)).body.body), []))}>
          {text.body}
        </button>
        {one.status !== "delivered" && mayWrite() && (
          <button type="button" class="button" disabled={busy} onClick={() => void run(() => call("POST", `${at}/replay`), STALE).then((done) => done && showToast(text.replayed))}>
            <Icon name="refresh-cw" />
            {text.replay}
          </button>
        )}
      </div>
      {body !== undefined && (
        <pre class="settings-body settings-full mono" tabIndex={0}>
          <bdi>{body ?? text.noBody}</bdi>
        </pre>
      )}
    </li>
  );
}
