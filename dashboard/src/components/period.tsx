/* Period, comparison, kinds, zone: the bar above every view of scans. */

import { useState } from "preact/hooks";
import { COMPARISONS, KINDS, PERIODS, setView, view } from "../state/view";
import { words } from "../text";
import { days } from "../text/numbers";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { shifted } from "./range";
import { Zone } from "./zone";

// Periods of whole months, which are shifted by months.
const MONTHS = ["month", "12mo", "year"];

/** Look at the same length of time before or after; never at one that has not begun. */
export function shift(range: [string, string], by: 1 | -1): void {
  const { period } = view.value;
  const to = shifted(range, by, typeof period === "string" && MONTHS.includes(period) ? "months" : "days");
  if (to[0] <= new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)) setView({ period: to });
}

export function PeriodBar({ range }: { range?: [string, string] | undefined }) {
  const [choosing, setChoosing] = useState(false);
  const { periods, compare, kinds } = words();
  const now = view.value;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: now.zone }).format(new Date());
  const custom = typeof now.period !== "string";
  return (
    <div class="row period">
      {range && (
        <button type="button" class="button button-plain" aria-label={periods.earlier} title={`${periods.earlier} ([)`} onClick={() => shift(range, -1)}>
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
            if (value === "custom") {
              event.currentTarget.value = custom ? "custom" : (now.period as string);
              setChoosing(true);
            } else setView({ period: value });
          }}
        >
          {PERIODS.map((one) => (
            <option key={one} value={one}>
              {periods[one]}
            </option>
          ))}
          <option value="custom">{typeof now.period === "string" ? periods.custom : days(now.period[0], now.period[1])}</option>
        </select>
      </label>
      <button type="button" class="button button-plain" aria-label={periods.custom} title={periods.custom} onClick={() => setChoosing(true)}>
        <Icon name="calendar-days" />
      </button>
      {range && (
        <button type="button" class="button button-plain" aria-label={periods.later} title={`${periods.later} (])`} disabled={range[1].slice(0, 10) >= today} onClick={() => shift(range, 1)}>
          <Icon name="chevron-right" />
        </button>
      )}
      <label>
        <span class="visually-hidden">{compare.label}</span>
        <select class="input" value={now.compare} onChange={(event) => setView({ compare: event.currentTarget.value })}>
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
                  setView({ kinds: chosen.length > 0 ? chosen : ["human"] });
                }}
              />
              {kinds[one]}
            </label>
          ))}
        </fieldset>
      </details>
      <Zone />
      {choosing && <Choose range={range} close={() => setChoosing(false)} />}
    </div>
  );
}

function Choose({ range, close }: { range: [string, string] | undefined; close: () => void }) {
  const { periods } = words();
  // Those that are looked at, which may come after the dialog was opened, until others are chosen.
  const [chosen, choose] = useState<{ from?: string; to?: string }>({});
  const from = chosen.from ?? range?.[0].slice(0, 10) ?? "";
  const to = chosen.to ?? range?.[1].slice(0, 10) ?? "";
  return (
    <Dialog title={periods.label} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setView({ period: from <= to ? [from, to] : [to, from] });
          close();
        }}
      >
        <div class="period-days">
          <label class="field">
            <span>{periods.from}</span>
            <input class="input" type="date" required value={from} onInput={(event) => choose({ ...chosen, from: event.currentTarget.value })} />
          </label>
          <label class="field">
            <span>{periods.to}</span>
            <input class="input" type="date" required min={from} value={to} onInput={(event) => choose({ ...chosen, to: event.currentTarget.value })} />
          </label>
        </div>
        <button class="button button-primary">{periods.apply}</button>
      </form>
    </Dialog>
  );
}
