/* A shared view, as whoever has its link sees it: alone on its page, or in a frame of another site. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { ask, type Answered } from "../api/questions";
import { cache, useAnswer } from "../api/cache";
import { openSharedView, readSharedProof, type OpenedView, type SharedProof } from "../api/shared";
import { FilterBar } from "../components/filters";
import { TextField } from "../components/forms";
import { Icon } from "../components/icon";
import { SharedLive } from "../components/live";
import { PeriodBar } from "../components/period";
import { Trouble } from "../components/trouble";
import { sharedSession, sharedToken } from "../state/shared";
import { base, ownZone, view } from "../state/view";
import { fill, words } from "../text";
import { moment } from "../text/numbers";
import mark from "../assets/mark.svg";
import { Panels, Tile } from "./overview";
import { SharedReport } from "./shared-report";

// One that ends so soon after it was opened does not end by its age.
const SOON_MS = 3_000;

type State = { is: "opening" } | { is: "gone" } | { is: "locked"; problem: string } | { is: "trouble"; error: Error } | { is: "open"; shown: OpenedView };

export default function Shared() {
  const [state, setState] = useState<State>({ is: "opening" });
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const openedAt = useRef(0);
  const { share: text } = words();

  async function open(): Promise<void> {
    setBusy(true);
    try {
      const shown = await openSharedView(sharedToken ?? "", password);
      openedAt.current = Date.now();
      document.title = shown.name;
      setState({ is: "open", shown });
      // What the session before was refused.
      void cache.invalidateQueries();
    } catch (error) {
      setState(afterError(error));
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => void open(), []);
  // Sessions end after hours, or with their link: a new one tells which.
  const ended = state.is === "open" && sharedSession.value === null;
  useEffect(() => {
    if (!ended) return;
    if (Date.now() - openedAt.current < SOON_MS) setState({ is: "gone" });
    else void open();
  }, [ended]);

  if (state.is === "opening") return <div class="skeleton boot" role="status" aria-label={words().loading} />;
  if (state.is === "trouble") return <Small title={words().name}>{<Trouble error={state.error} retry={() => void open()} />}</Small>;
  if (state.is === "gone") return <Small title={text.gone}>{<p class="muted">{text.goneHint}</p>}</Small>;
  if (state.is === "locked")
    return (
      <Small title={text.locked}>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void open();
          }}
        >
          <TextField label={text.password} name="password" type="password" required value={password} change={setPassword} hint={text.lockedHint} problem={state.problem || undefined} />
          <button class="button button-primary" disabled={busy}>
            {text.enter}
          </button>
        </form>
      </Small>
    );
  return (
    <div class="shared">
      <main class="main" id="content">
        {state.shown.shows === "code" ? <SharedCode name={state.shown.name} /> : <SharedReport name={state.shown.name} />}
      </main>
      <Foot shown={state.shown} />
    </div>
  );
}

function afterError(error: unknown): State {
  const { share: text } = words();
  if (!(error instanceof ApiError) || error.status >= 500) return { is: "trouble", error: error as Error };
  if (error.status === 429) return { is: "locked", problem: text.slow };
  if (error.status === 403) return { is: "locked", problem: error.code === "wrong_password" ? text.wrong : "" };
  return { is: "gone" };
}

function Small({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="sign-in" id="content">
      <div class="card stack">
        <p class="brand">
          <img src={mark} alt="" /> {words().name}
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

/** The overview's panels. The server puts the code's filter before every question. */
function SharedCode({ name }: { name: string }) {
  const asked = base(view.value);
  const totals = useAnswer<Answered>({ key: ["totals", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans", "visitors"] }, signal), refetchMs: 30_000 });
  const range = totals.data?.query.date_range;
  const all = totals.data?.results[0];
  return (
    <>
      <header class="page-head">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <PeriodBar range={view.value.period === "all" ? undefined : range} />
      </header>
      <FilterBar />
      {totals.error && !totals.data && <Trouble error={totals.error} retry={() => void totals.refetch()} />}
      <div class="tiles">
        <SharedLive />
        {(["scans", "visitors"] as const).map((metric, at) => (
          <Tile key={metric} name={words().metrics[metric]} value={all ? Number(all.metrics[at]) : undefined} row={all} at={at} />
        ))}
      </div>
      <Panels range={range} code={undefined} />
    </>
  );
}

/** Who counted, and how far it is proven. */
function Foot({ shown }: { shown: OpenedView }) {
  const { share: text, proof } = words();
  const answer = useAnswer<SharedProof>({ key: ["shared proof"], fetch: readSharedProof, refetchMs: 60_000 });
  const verdict = answer.data?.verdict;
  const until = answer.data?.complete_until;
  return (
    <footer class="shared-foot">
      <span class="row shared-by">
        <img src={mark} alt="" width="20" height="20" /> {text.counted}
      </span>
      {verdict && (
        <span class={`badge ${verdict === "green" ? "badge-good" : verdict === "red" ? "badge-bad" : ""}`}>
          <Icon name={verdict === "green" ? "shield-check" : verdict === "red" ? "shield-x" : "shield-question-mark"} />
          {proof[verdict]}
        </span>
      )}
      {verdict === "green" && until && <span class="muted">{fill(text.provenUntil, { until: moment(until, ownZone) })}</span>}
      {shown.expires_at && <span class="muted shared-end">{fill(text.ends, { at: moment(shown.expires_at, ownZone) })}</span>}
    </footer>
  );
}
