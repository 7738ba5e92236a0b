/* Of which codes a webhook is told: one row for each filter. What rows cannot hold (and, or, not) is kept as it is. */

import { useState } from "preact/hooks";
import { Icon } from "../../components/icon";
import { dimensionLabel } from "../../components/labels";
import { words } from "../../text";
import { SelectField } from "../../components/fields";
import { TextField } from "../../components/forms";

export type Filter = [operator: string, ...unknown[]];

const DIMENSIONS = ["code", "code:tag", "code:folder", "code:domain"];

function isSimple(filter: Filter): filter is [string, string, string[]] {
  const [operator, dimension, values] = filter;
  return (operator === "is" || operator === "is_not") && typeof dimension === "string" && Array.isArray(values) && values.every((one) => typeof one === "string");
}

export function FilterRows({ filters, change, problem }: { filters: Filter[]; change: (filters: Filter[]) => void; problem: string | undefined }) {
  const { webhooks: text } = words().settings;
  const replace = (at: number, filter: Filter) => change(filters.map((one, index) => (index === at ? filter : one)));
  return (
    <fieldset class="checks settings-pieces">
      <legend class="label">{text.filters}</legend>
      {filters.map((filter, at) => (
        <div key={`${filters.length} ${at}`} class="settings-piece">
          {isSimple(filter) ? (
            <>
              <SelectField label={text.dimension} value={filter[1]} options={[...new Set([...DIMENSIONS, filter[1]])].map((one) => [one, dimensionLabel(one)])} change={(dimension) => replace(at, [filter[0], dimension, filter[2]])} />
              <SelectField label={text.operator} value={filter[0]} options={[["is", text.is], ["is_not", text.isNot]]} change={(operator) => replace(at, [operator, filter[1], filter[2]])} />
              <Values at={at} values={filter[2]} change={(values) => replace(at, [filter[0], filter[1], values])} />
            </>
          ) : (
            <p class="hint">
              {text.otherFilter} <bdi class="mono">{JSON.stringify(filter)}</bdi>
            </p>
          )}
          <button type="button" class="button button-plain" aria-label={text.removeRow} onClick={() => change(filters.filter((_, index) => index !== at))}>
            <Icon name="x" />
          </button>
        </div>
      ))}
      {filters.length > 0 && !problem && <p class="hint">{text.filtersHint}</p>}
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="row">
        <button type="button" class="button" onClick={() => change([...filters, ["is", "code:tag", [""]]])}>
          <Icon name="plus" />
          {text.addFilter}
        </button>
      </div>
    </fieldset>
  );
}

/** What is typed stays as it is typed; the values are what stands between commas. */
function Values({ at, values, change }: { at: number; values: string[]; change: (values: string[]) => void }) {
  const [typed, setTyped] = useState(values.join(", "));
  return (
    <TextField
      label={words().settings.webhooks.values}
      name={`values-${at}`}
      required
      value={typed}
      change={(text) => {
        setTyped(text);
        change(text.split(",").map((one) => one.trim()).filter(Boolean));
      }}
    />
  );
}
