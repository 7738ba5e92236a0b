/* The answer of a shared report: a total, a series, the hours of a week, or a table with bars. */

import { useState } from "preact/hooks";
import type { Answered, Label, Row, Value } from "../api/questions";
import { changeOf } from "../api/questions";
import { useAnswer } from "../api/cache";
import { readSharedAnswer } from "../api/shared";
import { Change } from "../components/bars";
import { dimensionLabel, valueLabel } from "../components/labels";
import { Series } from "../components/series";
import { bucketLabel } from "../components/times";
import { Trouble } from "../components/trouble";
import { Week } from "../components/week";
import { ownZone } from "../state/view";
import { words } from "../text";
import { days, moment, percent, whole } from "../text/numbers";
import { Tile } from "./overview";

// A table of thousands of rows is read by few, and drawn slowly.
const STEP = 100;
const COUNTED = ["scans", "visitors"];
const DRAWN = ["time:hour", "time:day", "time:week", "time:month"];

interface Asked {
  dimensions: string[];
  metrics: string[];
  timezone: string;
}

export function SharedReport({ name }: { name: string }) {
  const answer = useAnswer<Answered>({ key: ["shared answer"], fetch: readSharedAnswer, refetchMs: 60_000 });
  const range = answer.data?.query.date_range;
  return (
    <>
      <header class="page-head">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        {range && <p class="muted">{days(range[0], range[1])}</p>}
      </header>
      {answer.data ? <Answer found={answer.data} /> : answer.error ? <Trouble error={answer.error} retry={() => void answer.refetch()} /> : <div class="skeleton series-skeleton" />}
    </>
  );
}

function Answer({ found }: { found: Answered }) {
  const asked = found.query as unknown as Asked;
  const [first] = asked.dimensions;
  const counts = asked.metrics.indexOf("scans") === 0 && asked.dimensions.length === 1;
  if (asked.dimensions.length === 0) {
    const [row] = found.results;
    const last = row?.metrics[asked.metrics.indexOf("last_scan")];
    return (
      <>
        <div class="tiles">
          {asked.metrics.map((metric, at) => COUNTED.includes(metric) && <Tile key={metric} name={metricLabel(metric)} value={Number(row?.metrics[at] ?? 0)} row={row} at={at} />)}
        </div>
        {typeof last === "string" && (
          <p class="muted">
            {metricLabel("last_scan")}: {moment(last, asked.timezone)}
          </p>
        )}
      </>
    );
  }
  if (counts && first === "time:hour_of_week") {
    const hours = Array<number>(168).fill(0);
    for (const row of found.results) hours[Number(row.dimensions[0])] = Number(row.metrics[0]);
    return (
      <section class="card">
        <Week counts={hours} />
      </section>
    );
  }
  const drawn = counts && first !== undefined && DRAWN.includes(first);
  return (
    <>
      {drawn && (
        <section class="card">
          <Series rows={found.results} grain={first} zone={asked.timezone} question={null} />
        </section>
      )}
      {/* (The series has a table of its own, of scans alone.) */}
      {!(drawn && asked.metrics.length === 1) && <Table found={found} asked={asked} bars={!drawn} />}
    </>
  );
}

function Table({ found, asked, bars }: { found: Answered; asked: Asked; bars: boolean }) {
  const [shown, setShown] = useState(STEP);
  const { panels } = words();
  const compared = found.results.some((row) => row.comparison);
  const most = Math.max(1, ...found.results.map((row) => Number(row.metrics[0]) || 0));
  if (found.results.length === 0) return <p class="card muted">{panels.none}</p>;
  return (
    <section class="card shared-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {asked.dimensions.map((one) => (
              <th key={one} scope="col">
                {one.startsWith("time:") ? words().periods.label : dimensionLabel(one)}
              </th>
            ))}
            {asked.metrics.map((one) => (
              <th key={one} scope="col" class="number">
                {metricLabel(one)}
              </th>
            ))}
            {compared && <th scope="col" class="number">{panels.change}</th>}
          </tr>
        </thead>
        <tbody>
          {found.results.slice(0, shown).map((row) => (
            <tr key={row.dimensions.join("\u0000")}>
              {row.dimensions.map((value, at) => (
                <td key={asked.dimensions[at]}>
                  <bdi>{label(asked.dimensions[at] ?? "", value, found, asked)}</bdi>
                  {bars && at === 0 && <Bar share={Number(row.metrics[0]) / most} />}
                </td>
              ))}
              <Cells row={row} asked={asked} compared={compared} />
            </tr>
          ))}
          {found.remainder && Number(found.remainder.metrics[0]) > 0 && (
            <tr class="muted">
              <td colSpan={asked.dimensions.length}>{panels.others}</td>
              <Cells row={found.remainder} asked={asked} compared={compared} />
            </tr>
          )}
        </tbody>
      </table>
      {found.results.length > shown && (
        <button type="button" class="button" onClick={() => setShown(shown + STEP)}>
          {panels.more}
        </button>
      )}
    </section>
  );
}

function Cells({ row, asked, compared }: { row: Row; asked: Asked; compared: boolean }) {
  return (
    <>
      {row.metrics.map((value, at) => (
        <td key={asked.metrics[at]} class="number">
          {metric(asked.metrics[at] ?? "", value)}
        </td>
      ))}
      {compared && <td class="number">{row.comparison && <Change percentage={changeOf(row, 0)} />}</td>}
    </>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <svg class="shared-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect width={100 * (share || 0)} height="4" />
    </svg>
  );
}

function metricLabel(name: string): string {
  return (words().share.metrics as Record<string, string>)[name] ?? name;
}

function metric(name: string, value: Value): string {
  if (value === null) return "–";
  if (name === "last_scan") return moment(String(value), ownZone);
  return name === "share" ? percent(Number(value)) : whole(Number(value));
}

function label(dimension: string, value: Label, found: Answered, asked: Asked): string {
  if (dimension === "code") {
    const code = found.meta.codes?.[String(value)];
    return code ? (code.label ?? `/${code.slug}`) : String(value).slice(0, 8);
  }
  if (DRAWN.includes(dimension)) return bucketLabel(String(value), dimension, asked.timezone);
  if (dimension === "time:15m") return moment(String(value), asked.timezone);
  return valueLabel(dimension, value);
}
