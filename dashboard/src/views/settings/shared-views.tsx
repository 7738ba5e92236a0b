/* Links that people without a key have: what they show, who made them, when they were last opened; revoked here. */

import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { SharedView } from "../../api/shared";
import { useAction } from "../../components/action";
import { CodeName } from "../../components/code-name";
import { FormProblem } from "../../components/forms";
import { Icon } from "../../components/icon";
import { mayWrite } from "../../state/session";
import { ownZone, viewQuery } from "../../state/view";
import { fill, words } from "../../text";
import { ago, moment } from "../../text/numbers";
import { SHARED_VIEWS } from "../share-dialog";
import { Loaded, Section } from "./parts";
import { useReports } from "./reports";

export default function SharedViews() {
  const { tabs } = words().settings;
  const { share: text } = words();
  const answer = useAnswer<{ shared_views: SharedView[] }>({ key: SHARED_VIEWS, fetch: (signal) => get("/v1/shared-views", signal) });
  return (
    <Section title={tabs.shared} about={text.about}>
      <Loaded answer={answer} items={(found) => found.shared_views} none={<p>{text.none}</p>}>
        {(one) => <Row key={one.id} one={one} />}
      </Loaded>
    </Section>
  );
}

function Row({ one }: { one: SharedView }) {
  const { share: text } = words();
  const { busy, error, run } = useAction();
  const over = one.status === "expired";
  return (
    <li class="settings-row">
      <div class="settings-main">
        <span class="row">
          <strong>
            <bdi>{one.name}</bdi>
          </strong>
          {one.has_password && (
            <span class="badge">
              <Icon name="lock" />
              {text.hasPassword}
            </span>
          )}
          {one.embeddable && <span class="badge">{text.embeddable}</span>}
          {over && <span class="badge badge-bad">{text.over}</span>}
        </span>
        <span class="row muted">
          <Of one={one} />
          <span title={moment(one.created_at, ownZone)}>{fill(text.madeBy, { key: one.created_by || text.noKey, ago: ago(one.created_at) })}</span>
          <span title={one.opened_at ? moment(one.opened_at, ownZone) : undefined}>{one.opened_at ? fill(text.opened, { ago: ago(one.opened_at) }) : text.neverOpened}</span>
          {one.expires_at && !over && <span>{fill(text.ends, { at: moment(one.expires_at, ownZone) })}</span>}
        </span>
        <FormProblem error={error} />
      </div>
      {mayWrite() && (
        <div class="row settings-actions">
          <button type="button" class="button button-danger" disabled={busy} onClick={() => (over || confirm(fill(text.revokeSure, { name: one.name }))) && void run(() => call("DELETE", `/v1/shared-views/${one.id}`), SHARED_VIEWS)}>
            {text.revoke}
          </button>
        </div>
      )}
    </li>
  );
}

function Of({ one }: { one: SharedView }) {
  const { share: text } = words();
  const reports = useReports();
  if (one.code_id)
    return (
      <a href={`/codes/${one.code_id}${viewQuery.value}`}>
        {text.ofCode} <bdi>{<CodeName id={one.code_id} />}</bdi>
      </a>
    );
  const name = reports.data?.reports.find((report) => report.id === one.report_id)?.name;
  return (
    <span>
      {text.ofReport} <bdi>{name ?? text.goneReport}</bdi>
    </span>
  );
}
