/* All values of a dimension: searchable, page by page. */

import { useEffect, useState } from "preact/hooks";
import { ask, type Answered, type Row } from "../api/questions";
import { base, view } from "../state/view";
import { words } from "../text";
import { Bars } from "./bars";
import { Dialog } from "./dialog";
import { dimensionLabel } from "./labels";
import { Trouble } from "./trouble";

const PAGE = 50;

export function Details({ dimension, code, close }: { dimension: string; code: string | undefined; close: () => void }) {
  const [search, setSearch] = useState("");
  const [rows, setRows] = useState<Row[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [state, setState] = useState<"loading" | "idle" | Error>("loading");
  // All values, also when some of them are chosen: here more can be.
  const question = base(view.value, code, dimension);

  async function load(after: string | null, signal: AbortSignal): Promise<void> {
    setState("loading");
    const filters = search === "" ? question.filters : [...(question.filters ?? []), ["contains", dimension, [search]]];
    try {
      const found: Answered = await ask(
        { ...question, filters: filters ?? [], metrics: ["scans", "share"], dimensions: [dimension], order_by: [["scans", "desc"]], pagination: { limit: PAGE, cursor: after } },
        signal,
      );
      setRows((before) => (after === null ? found.results : [...before, ...found.results]));
      setCursor(found.meta.next_cursor ?? null);
      setState("idle");
    } catch (error) {
      if (!signal.aborted) setState(error as Error);
    }
  }

  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(() => void load(null, stop.signal), search === "" ? 0 : 200);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [search, dimension, JSON.stringify(question)]);

  return (
    <Dialog title={dimensionLabel(dimension)} close={close}>
      <label class="field">
        <span>{words().panels.search}</span>
        <input class="input" type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      </label>
      <div class="details-rows" tabIndex={0}>
        <Bars dimension={dimension} rows={rows} several />
        {state instanceof Error && <Trouble error={state} retry={() => void load(null, new AbortController().signal)} />}
        {state === "loading" && <p class="muted">{words().loading}</p>}
        {state === "idle" && rows.length === 0 && <p class="muted">{words().panels.none}</p>}
        {state === "idle" && cursor !== null && (
          <button type="button" class="button" onClick={() => void load(cursor, new AbortController().signal)}>
            {words().panels.more}
          </button>
        )}
      </div>
    </Dialog>
  );
}
