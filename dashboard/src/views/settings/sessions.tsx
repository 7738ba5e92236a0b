/* Who is signed in, and out with whom should not be. */

import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { SignedIn } from "../../api/settings";
import { useAction } from "../../components/action";
import { FormProblem } from "../../components/forms";
import { browserOf } from "../../components/agent";
import { isAdmin, signOut } from "../../state/session";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { ago, moment } from "../../text/numbers";
import { Loaded, NotAllowed, Section } from "./parts";

const STALE = ["sessions"];

export default function Sessions() {
  const { sessions: text, tabs } = words().settings;
  const answer = useAnswer<{ sessions: SignedIn[] }>({ key: STALE, fetch: (signal) => get("/v1/sessions", signal), enabled: isAdmin() });
  return (
    <Section title={tabs.sessions} about={text.about}>
      {isAdmin() ? (
        <Loaded answer={answer} items={(found) => found.sessions} none={<p>{text.none}</p>}>
          {(one) => <Row key={one.id} one={one} />}
        </Loaded>
      ) : (
        <NotAllowed />
      )}
    </Section>
  );
}

function Row({ one }: { one: SignedIn }) {
  const { sessions: text, scopes } = words().settings;
  const { busy, error, run } = useAction();
  return (
    <li class="settings-row">
      <div class="settings-main">
        <span class="row">
          <strong title={one.agent}>
            <bdi>{browserOf(one.agent) || text.unknown}</bdi>
          </strong>
          {one.current && <span class="badge badge-good">{text.current}</span>}
        </span>
        <span class="row muted">
          <bdi>{one.key_name || text.noKey}</bdi>
          {one.scope && <span class="badge">{scopes[one.scope]}</span>}
          <span title={moment(one.seen_at, ownZone)}>{fill(text.seen, { ago: ago(one.seen_at) })}</span>
          <span>{fill(text.since, { at: moment(one.created_at, ownZone) })}</span>
        </span>
        <FormProblem error={error} />
      </div>
      <div class="row settings-actions">
        <button type="button" class="button" disabled={busy} onClick={() => void (one.current ? signOut() : run(() => call("DELETE", `/v1/sessions/${one.id}`), STALE))}>
          {one.current ? words().signIn.out : text.end}
        </button>
      </div>
    </li>
  );
}
