/* A card with the top values of one of a few dimensions, and all of them in a dialog. */

import { useId, useRef, useState } from "preact/hooks";
import type { Answered, Question } from "../api/questions";
import { askTogether } from "../api/together";
import { useAnswer } from "../api/cache";
import { base, setView, view } from "../state/view";
import { words } from "../text";
import { Bars } from "./bars";
import { Details } from "./details";
import { Export } from "./export";
import { dimensionLabel } from "./labels";
import { Trouble } from "./trouble";

const TOP = 6;

/** The question of the top values of a dimension; of codes also how many there are. */
export function topValues(dimension: string, code?: string | undefined) {
  const asked: Question = { ...base(view.value, code), metrics: ["scans", "share"] };
  const question: Question = { ...asked, dimensions: [dimension], order_by: [["scans", "desc"]] };
  const include = { ...(dimension !== "code:tag" && { remainder: true }), ...(dimension === "code" && { total_rows: true }) };
  const fetch = (signal: AbortSignal) => askTogether({ ...asked, include, pagination: { limit: TOP } }, dimension, signal);
  return { question, asked: { key: ["breakdown", question], fetch } };
}

export function Panel({ title, dimensions, code }: { title: string; dimensions: string[]; code?: string | undefined }) {
  const chosen = dimensions.find((one) => view.value.tabs.includes(one)) ?? dimensions[0] ?? "";
  const [open, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const { question, asked } = topValues(chosen, code);
  const answer = useAnswer<Answered>(asked);
  const stale = answer.isPlaceholderData && answer.data?.query.dimensions?.[0] !== chosen;
  const choose = (one: string) => setView({ tabs: [...view.value.tabs.filter((tab) => !dimensions.includes(tab)), ...(one === dimensions[0] ? [] : [one])] });
  // The arrows go from tab to tab, as everywhere.
  const move = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const at = (dimensions.indexOf(chosen) + by + dimensions.length) % dimensions.length;
    choose(dimensions[at] ?? "");
    (list.current?.children[at] as HTMLElement | undefined)?.focus();
  };
  return (
    <section class="card panel" aria-labelledby={id} aria-busy={answer.isFetching}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {dimensions.length > 1 && (
          <div class="tabs" role="tablist" aria-label={title} ref={list} onKeyDown={move}>
            {dimensions.map((one) => (
              <button key={one} type="button" role="tab" class="button button-plain" aria-selected={one === chosen} tabIndex={one === chosen ? 0 : -1} onClick={() => choose(one)}>
                {dimensionLabel(one)}
              </button>
            ))}
          </div>
        )}
      </div>
      <div class="panel-body">
      {answer.data && !stale ? (
        answer.data.results.length > 0 ? (
          <Bars dimension={chosen} rows={answer.data.results} remainder={answer.data.remainder} />
        ) : (
          <p class="muted panel-none">{words().panels.none}</p>
        )
      ) : answer.error ? (
        <Trouble error={answer.error} retry={() => void answer.refetch()} />
      ) : (
        <div class="skeleton panel-skeleton" />
      )}
      </div>
      <div class="row panel-foot">
        <button type="button" class="button button-plain" onClick={() => setOpen(true)} disabled={!answer.data?.results.length}>
          {words().panels.more}
        </button>
        <Export name={chosen.replace(":", "-")} question={question} />
      </div>
      {open && <Details dimension={chosen} code={code} close={() => setOpen(false)} />}
    </section>
  );
}
