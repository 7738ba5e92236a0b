/* Scans over time: a line that can be brushed to a period, and its twin as a table. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Question, Row } from "../api/questions";
import { setView, view } from "../state/view";
import { theme } from "../state/theme";
import { language, words } from "../text";
import { days, whole } from "../text/numbers";
import { Change } from "./bars";
import { Export } from "./export";
import { axisZone, bucketLabel, lastDay, axisSeconds, once, tickLabel } from "./times";

interface Props {
  rows: Row[];
  grain: string;
  zone: string;
  question: Question | null;
}

const HEIGHT = 260;
// There are no parts of scans.
const STEPS = Array.from({ length: 12 }, (_, at) => [1, 2, 5].map((digit) => digit * 10 ** at)).flat();

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Series({ rows, grain, zone, question }: Props) {
  const [table, setTable] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const dark = useDark();
  const labels = useMemo(() => rows.map((row) => String(row.dimensions[0])), [rows]);
  const scans = useMemo(() => rows.map((row) => Number(row.metrics[0])), [rows]);
  const before = useMemo(() => (rows.some((row) => row.comparison) ? rows.map((row) => Number(row.comparison?.metrics[0] ?? 0)) : null), [rows]);
  const earlier = useMemo(() => (before ? earlierDays(rows) : null), [rows, before]);
  // Hours of today that have not come yet are no zeros.
  const come = useMemo(() => (grain === "time:hour" ? labels.filter((label) => axisSeconds(label) <= Date.now() / 1000).length : labels.length), [rows, grain]);
  // A day, week or month that is not over yet: its line is dotted.
  const running = useMemo(() => grain !== "time:hour" && labels.length > 2 && axisSeconds(lastDay(labels.at(-1) ?? "", grain)) + 86_400 > Date.now() / 1000, [rows, grain]);
  const data = useMemo(() => {
    const over = running ? come - 1 : come;
    const soFar = scans.map((n, at) => (running && at >= over - 1 ? n : null));
    return [labels.map(axisSeconds), scans.map((n, at) => (at < over ? n : null)), before ?? labels.map(() => null), soFar] as uPlot.AlignedData;
  }, [labels, scans, before, come, running]);
  // What the plot's hooks see is always the newest.
  const now = useRef({ labels, grain });
  now.current = { labels, grain };
  const few = labels.length < 3;

  useEffect(() => {
    if (table || !box.current) return;
    const home = box.current;
    const axis: uPlot.Axis = { stroke: colour("--ink-3"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const made = new uPlot(
      {
        width: home.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), axisZone(grain, zone)),
        axes: [
          { ...axis, grid: { show: false }, size: 32, space: 64, values: (_, ticks) => once(ticks.map((at) => tickLabel(at, grain, axisZone(grain, zone)))) },
          { ...axis, size: 56, incrs: STEPS, values: (_, ticks) => ticks.map(whole) },
        ],
        series: [
          {},
          { stroke: colour("--series-1"), width: 2, fill: colour("--series-1-soft"), points: { show: few } },
          { stroke: colour("--series-2"), width: 1.5, dash: [4, 4], points: { show: false } },
          { stroke: colour("--series-1"), width: 2, dash: [2, 4], points: { show: false } },
        ],
        hooks: {
          setCursor: [(self) => setPointed(self.cursor.idx ?? null)],
          setSelect: [
            (self) => {
              if (self.select.width < 8) return;
              const seen = now.current;
              const [from, to] = [self.posToIdx(self.select.left), self.posToIdx(self.select.left + self.select.width)];
              const [first, last] = [seen.labels[from], seen.labels[to]];
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
              if (first && last) setView({ period: [first.slice(0, 10), lastDay(last, seen.grain)] });
            },
          ],
        },
      },
      data,
      home,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: home.clientWidth, height: HEIGHT }));
    watch.observe(home);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [table, grain, zone, few, dark, theme.value, language.value]);
  useEffect(() => plot.current?.setData(data), [data]);

  async function drawing(): Promise<string> {
    const { chartSvg } = await import("./drawing");
    const colours = { ground: colour("--surface"), ink: colour("--ink-2"), line: colour("--line"), series: colour("--series-1"), before: colour("--series-2") };
    const [first, last] = [labels[0] ?? "", labels.at(-1) ?? ""];
    const title = `${words().metrics.scans}, ${bucketLabel(first, grain, zone)} – ${bucketLabel(last, grain, zone)}`;
    return chartSvg({ title, ticks: labels.map((label) => tickLabel(axisSeconds(label), grain, axisZone(grain, zone))), values: scans.slice(0, come), before, colours, number: whole });
  }

  const at = pointed !== null && pointed < rows.length ? pointed : null;
  const row = at === null ? undefined : rows[at];
  return (
    <figure class="series">
      <figcaption class="row series-head">
        <h2>{words().panels.series}</h2>
        <span class="series-told number" aria-hidden="true">
          {row === undefined && before && earlier && (
            <span class="legends">
              <span class="legend">{days(labels[0] ?? "", lastDay(labels.at(-1) ?? "", grain))}</span>
              <span class="legend legend-before muted">{days(earlier[0], lastDay(earlier[1], grain))}</span>
            </span>
          )}
          {row && (
            <>
              {bucketLabel(String(row.dimensions[0]), grain, zone)}: <strong>{whole(Number(row.metrics[0]))}</strong>
              {row.comparison && (
                <>
                  <span class="muted" title={bucketLabel(String(row.comparison.dimensions[0]), grain, zone)}>
                    {" "}
                    · {bucketLabel(String(row.comparison.dimensions[0]), grain, zone)}: {whole(Number(row.comparison.metrics[0] ?? 0))}
                  </span>{" "}
                  <Change percentage={row.comparison.change[0]} />
                </>
              )}
            </>
          )}
        </span>
        <button type="button" class="button button-plain" aria-pressed={table} onClick={() => setTable(!table)}>
          {table ? words().panels.chart : words().panels.table}
        </button>
        <Export name="series" question={question} drawing={drawing} />
      </figcaption>
      {table ? (
        <div class="series-table" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words().periods.label}</th>
                <th scope="col">{words().metrics.scans}</th>
                {before && <th scope="col">{comparedWith()}</th>}
                {before && <th scope="col">{words().panels.change}</th>}
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.dimensions[0]}>
                  <td>{bucketLabel(String(one.dimensions[0]), grain, zone)}</td>
                  <td class="number">{whole(Number(one.metrics[0]))}</td>
                  {before && <td class="number">{whole(Number(one.comparison?.metrics[0] ?? 0))}</td>}
                  {before && <td class="number">{one.comparison && <Change percentage={one.comparison.change[0]} />}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div class="series-plot" ref={box} role="img" aria-label={words().panels.series} />
      )}
    </figure>
  );
}

/** What the numbers before are: those of the period before, or of a year ago. */
function comparedWith(): string {
  const { compare } = words();
  return view.value.compare === "year_over_year" ? compare.year_over_year : compare.previous_period;
}

/** The first and the last day, week or month that the rows are compared with. */
function earlierDays(rows: Row[]): [string, string] | null {
  const found = rows.flatMap((row) => (row.comparison ? [String(row.comparison.dimensions[0])] : []));
  const [first, last] = [found[0], found.at(-1)];
  return first && last ? [first, last] : null;
}

/** Whether the system is dark: colours of a canvas do not change by themselves. */
function useDark(): boolean {
  const query = useMemo(() => matchMedia("(prefers-color-scheme: dark)"), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const told = () => setDark(query.matches);
    query.addEventListener("change", told);
    return () => query.removeEventListener("change", told);
  }, [query]);
  return dark;
}
