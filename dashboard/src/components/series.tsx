/* Scans over time: a line that can be brushed to a period, and its twin as a table. */

import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { look } from "../state/view";
import { theme } from "../state/theme";
import { language, words } from "../text";
import { day, whole } from "../text/numbers";

interface Props {
  labels: string[];
  scans: number[];
  before: number[] | null;
  grain: string;
}

function seconds(label: string): number {
  return Date.parse(label.length === 10 ? `${label}T00:00:00Z` : `${label.slice(0, 16)}:00Z`) / 1000;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Series({ labels, scans, before, grain }: Props) {
  const [table, setTable] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    if (table || !box.current) return;
    const place = box.current;
    const axis: uPlot.Axis = { stroke: colour("--ink-3"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const plot = new uPlot(
      {
        width: place.clientWidth,
        height: 260,
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 8 } },
        scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        axes: [
          { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((at) => shortTick(at, grain)) },
          { ...axis, size: 56, values: (_, ticks) => ticks.map((value) => (Number.isInteger(value) ? whole(value) : "")) },
        ],
        series: [
          {},
          { stroke: colour("--series-1"), width: 2, fill: colour("--series-1-soft"), points: { show: labels.length < 3 } },
          { stroke: colour("--series-2"), width: 1.5, dash: [4, 4], points: { show: false } },
        ],
        hooks: {
          setCursor: [(self) => setPointed(self.cursor.idx ?? null)],
          setSelect: [
            (self) => {
              if (self.select.width < 8) return;
              const [from, to] = [self.posToIdx(self.select.left), self.posToIdx(self.select.left + self.select.width)];
              const [first, last] = [labels[from], labels[to]];
              if (first && last) look({ period: [first.slice(0, 10), last.slice(0, 10)] });
            },
          ],
        },
      },
      [labels.map(seconds), scans, before ? labels.map((_, at) => before[at] ?? null) : labels.map(() => null)] as uPlot.AlignedData,
      place,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 260 }));
    watch.observe(place);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [table, labels, scans, before, theme.value, language.value]);
  const at = pointed !== null && pointed < labels.length ? pointed : null;
  return (
    <figure class="series">
      <figcaption class="row series-head">
        <span class="series-told number" aria-hidden="true">
          {at !== null && (
            <>
              <strong>{whole(scans[at] ?? 0)}</strong> {day(labels[at] ?? "")}
              {before && <span class="muted"> · {whole(before[at] ?? 0)}</span>}
            </>
          )}
        </span>
        <button type="button" class="button button-plain" aria-pressed={table} onClick={() => setTable(!table)}>
          {table ? words().panels.chart : words().panels.table}
        </button>
      </figcaption>
      {table ? (
        <div class="series-table" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{words().periods.label}</th>
                <th scope="col">{words().metrics.scans}</th>
                {before && <th scope="col">{words().compare.label}</th>}
              </tr>
            </thead>
            <tbody>
              {labels.map((label, index) => (
                <tr key={label}>
                  <td>{label.replace("T", " ").slice(0, 16)}</td>
                  <td class="number">{whole(scans[index] ?? 0)}</td>
                  {before && <td class="number">{whole(before[index] ?? 0)}</td>}
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

function shortTick(at: number, grain: string): string {
  const iso = new Date(at * 1000).toISOString();
  return grain === "time:hour" ? iso.slice(11, 16) : day(iso);
}
