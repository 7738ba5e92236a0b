/* What was changed of a code, when and by whom; a destination can be put back. */

import { useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import { get } from "../api/client";
import type { components } from "../../.build/api";
import { Icon } from "../components/icon";
import { problemOf } from "../components/forms";
import { Trouble } from "../components/trouble";
import { useEdit, type PartProps } from "../components/use-edit";
import { valueText } from "../logic/history";
import { mayWrite } from "../state/session";
import { ownZone } from "../state/view";
import { fill, words } from "../text";
import { codeWords } from "../text/code";
import { ago, moment } from "../text/numbers";

type History = components["schemas"]["CodeHistory"];
type Made = History["edits"][number];
type Change = Made["changes"][number];

const PAGE = 30;

export default function CodeHistory(props: PartProps) {
  const { code } = props;
  const { history: text } = codeWords();
  const [limit, setLimit] = useState(PAGE);
  const answer = useAnswer<History>({ key: ["code", code.id, "history", limit, props.etag], fetch: (signal) => get(`/v1/dynamic/${encodeURIComponent(code.id)}/history?limit=${limit}`, signal) });
  const { save, busy, error } = useEdit(props);
  if (answer.error && !answer.data) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <div class="skeleton panel-skeleton" />;
  const { edits, created, next_cursor: next } = answer.data;
  const back = (change: Change) =>
    change.field === "destination" && code.type === "website" && typeof change.old === "string" && change.old !== "" && change.old !== code.destination && mayWrite() && !code.locked
      ? () => void save({ destination: change.old as string }, { destination: code.destination })
      : null;
  return (
    <section class="card stack">
      <div class="card-head">
        <h2>{text.title}</h2>
      </div>
      <p class="hint">{text.about}</p>
      {error !== null && (
        <p class="problem" role="alert">
          {problemOf(error)}
        </p>
      )}
      <ol class="history">
        {edits.map((edit) => (
          <li key={edit.at} class="history-entry">
            <Head at={edit.at} by={edit.by === null ? text.itself : fill(edit.by.session ? text.bySession : text.byKey, { name: edit.by.name })} />
            <ul class="history-changes">
              {edit.changes.map((change) => (
                <Changed key={change.field} change={change} back={back(change)} busy={busy} />
              ))}
            </ul>
          </li>
        ))}
        {next === null && (
          <li class="history-entry">
            <Head at={created.at} by={created.name === null ? "" : fill(text.byKey, { name: created.name })} />
            <p>{text.created}</p>
          </li>
        )}
      </ol>
      {next !== null && limit < 200 && (
        <div class="row">
          <button type="button" class="button" onClick={() => setLimit(200)}>
            {words().codes.more}
          </button>
        </div>
      )}
    </section>
  );
}

function Head({ at, by }: { at: string; by: string }) {
  return (
    <p class="history-head">
      <time dateTime={at} title={moment(at, ownZone)}>
        {ago(at)}
      </time>
      <span class="muted">{moment(at, ownZone)}</span>
      {by && <bdi class="muted">{by}</bdi>}
    </p>
  );
}

function shown(change: Change, value: unknown): string {
  if (typeof value === "string" && value !== "") {
    if (change.field === "starts_at" || change.field === "expires_at") return moment(value, ownZone);
    if (change.field === "status") return value === "paused" ? words().codes.paused : words().list.active;
  }
  return valueText(change.field, value, codeWords().history);
}

function Changed({ change, back, busy }: { change: Change; back: (() => void) | null; busy: boolean }) {
  const { history: text } = codeWords();
  const name = text.fields[change.field] ?? change.field;
  return (
    <li class="history-change">
      <span class="history-field">{name}</span>
      {change.kept ? (
        <span class="history-values">
          <del>
            <bdi>{shown(change, change.old)}</bdi>
          </del>
          <Icon name="arrow-right" />
          <ins>
            <bdi>{shown(change, change.new)}</bdi>
          </ins>
        </span>
      ) : (
        <span class="muted">{text.large}</span>
      )}
      {back && (
        <button type="button" class="button" disabled={busy} aria-label={fill(text.backTo, { value: String(change.old) })} onClick={back}>
          <Icon name="undo-2" />
          {text.back}
        </button>
      )}
    </li>
  );
}
