/* A breakdown: values by their scans, as bars that filter. */

import type { Row } from "../api/questions";
import { choose } from "../state/view";
import { fill, words } from "../text";
import { change, percent, whole } from "../text/numbers";
import { CodeName } from "./code-name";
import { Icon } from "./icon";
import { shown } from "./labels";

interface Props {
  dimension: string;
  rows: Row[];
  remainder?: Row | undefined;
}

export function Bars({ dimension, rows, remainder }: Props) {
  const most = Math.max(1, ...rows.map((row) => Number(row.metrics[0])));
  return (
    <ol class="bars">
      {rows.map((row) => {
        const value = String(row.dimensions[0]);
        const label = shown(dimension, value);
        const scans = Number(row.metrics[0]);
        return (
          <li class="bar" key={value}>
            <button class="bar-main" type="button" title={fill(words().filters.only, { value: label })} onClick={() => choose(dimension, value)}>
              <svg class="bar-fill" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 1">
                <rect width={(100 * scans) / most} height="1" />
              </svg>
              <span class="bar-label">
                <bdi>{dimension === "code" ? <CodeName id={value} /> : label}</bdi>
              </span>
              <span class="bar-number number">{whole(scans)}</span>
              <span class="bar-share number muted">{percent(Number(row.metrics[1] ?? 0), 0)}</span>
            </button>
            <button class="bar-not button button-plain" type="button" aria-label={fill(words().filters.without, { value: label })} title={fill(words().filters.without, { value: label })} onClick={() => choose(dimension, value, true)}>
              <Icon name="filter-x" />
            </button>
          </li>
        );
      })}
      {remainder && Number(remainder.metrics[0]) > 0 && (
        <li class="bar bar-rest muted">
          <span class="bar-label">{words().panels.others}</span>
          <span class="bar-number number">{whole(Number(remainder.metrics[0]))}</span>
          <span class="bar-share number">{percent(Number(remainder.metrics[1] ?? 0), 0)}</span>
        </li>
      )}
    </ol>
  );
}

export function Change({ percentage }: { percentage: number | null | undefined }) {
  if (percentage === undefined) return null;
  if (percentage === null) return <span class="change muted">{words().change.fromNothing}</span>;
  const way = percentage > 0 ? "up" : percentage < 0 ? "down" : "flat";
  return (
    <span class={`change change-${way} number`}>
      {way === "up" ? <Icon name="trending-up" /> : way === "down" ? <Icon name="trending-down" /> : null}
      {percentage === 0 ? words().change.none : change(percentage)}
    </span>
  );
}
