/* The first page: what happened, in a period, of all codes or of those that the filters leave. */

import type { ComponentChildren } from "preact";
import { ErrorBoundary, lazy } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { ask, changeOf, type Answered, type Question } from "../api/questions";
import { cache, useAnswer } from "../api/cache";
import { Change } from "../components/bars";
import { Empty, useScanned } from "../components/empty";
import { FilterBar } from "../components/filters";
import { Icon } from "../components/icon";
import { Panel, topValues } from "../components/panel";
import { PeriodBar } from "../components/period";
import { ProofMark } from "../components/proof";
import { LazyVisible } from "../components/lazy-visible";
import { Series } from "../components/series";
import { Trouble } from "../components/trouble";
import { Week } from "../components/week";
import { Live } from "../components/live";
import { opened } from "../state/open";
import { mayWrite } from "../state/session";
import { sharedToken } from "../state/shared";
import { visibleRange } from "../state/visible-range";
import { base, daysOf, grain, view } from "../state/view";
import { fill, words } from "../text";
import { whole } from "../text/numbers";

const World = lazy(() => import("../components/world"));

// A question counts a scan two to three seconds after it happened.
const COUNTED_MS = 3_500;
const ALL_MS = 30_000;

export default function Overview() {
  return <Analytics title={words().nav.overview} />;
}

