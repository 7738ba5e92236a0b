/* No scans in what is looked at: why, and what to do. */

import { ask, type Answered } from "../api/questions";
import { useAnswer } from "../api/cache";
import { mayWrite } from "../state/session";
import { KINDS, viewQuery, setView, view } from "../state/view";
import { fill, words } from "../text";
import { ago } from "../text/numbers";
import { Icon } from "./icon";

interface Scanned {
  times: number;
  last: string | null;
}

/** All scans that ever were, of any kind; asked for only if `enabled`. */
export function useScanned(code: string | undefined, enabled: boolean): Scanned | undefined {
  const ever = useAnswer<Answered>({
    key: ["ever", code],
    fetch: (signal) => ask({ metrics: ["scans", "last_scan"], date_range: "all", timezone: "UTC", kinds: [...KINDS], filters: code ? [["is", "code", [code]]] : [] }, signal),
    enabled,
  });
  const found = ever.data?.results[0];
  return found && { times: Number(found.metrics[0]), last: typeof found.metrics[1] === "string" ? found.metrics[1] : null };
}

export function Empty({ code, times, last }: Scanned & { code?: string | undefined }) {
  const { overview, filters } = words();
  if (times === 0)
    return (
      <section class="card empty first-scan">
        <Icon name="qr-code" />
        <h2>{overview.empty}</h2>
        {!code && <p>{overview.emptyHint}</p>}
        {!code && mayWrite() && (
          <a class="button button-primary" href={`/codes${viewQuery.value}`}>
            {overview.create}
          </a>
        )}
        {!code && (
          <p class="muted">
            {overview.demo} <code class="mono">waymark demo</code>
          </p>
        )}
      </section>
    );
  const filtered = view.value.filters.length > 0;
  return (
    <div class="notice none-here" role="status">
      <Icon name="info" />
      <span>{filtered ? overview.noneFiltered : fill(overview.nonePeriod, { ago: last === null ? "" : ago(last) })}</span>
      {filtered && (
        <button type="button" class="button" onClick={() => setView({ filters: [] })}>
          {filters.clear}
        </button>
      )}
      {view.value.period !== "all" && (
        <button type="button" class="button" onClick={() => setView({ period: "all" })}>
          {overview.showAll}
        </button>
      )}
    </div>
  );
}
