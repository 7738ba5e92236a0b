/* Create a code. */

import { useState } from "preact/hooks";
import { createCode, type Code, type CodeEdit } from "../api/codes";
import { words } from "../text";
import { FormDialog } from "./form-dialog";
import { TextField, problemOf } from "./forms";

const FIELDS = ["destination", "label", "slug", "tags"];

export function CodeDialog({ close, done }: { close: () => void; done: (code: Code) => void }) {
  const { codes: text } = words();
  const [destination, setDestination] = useState("https://");
  const [label, setLabel] = useState("");
  const [slug, setSlug] = useState("");
  const [tags, setTags] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function make(): Promise<void> {
    const fields: CodeEdit = { destination: destination.trim() };
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
      <TextField label={text.destination} name="destination" type="url" required value={destination} change={setDestination} hint={text.destinationHint} problem={problemOf(error, "destination")} />
      <TextField label={text.label} name="label" value={label} change={setLabel} hint={text.labelHint} problem={problemOf(error, "label")} />
      <TextField label={text.slug} name="slug" mono value={slug} change={setSlug} hint={text.slugHint} problem={problemOf(error, "slug")} />
      <TextField label={text.tags} name="tags" value={tags} change={setTags} hint={text.tagsHint} problem={problemOf(error, "tags")} />
    </FormDialog>
  );
}