/** All panels; with a `code`, of that one alone. */
export function Analytics({ title, code }: { title: string; code?: string }) {
  const asked = base(view.value, code);
  const totals = useAnswer<Answered>({ key: ["totals", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans", "visitors"] }, signal), refetchMs: 30_000 });
  const range = totals.data?.query.date_range;
  const all = totals.data?.results[0];
  const scans = all ? Number(all.metrics[0]) : undefined;
  const scanned = useScanned(code, scans === 0);
  const came = useRenewal(scans === 0);
  useEffect(() => {
    visibleRange.value = view.value.period === "all" ? undefined : range;
    return () => void (visibleRange.value = undefined);
  }, [range?.join(), view.value.period]);
  return (
    <>
      <header class="page-head">
        {code ? <h2 class="head-2">{title}</h2> : <h1>{title}</h1>}
        <PeriodBar range={view.value.period === "all" ? undefined : range} />
        {!code && mayWrite() && (
          <button type="button" class="button button-plain save-view" aria-label={words().settings.reports.save} title={words().settings.reports.save} onClick={() => (opened.value = "save")}>
            <Icon name="bookmark-plus" />
          </button>
        )}
      </header>
      <FilterBar code={code} />
      {totals.error && !totals.data && <Trouble error={totals.error} retry={() => void totals.refetch()} />}
      <div class="tiles">
        <Live code={code} came={came} />
        <Tile name={words().metrics.scans} value={scans} row={all} at={0}>
          <ProofMark code={code} />
        </Tile>
        <Tile name={words().metrics.visitors} value={all ? Number(all.metrics[1]) : undefined} row={all} at={1} />
        {!code && <CodesInUse before={totals.data?.query.compare ?? undefined} />}
      </div>
      {scans === 0 && scanned && <Empty code={code} {...scanned} />}
      {!(scans === 0 && scanned?.times === 0) && <Panels range={range} code={code} />}
    </>
  );
}

/** The panels below the totals. */
export function Panels({ range, code }: { range: [string, string] | undefined; code: string | undefined }) {
  const all = !code && sharedToken === null;
  return (
    <>
      <section class="card">
        <Over range={range} code={code} />
      </section>
      <div class="panels">
        {all && <Panel title={words().panels.codes} dimensions={["code", "code:tag", "code:folder", "code:domain"]} />}
        <Panel title={words().panels.places} dimensions={["scan:country", "scan:region", "scan:city", "scan:language"]} code={code} />
        <Panel title={words().panels.devices} dimensions={["scan:device", "scan:os", "scan:browser", "scan:model", "scan:client"]} code={code} />
        <Panel title={words().panels.sources} dimensions={["scan:referrer_host", "scan:referrer", "scan:utm_source", "scan:utm_medium"]} code={code} />
        <Panel title={words().panels.campaigns} dimensions={["scan:utm_campaign", "scan:utm_term", "scan:utm_content"]} code={code} />
        <Panel title={words().panels.entries} dimensions={["scan:entry", "scan:placement", "scan:slug", "scan:variant"]} code={code} />
        <section class="card">
          <div class="card-head">
            <h2>{words().panels.week}</h2>
          </div>
          <LazyVisible>{() => <Hours code={code} />}</LazyVisible>
        </section>
        <section class={`card ${all ? "" : "panel-wide"}`}>
          <div class="card-head">
            <h2>{words().panels.map}</h2>
          </div>
          <LazyVisible>{() => <Countries code={code} />}</LazyVisible>
        </section>
      </div>
    </>
  );
}

function renew(keys: string[]): void {
  for (const key of keys) void cache.invalidateQueries({ queryKey: [key] });
}

/** Called for new scans: asks for the totals again once these count; for all the rest, too, but less often unless it is empty. */
function useRenewal(empty: boolean): () => void {
  const [soon, later, last] = [useRef(0), useRef(0), useRef(Date.now())];
  useEffect(
    () => () => {
      clearTimeout(soon.current);
      clearTimeout(later.current);
    },
    [],
  );
  return () => {
    soon.current ||= setTimeout(() => {
      soon.current = 0;
      renew(["totals", "series"]);
      const rest = () => {
        later.current = 0;
        last.current = Date.now();
        renew(["codes in use", "breakdown", "week", "countries"]);
      };
      if (empty) rest();
      else later.current ||= setTimeout(rest, Math.max(0, last.current + ALL_MS - Date.now())) as unknown as number;
    }, COUNTED_MS) as unknown as number;
  };
}

export function Tile({ name, value, row, at, children }: { name: string; value: number | undefined; row?: Answered["results"][0] | undefined; at: number; children?: ComponentChildren }) {
  const compared = row?.comparison;
  return (
    <Figure name={name} value={value} before={compared ? Number(compared.metrics[at] ?? 0) : undefined} change={row && changeOf(row, at)}>
      {children}
    </Figure>
  );
}

interface Figures {
  name: string;
  value: number | undefined;
  before?: number | undefined;
  change?: number | null | undefined;
  children?: ComponentChildren;
}

function Figure({ name, value, before, change, children }: Figures) {
  return (
    <section class="card tile" aria-label={name}>
      <div class="tile-head">
        <h2 class="label">{name}</h2>
        {children}
      </div>
      <p class="tile-told">
        {value === undefined ? <span class="skeleton tile-skeleton" /> : <span class={`tile-value number ${value > 999_999 ? "tile-long" : ""}`}>{whole(value)}</span>}
      </p>
      <p class="muted tile-before number">
        {value !== undefined && before !== undefined && (
          <>
            <Change percentage={change} /> {fill(words().change.before, { value: whole(before) })}
          </>
        )}
      </p>
    </section>
  );
}

function CodesInUse({ before }: { before: [string, string] | undefined }) {
  const { compare: _, ...asked } = base(view.value);
  // The panel of codes asks the same.
  const now = useAnswer<Answered>(topValues("code").asked);
  const then = { ...asked, date_range: before ?? "today" };
  const count = (signal: AbortSignal) => ask({ ...then, metrics: ["scans"], dimensions: ["code"], include: { total_rows: true }, pagination: { limit: 1 } }, signal);
  const earlier = useAnswer<Answered>({ key: ["codes in use", then], fetch: count, enabled: before !== undefined });
  const [value, was] = [now.data?.meta.total_rows, before && earlier.data?.meta.total_rows];
  return <Figure name={words().metrics.codes} value={value} before={was} change={value === undefined || was === undefined ? undefined : was === 0 ? (value === 0 ? 0 : null) : (100 * (value - was)) / was} />;
}

function Over({ range, code }: { range: [string, string] | undefined; code: string | undefined }) {
  const asked = base(view.value, code);
  // Most periods need not wait for the totals, whose answer says from when to when they are.
  const days = daysOf(view.value.period) ?? (range ? (daysOf([range[0].slice(0, 10), range[1].slice(0, 10)]) ?? 0) : 0);
  const by = grain(days);
  const question: Question = { ...asked, metrics: ["scans"], dimensions: [by], order_by: [[by, "asc"]] };
  const answer = useAnswer<Answered>({
    key: ["series", question],
    fetch: (signal) => ask({ ...question, pagination: { limit: 1000 } }, signal),
    enabled: days > 0,
  });
  if (answer.error && !answer.data) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
  const found = answer.data;
  if (!found) return <div class="skeleton series-skeleton" />;
  return <Series rows={found.results} grain={found.query.dimensions?.[0] ?? by} zone={view.value.zone} question={question} />;
}

function Hours({ code }: { code: string | undefined }) {
  const { compare: _, ...asked } = base(view.value, code);
  const answer = useAnswer<Answered>({ key: ["week", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans"], dimensions: ["time:hour_of_week"], pagination: { limit: 168 } }, signal) });
  if (!answer.data) return <div class="skeleton panel-skeleton" />;
  const counts = Array<number>(168).fill(0);
  for (const row of answer.data.results) counts[Number(row.dimensions[0])] = Number(row.metrics[0]);
  return <Week counts={counts} />;
}

function Countries({ code }: { code: string | undefined }) {
  const { compare: _, ...asked } = base(view.value, code);
  const answer = useAnswer<Answered>({ key: ["countries", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans"], dimensions: ["scan:country"], pagination: { limit: 300 } }, signal) });
  if (!answer.data) return <div class="skeleton panel-skeleton" />;
  const counts = Object.fromEntries(answer.data.results.map((row) => [String(row.dimensions[0]), Number(row.metrics[0])]));
  return (
    <ErrorBoundary>
      <World counts={counts} />
    </ErrorBoundary>
  );
}
