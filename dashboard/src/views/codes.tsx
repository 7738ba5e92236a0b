/* All codes of the workspace: searched, filtered, page by page. */

import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { get } from "../api/client";
import { useAnswer } from "../api/cache";
import { listPath, nameOf, type Code, type CodePage, type Folder } from "../api/codes";
import { ask, type Answered } from "../api/questions";
import { CodeDialog } from "../components/code-dialog";
import { Icon } from "../components/icon";
import { Sparkline } from "../components/sparkline";
import { Trouble } from "../components/trouble";
import { mayWrite } from "../state/session";
import { kept, ownZone } from "../state/view";
import { words } from "../text";
import { ago, short } from "../text/numbers";

interface Use {
  scans: number;
  last: string | null;
  days: number[];
}

export default function Codes() {
  const { query, route } = useLocation();
  const [search, setSearch] = useState(query["q"] ?? "");
  const [tag, setTag] = useState(query["tag"] ?? "");
  const [folder, setFolder] = useState(query["folder"] ?? "");
  const [pages, setPages] = useState<CodePage[]>([]);
  const [state, setState] = useState<"loading" | "idle" | Error>("loading");
  const [creating, setCreating] = useState(query["new"] !== undefined);
  const [again, setAgain] = useState(0);
  const { codes: text } = words();
  const folders = useAnswer<{ folders: Folder[] }>({ key: ["folders"], fetch: (signal) => get("/v1/folders", signal) });
  const tags = useAnswer<{ tags: { name: string; codes: number }[] }>({ key: ["tags"], fetch: (signal) => get("/v1/tags", signal) });

  async function load(cursor: string | null, signal: AbortSignal): Promise<void> {
    setState("loading");
    try {
      const page = await get<CodePage>(listPath({ q: search, tag, folder }, cursor), signal);
      setPages((before) => (cursor === null ? [page] : [...before, page]));
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
  }, [search, tag, folder, again]);

  const codes = pages.flatMap((page) => page.codes);
  const next = pages.at(-1)?.next_cursor ?? null;
  return (
    <>
      <header class="page-head">
        <h1>{words().nav.codes}</h1>
        <a class="button" href={`/codes/print${kept.value}`}>
          <Icon name="printer" />
          {words().sheet.open}
        </a>
        {mayWrite() && (
          <button type="button" class="button button-primary" onClick={() => setCreating(true)}>
            <Icon name="plus" />
            {text.create}
          </button>
        )}
      </header>
      <search class="row codes-search">
        <label class="codes-q">
          <span class="visually-hidden">{text.search}</span>
          <input class="input" type="search" placeholder={text.search} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </label>
        <label>
          <span class="visually-hidden">{words().dimensions["code:folder"]}</span>
          <select class="input" value={folder} onChange={(event) => setFolder(event.currentTarget.value)}>
            <option value="">{text.allFolders}</option>
            {folders.data?.folders.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="visually-hidden">{words().dimensions["code:tag"]}</span>
          <select class="input" value={tag} onChange={(event) => setTag(event.currentTarget.value)}>
            <option value="">{text.allTags}</option>
            {tags.data?.tags.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      </search>
      {state instanceof Error && <Trouble error={state} retry={() => setAgain(again + 1)} />}
      {codes.length > 0 && (
        <ul class="card code-list">
          {pages.map((page) => (
            <Rows key={page.codes[0]?.id} codes={page.codes} />
          ))}
        </ul>
      )}
      {state === "loading" && codes.length === 0 && <div class="skeleton panel-skeleton" />}
      {state === "idle" && codes.length === 0 && (
        <div class="card empty">
          <p>{search || tag || folder ? text.noneFound : text.none}</p>
          {mayWrite() && !search && !tag && !folder && (
            <button type="button" class="button button-primary" onClick={() => setCreating(true)}>
              {text.create}
            </button>
          )}
        </div>
      )}
      {next !== null && (
        <button type="button" class="button" disabled={state === "loading"} onClick={() => void load(next, new AbortController().signal)}>
          {text.more}
        </button>
      )}
      {creating && (
        <CodeDialog
          close={() => setCreating(false)}
          done={(code) => {
            setCreating(false);
            route(`/codes/${code.id}${kept.value}`);
          }}
        />
      )}
    </>
  );
}

/** A page of codes; one question tells the scans of all of them. */
function Rows({ codes }: { codes: Code[] }) {
  const ids = codes.map((code) => code.id);
  const use = useAnswer<Record<string, Use>>({ key: ["codes", "use", ids], fetch: (signal) => uses(ids, signal), enabled: ids.length > 0 });
  return (
    <>
      {codes.map((code) => {
        const used = use.data?.[code.id];
        return (
          <li class="code-row" key={code.id}>
            <a class="code-main" href={`/codes/${code.id}${kept.value}`}>
              <strong>
                <bdi>{nameOf(code)}</bdi>
              </strong>
              <span class="muted code-line">
                <bdi class="mono">{code.short_url.replace(/^https?:\/\//, "")}</bdi> → <bdi>{code.destination}</bdi>
              </span>
              <span class="row code-tags">
                {code.status === "paused" && <span class="badge badge-warn">{words().codes.paused}</span>}
                {code.tags.map((tag) => (
                  <span class="badge" key={tag}>
                    <bdi>{tag}</bdi>
                  </span>
                ))}
              </span>
            </a>
            <Sparkline values={used?.days ?? []} />
            <span class="code-scans">
              <strong class="number">{used ? short(used.scans) : use.data ? "0" : "…"}</strong>
              <span class="muted">{used?.last ? ago(used.last) : ""}</span>
            </span>
          </li>
        );
      })}
    </>
  );
}

async function uses(ids: string[], signal: AbortSignal): Promise<Record<string, Use>> {
  const filters = [["is", "code", ids]];
  const common = { timezone: ownZone, filters };
  const [totals, days]: Answered[] = await Promise.all([
    ask({ ...common, metrics: ["scans", "last_scan"], date_range: "all", dimensions: ["code"], pagination: { limit: ids.length } }, signal),
    ask({ ...common, metrics: ["scans"], date_range: "28d", dimensions: ["code", "time:day"], pagination: { limit: 1000 } }, signal),
  ]);
  const found: Record<string, Use> = {};
  for (const row of totals?.results ?? []) {
    found[String(row.dimensions[0])] = { scans: Number(row.metrics[0]), last: row.metrics[1] === null ? null : String(row.metrics[1]), days: [] };
  }
  const order = new Map<string, number>();
  const today = Date.now();
  for (let at = 0; at < 28; at++) order.set(new Date(today - (27 - at) * 86_400_000).toISOString().slice(0, 10), at);
  for (const row of days?.results ?? []) {
    const one = found[String(row.dimensions[0])];
    const at = order.get(String(row.dimensions[1]));
    if (one && at !== undefined) {
      if (one.days.length === 0) one.days = Array<number>(28).fill(0);
      one.days[at] = Number(row.metrics[0]);
    }
  }
  return found;
}
