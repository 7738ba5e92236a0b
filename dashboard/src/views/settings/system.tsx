/* Whether this Waymark works: its parts, how far the scans are stored, what the audit has found. */

import { get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { Proof, System as Shape } from "../../api/settings";
import { Trouble } from "../../components/trouble";
import { isAdmin } from "../../state/session";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { ago, moment, whole } from "../../text/numbers";
import { NotAllowed, Section } from "./parts";

const BADGES = { green: "badge-good", red: "badge-bad", unknown: "badge-warn" };

export default function System() {
  const { system: text, tabs } = words().settings;
  const answer = useAnswer<Shape>({ key: ["system"], fetch: (signal) => get("/v1/system", signal), enabled: isAdmin(), refetchMs: 10_000 });
  return (
    <Section title={tabs.system} about={text.about}>
      {!isAdmin() ? <NotAllowed /> : answer.data ? <Facts found={answer.data} /> : answer.error ? <Trouble error={answer.error} retry={() => void answer.refetch()} /> : <div class="skeleton panel-skeleton" />}
    </Section>
  );
}

function Facts({ found }: { found: Shape }) {
  const { system: text } = words().settings;
  const proof = useAnswer<Proof>({ key: ["proof"], fetch: (signal) => get("/v1/proof", signal), refetchMs: 30_000 });
  return (
    <dl class="facts">
      <dt class="label">{text.parts}</dt>
      <dd>
        {found.parts.map((part) => (
          <span key={part.name} class="row">
            <span class={`badge ${part.problem === null ? "badge-good" : "badge-bad"}`}>{part.problem ?? text.works}</span>
            {text.partNames[part.name] ?? part.name}
          </span>
        ))}
      </dd>
      <dt class="label">{text.redirectors}</dt>
      <dd>
        <span class={`badge number ${found.redirectors > 0 ? "badge-good" : "badge-bad"}`}>{whole(found.redirectors)}</span>
      </dd>
      <dt class="label">{text.lag}</dt>
      <dd>
        {found.complete_until ? moment(found.complete_until, ownZone) : text.unknown}
        {found.lag_s !== null && <span class="muted number">{fill(text.behind, { seconds: whole(Math.round(found.lag_s)) })}</span>}
      </dd>
      <dt class="label">{text.audit}</dt>
      <dd>
        {proof.data ? (
          <>
            <span class={`badge ${BADGES[proof.data.verdict]}`}>{words().proof[proof.data.verdict]}</span>
            {proof.data.reasons.map((reason) => (
              <span key={reason} class="muted">
                {reason}
              </span>
            ))}
            {proof.data.checked_at && <span class="muted">{fill(text.checked, { ago: ago(proof.data.checked_at) })}</span>}
          </>
        ) : (
          "…"
        )}
      </dd>
      <dt class="label">{text.version}</dt>
      <dd>{found.version}</dd>
    </dl>
  );
}
