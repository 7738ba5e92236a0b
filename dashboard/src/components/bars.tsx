/* A breakdown: values by their scans, as bars that filter. */

import { changeOf, type Row } from "../api/questions";
import { choose, toggle, view } from "../state/view";
import { fill, words } from "../text";
import { change, share, whole } from "../text/numbers";
import { CodeName } from "./code-name";
import { Icon } from "./icon";
import { valueLabel } from "./labels";

interface Props {
  dimension: string;
  rows: Row[];
  remainder?: Row | undefined;
  /** A click chooses one more value, in place of only this one. */
  several?: boolean;
}

export function Bars({ dimension, rows, remainder, several }: Props) {
  const compared = rows.some((row) => row.comparison);
  const most = Math.max(1, ...rows.flatMap((row) => [Number(row.metrics[0]), Number(row.comparison?.metrics[0] ?? 0)]));
  const own = view.value.filters.filter((one) => one.dimension === dimension);
  const { filters } = words();
  return (
    <ol class={`bars ${compared ? "bars-compared" : ""}`}>
      {rows.map((row) => {
        const value = String(row.dimensions[0]);
        const label = dimension === "code" ? words().dimensions["code"] ?? "" : valueLabel(dimension, value);
        const scans = Number(row.metrics[0]);
        const before = row.comparison ? Number(row.comparison.metrics[0] ?? 0) : undefined;
        const mine = own.find((one) => one.value === value);
        const title = fill(several ? filters.both : mine && !mine.not ? filters.chosen : filters.only, { value: label });
        const told = before === undefined ? title : `${title} (${fill(words().panels.before, { value: whole(before) })})`;
        return (
          <li class={`bar ${mine ? (mine.not ? "bar-out" : "bar-in") : ""}`} key={value}>
            <button class="bar-main" type="button" title={told} aria-pressed={mine !== undefined} onClick={() => (several ? toggle(dimension, value) : choose(dimension, value))}>
              <svg class="bar-fill" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 10">
                <rect width={(100 * scans) / most} height="10" />
                {before !== undefined && <line x1={inside((100 * before) / most)} x2={inside((100 * before) / most)} y1="7" y2="10" />}
              </svg>
              <span class="bar-label">
                <bdi>{dimension === "code" ? <CodeName id={value} /> : label}</bdi>
              </span>
              <span class="bar-number number">{whole(scans)}</span>
              <span class="bar-share number muted">{share(Number(row.metrics[1] ?? 0))}</span>
              {compared && (
                <span class="bar-change">
                  <Change percentage={changeOf(row, 0)} />
                </span>
              )}
            </button>
            <button class="bar-not button button-plain" type="button" aria-label={fill(filters.without, { value: label })} title={fill(filters.without, { value: label })} onClick={() => choose(dimension, value, true)}>
              <Icon name="filter-x" />
            </button>
          </li>
        );
      })}
      {remainder && Number(remainder.metrics[0]) > 0 && (
        <li class="bar bar-rest muted">
          <span class="bar-label">{words().panels.others}</span>
          <span class="bar-number number">{whole(Number(remainder.metrics[0]))}</span>
          <span class="bar-share number">{share(Number(remainder.metrics[1] ?? 0))}</span>
          {compared && <span class="bar-change" />}
        </li>
      )}
    </ol>
  );
}

/** So far from both ends that the mark is seen whole. */
const inside = (x: number): number => Math.min(99.4, Math.max(0.6, x));

export function Change({ percentage }: { percentage: number | null | undefined }) {
  if (percentage === undefined) return null;
  if (percentage === null) return <span class="change muted">{words().change.fromNothing}</span>;
  const way = percentage > 0 ? "up" : percentage < 0 ? "down" : "flat";
  return (
    <span class={`change change-${way} number`}>
      {way === "up" ? <Icon name="trending-up" /> : way === "down" ? <Icon name="trending-down" /> : null}
      {percentage === 0 ? words().change.none : percentage > 999 ? `>${change(999)}` : change(percentage)}
    </span>
  );
}
