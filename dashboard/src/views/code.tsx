/* One code: its picture and address, where it leads, and all that happened to it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorBoundary, lazy, useLocation, useRoute } from "preact-iso";
import { ApiError, type Answer } from "../api/client";
import { useAnswer } from "../api/cache";
import { nameOf } from "../api/code-names";
import { deleteCode, readCode, type Code as CodeShape } from "../api/codes";
import { TextField, problemOf } from "../components/forms";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";
import { useEdit, type PartProps } from "../components/use-edit";
import { Analytics } from "./overview";
import { mayWrite } from "../state/session";
import { showToast } from "../state/toasts";
import { viewQuery } from "../state/view";
import { fill, words } from "../text";
import { codeWords } from "../text/code";
import NotFound from "./not-found";

const Rules = lazy(() => import("./code-rules"));
const Variants = lazy(() => import("./code-variants"));
const Placements = lazy(() => import("./code-placements"));
const Page = lazy(() => import("./code-page"));
const History = lazy(() => import("./code-history"));
const ShareDialog = lazy(() => import("./share-dialog"));
const Settings = lazy(() => import("./code-settings"));

export default function Code() {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  const answer = useAnswer<Answer<CodeShape>>({ key: ["code", id], fetch: (signal) => readCode(id, signal) });
  if (answer.error instanceof ApiError && answer.error.status === 404) return <NotFound code />;
  if (answer.error && !answer.data) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <div class="skeleton panel-skeleton" />;
  const part: PartProps = { code: answer.data.body, etag: answer.data.etag, again: () => void answer.refetch() };
  return (
    <>
      <Head key={id} {...part} />
      <Parts {...part} open={params["part"] ?? ""} />
    </>
  );
}

function Parts({ open, ...part }: PartProps & { open: string }) {
  const { parts } = words();
  const nav = useRef<HTMLElement>(null);
  // On a phone not all parts have room.
  useEffect(() => {
    if (nav.current) showIn(nav.current);
  }, [open]);
  const { code } = part;
  const count: Record<string, number> = { rules: code.rules.length, variants: code.variants.length };
  const pages = ["", ...(code.type === "website" ? ["rules", "variants"] : ["page"]), "placements", "history", "settings"] as const;
  const titles: Record<string, string> = { "": words().codes.analytics, rules: parts.rules, variants: parts.variants, placements: parts.placements, history: parts.history, page: words().edit.page, settings: parts.settings };
  return (
    <>
      <nav class="parts" ref={nav} aria-label={parts.label}>
        {pages.map((one) => (
          <a key={one} href={`/codes/${code.id}${one && `/${one}`}${viewQuery.value}`} aria-current={one === open ? "page" : undefined}>
            {titles[one]}
            {count[one] ? <span class="badge">{count[one]}</span> : null}
          </a>
        ))}
      </nav>
      <ErrorBoundary>
        {open === "rules" ? <Rules {...part} /> : open === "variants" ? <Variants {...part} /> : open === "placements" ? <Placements {...part} /> : open === "page" ? <Page {...part} /> : open === "history" ? <History {...part} /> : open === "settings" ? <Settings {...part} /> : <Analytics title={words().codes.analytics} code={code.id} />}
      </ErrorBoundary>
    </>
  );
}

/** Scrolls the row alone, and not the page. */
function showIn(row: HTMLElement): void {
  const open = row.querySelector<HTMLElement>("[aria-current]");
  if (open) row.scrollLeft = open.offsetLeft - row.offsetLeft - (row.clientWidth - open.clientWidth) / 2;
}

function Head(props: PartProps) {
  const { code, etag } = props;
  const { codes: text } = words();
  const { route } = useLocation();
  const [destination, setDestination] = useState(code.destination);
  const [shown, setShown] = useState(code.destination);
  if (shown !== code.destination) {
    // What was being typed stays when somebody else is first.
    if (destination === shown) setDestination(code.destination);
    setShown(code.destination);
  }
  const { save: change, busy, error } = useEdit(props);
  const [refused, setRefused] = useState<unknown>(null);
  const [sharing, setSharing] = useState(false);
  const picture = `/v1/dynamic/${code.id}/qr`;

  async function remove(): Promise<void> {
    if (!confirm(text.deleteSure)) return;
    try {
      await deleteCode(code.id, etag);
      route(`/codes${viewQuery.value}`);
    } catch (problem) {
      setRefused(problem);
    }
  }

  return (
    <section class="card code-head">
      <div class="code-picture">
        <img src={`${picture}?format=svg&size=512`} alt={text.picture} width="176" height="176" />
        <a class="button code-design" href={`/codes/${code.id}/design${viewQuery.value}`}>
          <Icon name="palette" />
          {words().design.open}
        </a>
        <div class="row">
          {(["png", "svg", "pdf"] as const).map((format) => (
            <a key={format} class="button" href={`${picture}?format=${format}&size=1024`} download={`${code.slug.replace(/\//g, "-")}.${format}`}>
              {format.toUpperCase()}
            </a>
          ))}
        </div>
      </div>
      <div class="stack code-facts">
        <div class="row">
          <h1>
            <bdi>{nameOf(code)}</bdi>
          </h1>
          {code.status === "paused" && <span class="badge badge-warn">{text.paused}</span>}
          {code.tags.map((tag) => (
            <span class="badge" key={tag}>
              <bdi>{tag}</bdi>
            </span>
          ))}
        </div>
        <p class="row">
          <a href={code.short_url} target="_blank" rel="noreferrer noopener" class="mono">
            {code.short_url}
          </a>
          <button
            type="button"
            class="button button-plain"
            onClick={() => void navigator.clipboard.writeText(code.short_url).then(() => showToast(words().copied))}
          >
            <Icon name="copy" />
            {words().copy}
          </button>
        </p>
        {code.type === "website" ? (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void change({ destination: destination.trim() }, { destination: code.destination });
            }}
          >
            <TextField label={text.destination} name="destination" type="url" required value={destination} disabled={!mayWrite() || code.locked} change={setDestination} hint={destination.trim() === code.destination ? text.editHint : fill(text.leadsNow, { destination: code.destination })} problem={problemOf(error, "destination")}>
              {mayWrite() && (
                <button class="button button-primary" disabled={busy || destination.trim() === code.destination}>
                  {words().save}
                </button>
              )}
            </TextField>
          </form>
        ) : (
          <p class="muted">
            {words().edit.page}: {codeWords().page.types[code.type] ?? code.type}
          </p>
        )}
        {(refused ?? (problemOf(error, "destination") === undefined ? error : null)) !== null && (
          <p class="problem" role="alert">
            {problemOf(refused ?? error)}
          </p>
        )}
        {mayWrite() && (
          <div class="row">
            <button
              type="button"
              class="button"
              disabled={busy}
              onClick={() => void change({ status: code.status === "paused" ? "active" : "paused" }, { status: code.status })}
            >
              <Icon name={code.status === "paused" ? "play" : "pause"} />
              {code.status === "paused" ? text.resume : text.pause}
            </button>
            <button type="button" class="button" onClick={() => setSharing(true)}>
              <Icon name="share-2" />
              {words().share.share}
            </button>
            <button type="button" class="button button-danger" onClick={() => void remove()}>
              <Icon name="trash-2" />
              {text.delete}
            </button>
          </div>
        )}
      </div>
      {sharing && (
        <ErrorBoundary>
          <ShareDialog name={nameOf(code)} shared={{ code_id: code.id }} close={() => setSharing(false)} />
        </ErrorBoundary>
      )}
    </section>
  );
}
