/* The filters that hold, as sentences: turn one around, add values, remove it. */

import { useState } from "preact/hooks";
import { removeFilter, groups, setView, invertFilter, view, type Group } from "../state/view";
import { fill, words } from "../text";
import { CodeName } from "./code-name";
import { Details } from "./details";
import { Icon } from "./icon";
import { dimensionLabel, valueLabel } from "./labels";

const SHOWN = 3;

export function FilterBar({ code }: { code?: string | undefined }) {
  const [adding, setAdding] = useState<string | null>(null);
  const found = groups(view.value.filters);
  const { filters } = words();
  if (found.length === 0) return null;
  return (
    <>
      <ul class="row filter-bar">
        {found.map((group) => (
          <li key={`${group.not}${group.dimension}`} class={`filter ${group.not ? "filter-not" : ""}`}>
            <button type="button" class="filter-main" title={fill(filters.turn, { filter: dimensionLabel(group.dimension) })} onClick={() => invertFilter(group)}>
              <Sentence group={group} />
            </button>
            <button type="button" class="filter-end" aria-label={fill(filters.add, { dimension: dimensionLabel(group.dimension) })} title={fill(filters.add, { dimension: dimensionLabel(group.dimension) })} onClick={() => setAdding(group.dimension)}>
              <Icon name="plus" />
            </button>
            <button type="button" class="filter-end" aria-label={fill(filters.remove, { filter: dimensionLabel(group.dimension) })} onClick={() => removeFilter(group)}>
              <Icon name="x" />
            </button>
          </li>
        ))}
        {found.length > 1 && (
          <li>
            <button type="button" class="button button-plain" onClick={() => setView({ filters: [] })}>
              {filters.clear}
            </button>
          </li>
        )}
      </ul>
      {adding !== null && <Details dimension={adding} code={code} close={() => setAdding(null)} />}
    </>
  );
}

/** The words of the catalogue, with values in them that may have to be looked up. */
function Sentence({ group }: { group: Group }) {
  const { filters } = words();
  const [before, behind] = (group.not ? filters.isNot : filters.is).replace("{dimension}", dimensionLabel(group.dimension)).split("{value}");
  const between = (group.not ? filters.nor : filters.or).replace("{first}", "").replace("{last}", "");
  return (
    <>
      {before}
      {group.values.slice(0, SHOWN).map((value, at) => (
        <span key={value}>
          {at > 0 && between}
          <bdi class="filter-value">{group.dimension === "code" ? <CodeName id={value} /> : valueLabel(group.dimension, value)}</bdi>
        </span>
      ))}
      {group.values.length > SHOWN && ` +${group.values.length - SHOWN}`}
      {behind}
    </>
  );
}
