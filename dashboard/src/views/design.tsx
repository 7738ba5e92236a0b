/* The designer: what a code's picture looks like, tried on the server's own engine while it is changed. */

import { useEffect, useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import { ApiError, type Answer } from "../api/client";
import { useAnswer } from "../api/cache";
import { nameOf } from "../api/code-names";
import { editCode, readCode, undoEdit, type Code, type CodeEdit } from "../api/codes";
import { Icon } from "../components/icon";
import { problemOf } from "../components/forms";
import { Trouble } from "../components/trouble";
import { usePreview } from "../design/api";
import { Download } from "../design/download";
import { Fields } from "../design/fields";
import { Presets } from "../design/presets";
import { designOf, sameDesign, styleOf, type Design, type Json } from "../design/style";
import { Verdict } from "../design/verdict";
import { mayWrite } from "../state/session";
import { showToast } from "../state/toasts";
import { viewQuery } from "../state/view";
import { words } from "../text";
import NotFound from "./not-found";
import "../styles/design.css";

export default function DesignView() {
  const { params } = useRoute();
  const id = params["id"] ?? "";
  const answer = useAnswer<Answer<Code>>({ key: ["code", id], fetch: (signal) => readCode(id, signal) });
  if (answer.error instanceof ApiError && answer.error.status === 404) return <NotFound />;
  if (answer.error && !answer.data) return <Trouble error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data || answer.data.body.id !== id) return <div class="skeleton panel-skeleton" />;
  return <Designer key={id} code={answer.data.body} etag={answer.data.etag} again={() => answer.refetch()} />;
}

function Designer({ code, etag, again }: { code: Code; etag: string | null; again: () => Promise<unknown> }) {
  const { design: text } = words();
  const before = code.style as Json | null;
  const saved = designOf(before);
  const [design, setDesign] = useState<Design>(saved);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const tried = usePreview(code.id, styleOf(design, before));
  const unsaved = !sameDesign(design, saved);

  useEffect(() => {
    if (!unsaved) return;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [unsaved]);

  async function save(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const { etag: next } = await editCode(code.id, { style: styleOf(design, before) } as CodeEdit, etag);
      await again();
      showToast(text.saved, {
        label: words().undo,
        run: () =>
          void undoEdit(code.id, { style: before ?? {} } as CodeEdit, next)
            .then(again)
            .then(() => setDesign(saved), setError),
      });
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 412) {
        showToast(words().codes.conflict);
        await again();
      } else setError(problem);
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <header class="page-head">
        <div class="design-title">
          <a class="row" href={`/codes/${code.id}${viewQuery.value}`}>
            <Icon name="arrow-left" />
            <bdi>{nameOf(code)}</bdi>
          </a>
          <h1>{text.title}</h1>
        </div>
      </header>
      <div class="designer">
        <fieldset class="stack design-fields" disabled={!mayWrite() || code.locked}>
          <legend class="visually-hidden">{text.title}</legend>
          {!mayWrite() && <p class="notice">{words().problems.readOnly}</p>}
          <Presets design={design} use={setDesign} />
          <Fields design={design} change={(changes) => setDesign((now) => ({ ...now, ...changes }))} error={tried.error ?? error} />
        </fieldset>
        <aside class="design-aside" aria-label={text.preview}>
          <section class="card design-live">
            <Verdict tried={tried} />
          {mayWrite() && !code.locked && (
            <div class="row design-save">
              <button type="button" class="button button-primary" disabled={busy || !unsaved || tried.waiting || tried.error !== null} onClick={() => void save()}>
                {words().save}
              </button>
              <button type="button" class="button" disabled={!unsaved} onClick={() => setDesign(saved)}>
                {text.discard}
              </button>
            </div>
          )}
          {error !== null && (
            <p class="problem" role="alert">
              {problemOf(error)}
            </p>
          )}
          </section>
          <Download code={code.id} slug={code.slug} preview={tried.preview} unsaved={unsaved} />
        </aside>
      </div>
    </>
  );
}
