/* The first page: what happened, in a period, of all codes or of those that the filters leave. */

import { ErrorBoundary, lazy } from "preact-iso";
import { ask, type Answered } from "../api/questions";
import { useAnswer } from "../api/cache";
import { Change } from "../components/bars";
import { Panel } from "../components/panel";
import { FilterBar, PeriodBar } from "../components/period";
import { Seen } from "../components/seen";
import { Series } from "../components/series";
import { Trouble } from "../components/trouble";
import { Week } from "../components/week";
import { Live } from "../components/live";
import { base, grain, view } from "../state/view";
import { fill, words } from "../text";
import { whole } from "../text/numbers";

const World = lazy(() => import("../components/world"));

export default function Overview() {
  return <Analytics title={words().nav.overview} />;
}

/** All panels; with a `code`, of that one alone. */
export function Analytics({ title, code }: { title: string; code?: string }) {
  const asked = base(view.value, code);
  const totals = useAnswer<Answered>({ key: ["totals", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans", "visitors"] }, signal), refetchMs: 30_000 });
  const codes = useAnswer<Answered>({
    key: ["codes in use", asked],
    fetch: (signal) => ask({ ...asked, metrics: ["scans"], dimensions: ["code"], include: { total_rows: true }, pagination: { limit: 1 } }, signal),
    enabled: code === undefined,
  });
  const range = totals.data?.query.date_range;
  const all = totals.data?.results[0];
  return (
    <>
      <header class="page-head">
        {code ? <h2 class="head-2">{title}</h2> : <h1>{title}</h1>}
        <Live />
        <PeriodBar range={view.value.period === "all" ? undefined : range} />
      </header>
      <FilterBar />
      {totals.error && !totals.data && <Trouble error={totals.error} retry={() => void totals.refetch()} />}
      <dl class="tiles">
        <Tile name={words().metrics.scans} value={all ? Number(all.metrics[0]) : undefined} row={all} at={0} />
        <Tile name={words().metrics.visitors} value={all ? Number(all.metrics[1]) : undefined} row={all} at={1} />
        {!code && <Tile name={words().metrics.codes} value={codes.data ? (codes.data.meta.total_rows ?? 0) : undefined} />}
      </dl>
      <section class="card">
        <Over range={range} code={code} />
      </section>
      <div class="panels">
        {!code && <Panel title={words().panels.codes} dimensions={["code", "code:tag", "code:folder"]} />}
        <Panel title={words().panels.places} dimensions={["scan:country", "scan:region", "scan:city", "scan:language"]} code={code} />
        <Panel title={words().panels.devices} dimensions={["scan:device", "scan:os", "scan:browser", "scan:model"]} code={code} />
        <Panel title={words().panels.sources} dimensions={["scan:referrer_host", "scan:utm_source", "scan:utm_medium", "scan:utm_campaign"]} code={code} />
        <Panel title={words().panels.entries} dimensions={["scan:entry", "scan:placement", "scan:slug", "scan:variant"]} code={code} />
        <section class="card">
          <div class="card-head">
            <h2>{words().panels.week}</h2>
          </div>
          <Seen>{() => <Hours code={code} />}</Seen>
        </section>
        <section class="card panel-wide">
          <div class="card-head">
            <h2>{words().panels.map}</h2>
          </div>
          <Seen>{() => <Countries code={code} />}</Seen>
        </section>
      </div>
    </>
  );
}

function Tile({ name, value, row, at }: { name: string; value: number | undefined; row?: Answered["results"][0] | undefined; at?: number }) {
  const before = at !== undefined ? row?.comparison?.metrics[at] : undefined;
  return (
    <div class="card tile">
      <dt class="label">{name}</dt>
      <dd>
        {value === undefined ? <span class="skeleton tile-skeleton" /> : <span class="tile-value number">{whole(value)}</span>}
        {at !== undefined && row?.comparison && <Change percentage={row.comparison.change[at] ?? null} />}
        {before !== undefined && <span class="muted tile-before number">{fill(words().change.before, { value: whole(Number(before)) })}</span>}
      </dd>
    </div>
  );
}

function Over({ range, code }: { range: [string, string] | undefined; code: string | undefined }) {
  const asked = base(view.value, code);
  const days = range ? (Date.parse(range[1].slice(0, 10)) - Date.parse(range[0].slice(0, 10))) / 86_400_000 + 1 : 0;
  const by = grain(days);
  const answer = useAnswer<Answered>({
    key: ["series", asked, by],
    fetch: (signal) => ask({ ...asked, metrics: ["scans"], dimensions: [by], include: { time_labels: true }, order_by: [[by, "asc"]], pagination: { limit: 1000 } }, signal),
    enabled: days > 0,
  });
  if (answer.error && !answer.data) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <div class="skeleton series-skeleton" />;
  const rows = answer.data.results;
  const labels = rows.map((row) => String(row.dimensions[0]));
  const before = rows.some((row) => row.comparison) ? rows.map((row) => Number(row.comparison?.metrics[0] ?? 0)) : null;
  return <Series labels={labels} scans={rows.map((row) => Number(row.metrics[0]))} before={before} grain={by} />;
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
