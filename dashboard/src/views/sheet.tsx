/* Many codes on pages to print: which ones, how wide, on what paper. */

import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ApiError, get, download } from "../api/client";
import { useAnswer } from "../api/cache";
import { nameOf } from "../api/code-names";
import { listPath, type Code, type CodePage, type Folder } from "../api/codes";
import { Icon } from "../components/icon";
import { TextField, problemOf } from "../components/forms";
import { Trouble } from "../components/trouble";
import { Switch, Tiles } from "../design/controls";
import { viewQuery } from "../state/view";
import { fill, words } from "../text";
import { whole } from "../text/numbers";
import "../styles/design.css";

const MOST = 100;
const PAPERS = ["a4", "a3", "letter"] as const;

export default function SheetView() {
  const { sheet: text, codes: codesText } = words();
  const { query } = useLocation();
  const [search, setSearch] = useState(query["q"] ?? "");
  const [tag, setTag] = useState(query["tag"] ?? "");
  const [folder, setFolder] = useState(query["folder"] ?? "");
  const folders = useAnswer<{ folders: Folder[] }>({ key: ["folders"], fetch: (signal) => get("/v1/folders", signal) });
  const tags = useAnswer<{ tags: { tag: string }[] }>({ key: ["tags"], fetch: (signal) => get("/v1/tags", signal) });
  const found = useAnswer<CodePage>({ key: ["codes", "sheet", search, tag, folder], fetch: (signal) => get<CodePage>(listPath({ q: search, tag, folder }, null, MOST), signal) });
  const codes = found.data?.codes ?? [];
  // What was taken off stays off while the search is changed.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const chosen = codes.filter((code) => !left.has(code.id));
  const [width, setWidth] = useState("40");
  const [paper, setPaper] = useState("a4");
  const [names, setNames] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => setError(null), [search, tag, folder, width, paper]);

  async function make(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await download("/v1/dynamic/sheet", { codes: chosen.map((code) => code.id), width_mm: Number(width.replace(",", ".")) || 0, paper, names }, "codes.pdf");
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }

  function toggle(code: Code): void {
    const next = new Set(left);
    if (!next.delete(code.id)) next.add(code.id);
    setLeft(next);
  }

  const wrong = error instanceof ApiError ? /^codes\[(\d+)\]$/.exec(error.field ?? "")?.[1] : undefined;
  const wrongCode = wrong === undefined ? undefined : chosen[Number(wrong)];
  return (
    <>
      <header class="page-head">
        <div class="design-title">
          <a class="row" href={`/codes${viewQuery.value}`}>
            <Icon name="arrow-left" />
            {words().nav.codes}
          </a>
          <h1>{text.title}</h1>
        </div>
      </header>
      <div class="designer">
        <section class="stack">
          <search class="row codes-search">
            <label class="codes-q">
              <span class="visually-hidden">{codesText.search}</span>
              <input class="input" type="search" placeholder={codesText.search} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
            </label>
            <label>
              <span class="visually-hidden">{words().dimensions["code:folder"]}</span>
              <select class="input" value={folder} onChange={(event) => setFolder(event.currentTarget.value)}>
                <option value="">{codesText.allFolders}</option>
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
                <option value="">{codesText.allTags}</option>
                {tags.data?.tags.map((one) => (
                  <option key={one.tag} value={one.tag}>
                    {one.tag}
                  </option>
                ))}
              </select>
            </label>
          </search>
          {found.error && !found.data && <Trouble error={found.error} retry={() => void found.refetch()} />}
          {!found.data && !found.error && <div class="skeleton panel-skeleton" />}
          {found.data && codes.length === 0 && <div class="card empty">{codesText.noneFound}</div>}
          {codes.length > 0 && (
            <ul class="card sheet-list">
              {codes.map((code) => (
                <li key={code.id}>
                  <label class="sheet-row">
                    <input type="checkbox" checked={!left.has(code.id)} onChange={() => toggle(code)} />
                    <strong>
                      <bdi>{nameOf(code)}</bdi>
                    </strong>
                    <bdi class="muted mono">/{code.slug}</bdi>
                  </label>
                </li>
              ))}
            </ul>
          )}
          {found.data?.next_cursor && <p class="hint">{fill(text.most, { count: whole(MOST) })}</p>}
        </section>
        <aside class="card stack sheet-side" aria-label={text.title}>
          <TextField label={text.width} name="width" value={width} change={setWidth} problem={problemOf(error, "width_mm")} />
          <Tiles title={text.paper} name="paper" value={paper} change={setPaper} choices={PAPERS.map((value) => ({ value, name: text.papers[value] }))} />
          <Switch label={text.names} name="names" on={names} change={setNames} />
          <button type="button" class="button button-primary" disabled={busy || chosen.length === 0} onClick={() => void make()}>
            <Icon name="download" />
            {busy ? text.drawing : fill(text.make, { count: whole(chosen.length) })}
          </button>
          {error !== null && !problemOf(error, "width_mm") && (
            <p class="problem" role="alert">
              {wrongCode && (
                <strong>
                  <bdi>{nameOf(wrongCode)}</bdi>:{" "}
                </strong>
              )}
              {problemOf(error)}
            </p>
          )}
          <p class="hint">{text.hint}</p>
        </aside>
      </div>
    </>
  );
}
