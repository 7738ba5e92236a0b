/* The proof beside totals: a mark, and the account behind it. */

import { useState } from "preact/hooks";
import { get } from "../api/client";
import { useAnswer } from "../api/cache";
import { view } from "../state/view";
import { fill, words } from "../text";
import { day, moment, whole } from "../text/numbers";
import type { components } from "../../.build/api";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Trouble } from "./trouble";

type Proof = components["schemas"]["ProofAnswer"];

export function ProofMark({ code }: { code?: string | undefined }) {
  const [open, setOpen] = useState(false);
  const answer = useAnswer<Proof>({
    key: ["proof", code],
    fetch: (signal) => get<Proof>(code ? `/v1/dynamic/${encodeURIComponent(code)}/proof` : "/v1/proof", signal),
    refetchMs: open ? 5_000 : 60_000,
  });
  const { proof } = words();
  const verdict = answer.data?.verdict;
  const kind = verdict === "green" ? "badge-good" : verdict === "red" ? "badge-bad" : "";
  return (
    <>
      <button type="button" class={`badge proof-mark ${kind}`} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name={verdict === "green" ? "shield-check" : verdict === "red" ? "shield-x" : "shield-question-mark"} />
        {verdict === undefined ? "…" : proof[verdict]}
      </button>
      {open && (
        <Dialog title={proof.title} close={() => setOpen(false)}>
          {answer.data ? <Account found={answer.data} /> : answer.error ? <Trouble error={answer.error} retry={() => void answer.refetch()} /> : <div class="skeleton panel-skeleton" />}
        </Dialog>
      )}
    </>
  );
}

/** Undefined is not known, which is not nothing. */
function number(value: number | null | undefined): string {
  return value === null || value === undefined ? "?" : whole(value);
}

function Account({ found }: { found: Proof }) {
  const { proof, kinds } = words();
  const { zone } = view.value;
  const { scans, sources, rollups } = found;
  const others = (["bot", "preview", "prefetch"] as const).map((one) => [one, scans.by_kind[one] ?? 0] as const);
  const reached = Object.values(scans.by_kind).reduce((sum, one) => sum + (one ?? 0), 0);
  return (
    <div class="stack account">
      <div class={`notice account-verdict ${found.verdict === "red" ? "notice-bad" : found.verdict === "green" ? "notice-good" : ""}`}>
        <Icon name={found.verdict === "green" ? "shield-check" : found.verdict === "red" ? "shield-x" : "shield-question-mark"} />
        <div>
          <strong>{proof[found.verdict]}</strong>
          <p>{found.complete_until ? fill(proof.about, { until: moment(found.complete_until, zone) }) : proof.unsure}</p>
          {found.reasons.map((reason) => (
            <p key={reason}>
              <bdi>{reason}</bdi>
            </p>
          ))}
        </div>
      </div>
      <dl class="account-sum">
        <Line name={proof.given} value={number(scans.given_out)} sign="" />
        <Line name={proof.stored} value={number(scans.stored)} sign="=" />
        <Line name={proof.erased} value={number(scans.erased)} sign="+" />
        <Line name={proof.refused} value={number(scans.refused)} sign="+" />
      </dl>
      <section>
        <h3>{proof.storedAre}</h3>
        <dl class="account-sum">
          <Line name={kinds.human} value={number(scans.by_kind.human ?? 0)} sign="" />
          {others.map(([one, n]) => (
            <Line key={one} name={kinds[one]} value={number(n)} sign="+" />
          ))}
          <Line name={proof.elsewhere} value={number(scans.stored - reached)} sign="+" />
        </dl>
      </section>
      <dl class="account-facts">
        <dt>{proof.sources}</dt>
        <dd>{sources.red.length > 0 ? <strong class="problem">{fill(proof.sourcesRed, { n: sources.red.length })}</strong> : fill(proof.sourcesAre, { proven: whole(sources.proven), open: whole(sources.open) })}</dd>
        <dt>{proof.sums}</dt>
        <dd>{rollups.red.length > 0 ? <strong class="problem">{fill(proof.sumsRed, { n: rollups.red.length })}</strong> : rollups.up_to ? fill(proof.sumsAre, { day: day(rollups.up_to, "year") }) : proof.notYet}</dd>
        <dt>{proof.checked}</dt>
        <dd>{found.checked_at ? moment(found.checked_at, zone) : proof.notYet}</dd>
        {found.held_back_by.length > 0 && (
          <>
            <dt>{proof.held}</dt>
            <dd>{found.held_back_by.length}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

function Line({ name, value, sign }: { name: string; value: string; sign: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">
        {sign && <span class="muted account-sign">{sign}</span>}
        {value}
      </dd>
    </div>
  );
}
