/* Create a code. */

import { ErrorBoundary, lazy } from "preact-iso";
import { useState } from "preact/hooks";
import { createCode, type Code, type CodeEdit } from "../api/codes";
import { FORMS, emptyContent, type Json } from "../logic/page-forms";
import { ownZone } from "../state/view";
import { words } from "../text";
import { codeWords } from "../text/code";
import { SelectField } from "./fields";
import { FormDialog } from "./form-dialog";
import { TextField, problemOf } from "./forms";
import type { ContentProblem } from "./phone";

const PageEditor = lazy(() => import("./page-editor"));

const FIELDS = ["destination", "label", "slug", "tags"];

export function CodeDialog({ close, done }: { close: () => void; done: (code: Code) => void }) {
  const { codes: text } = words();
  const [destination, setDestination] = useState("https://");
  const [label, setLabel] = useState("");
  const [slug, setSlug] = useState("");
  const [tags, setTags] = useState("");
  const { page } = codeWords();
  const [type, setType] = useState("website");
  const [content, setContent] = useState<Json>({});
  const [design, setDesign] = useState<Json | null>(null);
  const [problem, setProblem] = useState<ContentProblem>(null);
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function make(): Promise<void> {
    setTried(true);
    if (type !== "website" && problem !== null) return;
    const fields: CodeEdit = type === "website" ? { destination: destination.trim() } : ({ type, content, ...(design ? { page_design: design } : {}) } as CodeEdit);
    if (label.trim()) fields.label = label.trim();
    if (slug.trim()) fields.slug = slug.trim();
    const words = tags.split(",").map((tag) => tag.trim()).filter(Boolean);
    if (words.length > 0) fields.tags = words;
    setBusy(true);
    setError(null);
    try {
      done(await createCode(fields));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }

  return (
    <FormDialog title={text.create} close={close} submit={() => void make()} submitLabel={text.create} disabled={busy} error={error} fields={FIELDS}>
      <SelectField
        label={page.leadsTo}
        name="type"
        value={type}
        change={(next) => {
          setType(next);
          setContent(emptyContent(next, ownZone));
          setProblem(null);
          setTried(false);
        }}
        options={[["website", page.types["website"] ?? ""], ...Object.keys(FORMS).map((one): [string, string] => [one, page.types[one] ?? one])]}
      />
      {type === "website" ? (
      <TextField label={text.destination} name="destination" type="url" required value={destination} change={setDestination} hint={text.destinationHint} problem={problemOf(error, "destination")} />
      ) : (
        <ErrorBoundary>
          <PageEditor key={type} type={type} content={content} design={design} change={setContent} restyle={setDesign} problem={problem} found={setProblem} tried={tried} />
        </ErrorBoundary>
      )}
      <TextField label={text.label} name="label" value={label} change={setLabel} hint={text.labelHint} problem={problemOf(error, "label")} />
      <TextField label={text.slug} name="slug" mono value={slug} change={setSlug} hint={text.slugHint} problem={problemOf(error, "slug")} />
      <TextField label={text.tags} name="tags" value={tags} change={setTags} hint={text.tagsHint} problem={problemOf(error, "tags")} />
    </FormDialog>
  );
}
