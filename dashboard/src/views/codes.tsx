/* All codes of the workspace: searched, filtered, sorted, page by page, and changed many at once. */

import { ErrorBoundary, lazy, useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import { get } from "../api/client";
import { SORTS, type Code, type Folder, type Wanted } from "../api/codes";
import { codePages, type CodePageShown } from "../api/code-pages";
import { CodeDialog } from "../components/code-dialog";
import { CodeRows } from "../components/code-rows";
import { SelectField } from "../components/fields";
import { FoldersDialog } from "../components/folders-dialog";
import { Icon } from "../components/icon";
import { Many } from "../components/many";
import { Trouble } from "../components/trouble";
import { readWanted, writeWanted } from "../logic/wanted";
import { mayWrite } from "../state/session";
import { viewQuery } from "../state/view";
import { words } from "../text";

const ImportDialog = lazy(() => import("../components/import-dialog"));
const CreateMany = lazy(() => import("../components/create-many"));

type Open = "one" | "many" | "import" | "folders" | null;

export default function Codes() {
  const { query, route } = useLocation();
  const [wanted, setWanted] = useState(() => readWanted(location.search));
  const [pages, setPages] = useState<Code[][]>([]);
  const [more, setMore] = useState(false);
  const [state, setState] = useState<"loading" | "idle" | Error>("loading");
  const [open, setOpen] = useState<Open>(query["new"] !== undefined ? "one" : null);
  const [chosen, setChosen] = useState<Map<string, Code>>(new Map());
  const [again, setAgain] = useState(0);
  const reading = useRef<AsyncGenerator<CodePageShown, void>>(undefined);
  const { codes: text, list } = words();
  const folders = useAnswer<{ folders: Folder[] }>({ key: ["folders"], fetch: (signal) => get("/v1/folders", signal) });
  const tags = useAnswer<{ tags: { tag: string; codes: number }[] }>({ key: ["tags"], fetch: (signal) => get("/v1/tags", signal) });
  const filtered = wanted.q !== "" || wanted.folder !== "" || wanted.tag !== "" || wanted.status !== "";

  function want(change: Partial<Wanted>): void {
    const next = { ...wanted, ...change };
    setWanted(next);
    setChosen(new Map());
    history.replaceState(history.state, "", location.pathname + writeWanted(location.search, next));
  }

  async function load(signal?: AbortSignal): Promise<void> {
    setState("loading");
    try {
      const page = await reading.current?.next();
      if (signal?.aborted) return;
      if (page?.value) {
        const { codes, more: follows } = page.value;
        setPages((before) => (signal ? [codes] : [...before, codes]));
        setMore(follows);
      }
      setState("idle");
    } catch (error) {
      if (!signal?.aborted) setState(error as Error);
    }
  }

  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(
      () => {
        reading.current = codePages(wanted, stop.signal);
        void load(stop.signal);
      },
      wanted.q === "" ? 0 : 200,
    );
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [JSON.stringify(wanted), again]);

  function choose(code: Code): void {
    const next = new Map(chosen);
    if (!next.delete(code.id)) next.set(code.id, code);
    setChosen(next);
  }

  const codes = pages.flat();
  const all = codes.length > 0 && codes.every((code) => chosen.has(code.id));
  const reload = () => setAgain((before) => before + 1);
  return (
    <>
      <header class="page-head">
        <h1>{words().nav.codes}</h1>
        <a class="button" href={`/codes/print${viewQuery.value}`}>
          <Icon name="printer" />
          {words().sheet.open}
        </a>
        {mayWrite() && (
          <>
            <button type="button" class="button" onClick={() => setOpen("folders")}>
              <Icon name="folder" />
              {list.folders}
            </button>
            <button type="button" class="button" onClick={() => setOpen("many")}>
              <Icon name="table" />
              {words().createMany.title}
            </button>
            <button type="button" class="button" onClick={() => setOpen("import")}>
              <Icon name="file-input" />
              {words().importing.open}
            </button>
            <button type="button" class="button button-primary" onClick={() => setOpen("one")}>
              <Icon name="plus" />
              {text.create}
            </button>
          </>
        )}
      </header>
      <search class="row codes-search">
        <label class="codes-q">
          <span class="visually-hidden">{text.search}</span>
          <input class="input" type="search" name="q" placeholder={text.search} value={wanted.q} maxLength={200} onInput={(event) => want({ q: event.currentTarget.value })} />
        </label>
        <SelectField hidden label={words().dimensions["code:folder"] ?? ""} name="folder" value={wanted.folder} change={(folder) => want({ folder })} options={[["", text.allFolders], ...(folders.data?.folders ?? []).map((one): [string, string] => [one.id, one.name])]} />
        <SelectField hidden label={words().dimensions["code:tag"] ?? ""} name="tag" value={wanted.tag} change={(tag) => want({ tag })} options={[["", text.allTags], ...(tags.data?.tags ?? []).map((one): [string, string] => [one.tag, `${one.tag} (${one.codes})`])]} />
        <SelectField hidden label={list.status} name="status" value={wanted.status} change={(status) => want({ status })} options={[["", list.anyStatus], ["active", list.active], ["paused", text.paused]]} />
        <SelectField hidden label={list.sort} name="sort" value={wanted.sort} change={(sort) => want({ sort: sort as Wanted["sort"] })} options={SORTS.map((one) => [one, list.sorts[one]])} />
      </search>
      {state instanceof Error && <Trouble error={state} retry={reload} />}
      {chosen.size > 0 && <Many chosen={[...chosen.values()]} folders={folders.data?.folders ?? []} clear={() => setChosen(new Map())} again={reload} />}
      {codes.length > 0 && (
        <section class="card code-list" aria-busy={state === "loading"}>
          <div class={`code-row code-cols ${mayWrite() ? "code-row-choice" : ""}`}>
            {mayWrite() ? (
              <label class="row code-all">
                <span class="code-choice">
                  <input type="checkbox" checked={all} onChange={() => setChosen(all ? new Map() : new Map(codes.map((code) => [code.id, code])))} />
                </span>
                {list.chooseShown}
              </label>
            ) : (
              <span />
            )}
            <span class="code-lately" aria-hidden="true">
              {text.lately}
            </span>
            <span class="code-scans" aria-hidden="true">
              {words().metrics.scans}
            </span>
          </div>
          <ul>
            {pages.map((page, at) => (
              <CodeRows key={page[0]?.id ?? at} codes={page} chosen={chosen} choose={choose} />
            ))}
          </ul>
        </section>
      )}
      {state === "loading" && codes.length === 0 && <div class="skeleton panel-skeleton" />}
      {state === "idle" && codes.length === 0 && (
        <div class="card empty">
          <p>{filtered ? text.noneFound : text.none}</p>
          {filtered ? (
            <button type="button" class="button" onClick={() => want({ q: "", folder: "", tag: "", status: "" })}>
              {words().filters.clear}
            </button>
          ) : (
            mayWrite() && (
              <button type="button" class="button button-primary" onClick={() => setOpen("one")}>
                {text.create}
              </button>
            )
          )}
        </div>
      )}
      {more && codes.length > 0 && (
        <button type="button" class="button codes-more" disabled={state === "loading"} onClick={() => void load()}>
          {text.more}
        </button>
      )}
      {open === "one" && (
        <CodeDialog
          close={() => setOpen(null)}
          done={(code) => {
            setOpen(null);
            route(`/codes/${code.id}${viewQuery.value}`);
          }}
        />
      )}
      {open === "many" && (
        <ErrorBoundary>
          <CreateMany close={() => setOpen(null)} done={reload} />
        </ErrorBoundary>
      )}
      {open === "import" && (
        <ErrorBoundary>
          <ImportDialog
            folders={folders.data?.folders ?? []}
            close={() => {
              setOpen(null);
              reload();
            }}
            done={(folder) => {
              setOpen(null);
              want({ q: "", folder, tag: "", status: "" });
              reload();
            }}
          />
        </ErrorBoundary>
      )}
      {open === "folders" && <FoldersDialog folders={folders.data?.folders ?? []} close={() => setOpen(null)} />}
    </>
  );
}
