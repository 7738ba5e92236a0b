/* Period, comparison, kinds: the bar above every view of scans. */

import { useState } from "preact/hooks";
import { COMPARISONS, KINDS, PERIODS, forget, look, view } from "../state/view";
import { fill, words } from "../text";
import { day } from "../text/numbers";
import { CodeName } from "./code-name";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { sentence } from "./labels";
import { shifted } from "./range";

export function PeriodBar({ range }: { range?: [string, string] | undefined }) {
  const [choosing, setChoosing] = useState(false);
  const { periods, compare, kinds } = words();
  const now = view.value;
  const custom = typeof now.period !== "string";
  return (
    <div class="row period">
      {range && (
        <button type="button" class="button button-plain" aria-label={periods.earlier} onClick={() => look({ period: shifted(range, -1) })}>
          <Icon name="chevron-left" />
        </button>
      )}
      <label>
        <span class="visually-hidden">{periods.label}</span>
        <select
          class="input"
          value={custom ? "custom" : (now.period as string)}
          onChange={(event) => {
            const value = event.currentTarget.value;
            if (value === "custom") setChoosing(true);
            else look({ period: value });
          }}
        >
          {PERIODS.map((one) => (
            <option key={one} value={one}>
              {periods[one]}
            </option>
          ))}
          <option value="custom">{typeof now.period === "string" ? periods.custom : `${day(now.period[0])} – ${day(now.period[1])}`}</option>
        </select>
      </label>
      {range && (
        <button type="button" class="button button-plain" aria-label={periods.later} onClick={() => look({ period: shifted(range, 1) })}>
          <Icon name="chevron-right" />
        </button>
      )}
      <label>
        <span class="visually-hidden">{compare.label}</span>
        <select class="input" value={now.compare} onChange={(event) => look({ compare: event.currentTarget.value })}>
          {[...COMPARISONS, "none" as const].map((one) => (
            <option key={one} value={one}>
              {compare[one]}
            </option>
          ))}
        </select>
      </label>
      <details class="menu">
        <summary class="button">
          <Icon name="users" />
          {now.kinds.map((one) => (kinds as Record<string, string>)[one]).join(", ")}
        </summary>
        <fieldset class="menu-body">
          <legend class="visually-hidden">{kinds.label}</legend>
          {KINDS.map((one) => (
            <label key={one} class="row">
              <input
                type="checkbox"
                checked={now.kinds.includes(one)}
                onChange={() => {
                  const chosen = KINDS.filter((kind) => (kind === one) !== now.kinds.includes(kind));
                  look({ kinds: chosen.length > 0 ? chosen : ["human"] });
                }}
              />
              {kinds[one]}
            </label>
          ))}
        </fieldset>
      </details>
      {choosing && <Choose range={range} close={() => setChoosing(false)} />}
    </div>
  );
}

function Choose({ range, close }: { range: [string, string] | undefined; close: () => void }) {
  const { periods } = words();
  const [from, setFrom] = useState(range?.[0].slice(0, 10) ?? "");
  const [to, setTo] = useState(range?.[1].slice(0, 10) ?? "");
  return (
    <Dialog title={periods.label} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          look({ period: from <= to ? [from, to] : [to, from] });
          close();
        }}
      >
        <div class="row">
          <label class="field">
            <span>{periods.from}</span>
            <input class="input" type="date" required value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>{periods.to}</span>
            <input class="input" type="date" required value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          </label>
        </div>
        <button class="button button-primary">{periods.apply}</button>
      </form>
    </Dialog>
  );
}

export function FilterBar() {
  const { filters } = view.value;
  if (filters.length === 0) return null;
  return (
    <ul class="row filter-bar">
      {filters.map((one) => (
        <li key={`${one.not}${one.dimension}${one.value}`}>
          <button type="button" class={`badge filter ${one.not ? "badge-warn" : ""}`} onClick={() => forget(one)} aria-label={`${words().filters.remove}: ${sentence(one.dimension, one.value, one.not)}`}>
            <bdi>{one.dimension === "code" ? <>{words().dimensions["code"]}: {one.not ? "≠ " : ""}<CodeName id={one.value} /></> : sentence(one.dimension, one.value, one.not)}</bdi>
            <Icon name="x" />
          </button>
        </li>
      ))}
      {filters.length > 1 && (
        <li>
          <button type="button" class="button button-plain" onClick={() => look({ filters: [] })}>
            {fill(words().filters.clear, {})}
          </button>
        </li>
      )}
    </ul>
  );
}
