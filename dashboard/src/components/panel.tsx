/* A card with the top values of one of a few dimensions, and all of them in a dialog. */

import { useId, useState } from "preact/hooks";
import { ask, type Answered } from "../api/questions";
import { useAnswer } from "../api/cache";
import { base, view } from "../state/view";
import { words } from "../text";
import { Bars } from "./bars";
import { Details } from "./details";
import { named } from "./labels";
import { Trouble } from "./trouble";

const TOP = 8;

export function Panel({ title, dimensions, code }: { title: string; dimensions: string[]; code?: string | undefined }) {
  const [chosen, choose] = useState(dimensions[0] ?? "");
  const [open, setOpen] = useState(false);
  const id = useId();
  const asked = base(view.value, code);
  const { compare: _, ...question } = asked;
  const answer = useAnswer<Answered>({
    key: ["breakdown", chosen, question],
    fetch: (signal) =>
      ask({ ...question, metrics: ["scans", "share"], dimensions: [chosen], order_by: [["scans", "desc"]], include: chosen === "code:tag" ? {} : { remainder: true }, pagination: { limit: TOP } }, signal),
  });
  return (
    <section class="card panel" aria-labelledby={id} aria-busy={answer.isFetching}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {dimensions.length > 1 && (
          <div class="tabs" role="tablist" aria-label={title}>
            {dimensions.map((one) => (
              <button key={one} type="button" role="tab" class="button button-plain" aria-selected={one === chosen} onClick={() => choose(one)}>
                {named(one)}
              </button>
            ))}
          </div>
        )}
      </div>
      {answer.data ? (
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
      <div class="panel-foot">
        <button type="button" class="button button-plain" onClick={() => setOpen(true)} disabled={!answer.data?.results.length}>
          {words().panels.more}
        </button>
      </div>
      {open && <Details dimension={chosen} code={code} close={() => setOpen(false)} />}
    </section>
  );
}
