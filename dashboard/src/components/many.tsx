/* What is done to all chosen codes at once. */

import { useEffect, useRef, useState } from "preact/hooks";
import { nameOf } from "../api/code-names";
import type { Code, CodeEdit, Folder } from "../api/codes";
import { forEachCode, patch, remove, type Failure } from "../api/many";
import { showToast } from "../state/toasts";
import { fill, words } from "../text";
import { whole } from "../text/numbers";
import { Dialog } from "./dialog";
import { SelectField } from "./fields";
import { TextField, problemOf } from "./forms";
import { Icon } from "./icon";
import { Repoint } from "./repoint";

interface Props {
  chosen: Code[];
  folders: Folder[];
  clear: () => void;
  again: () => void;
}

type Asking = "tag" | "untag" | "file" | "repoint" | "delete" | null;

export function Many({ chosen, folders, clear, again }: Props) {
  const { list: text, codes } = words();
  const [asking, setAsking] = useState<Asking>(null);
  const [finished, setFinished] = useState<number | null>(null);
  const [failed, setFailed] = useState<Failure[]>([]);
  const busy = finished !== null;

  /** Each code gets the changes that `of` says; an undo writes back what the same fields held. */
  async function change(of: (code: Code) => CodeEdit | null): Promise<void> {
    setAsking(null);
    const edits = new Map(chosen.map((code) => [code, of(code)]));
    const codes = chosen.filter((code) => edits.get(code));
    setFinished(0);
    const result = await forEachCode(codes, (code) => patch(code, edits.get(code) ?? {}), setFinished);
    setFinished(null);
    setFailed(result.failed);
    const back = (code: Code): CodeEdit => Object.fromEntries(Object.keys(edits.get(code) ?? {}).map((name) => [name, code[name as keyof Code]]));
    const undo = () => void forEachCode(result.done, (code) => patch(code, back(code)), () => undefined).then((undone) => (undone.failed.length > 0 ? setFailed(undone.failed) : undefined)).then(again);
    showToast(fill(text.changed, { n: whole(result.done.length) }), result.done.length > 0 ? { label: words().undo, run: undo } : undefined, 12_000);
    if (result.failed.length === 0) clear();
    again();
  }

  async function removeAll(): Promise<void> {
    setAsking(null);
    setFinished(0);
    const result = await forEachCode(chosen, remove, setFinished);
    setFinished(null);
    setFailed(result.failed);
    showToast(fill(text.deleted, { n: whole(result.done.length) }));
    if (result.failed.length === 0) clear();
    again();
  }

  return (
    <section class="many" aria-label={text.many}>
      <div class="row many-bar">
        <strong class="number" role="status">
          {busy ? fill(text.progress, { n: whole(finished), all: whole(chosen.length) }) : fill(text.chosen, { n: whole(chosen.length) })}
        </strong>
        <button type="button" class="button button-plain many-none" disabled={busy} onClick={clear}>
          {text.clear}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => setAsking("tag")}>
          <Icon name="tag" />
          {text.tag}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => setAsking("untag")}>
          {text.untag}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => setAsking("file")}>
          <Icon name="folder" />
          {text.file}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => void change(() => ({ status: "paused" }))}>
          <Icon name="pause" />
          {codes.pause}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => void change(() => ({ status: "active" }))}>
          <Icon name="play" />
          {codes.resume}
        </button>
        <button type="button" class="button" disabled={busy} onClick={() => setAsking("repoint")}>
          <Icon name="replace-all" />
          {text.repoint}
        </button>
        <button type="button" class="button button-danger" disabled={busy} onClick={() => setAsking("delete")}>
          <Icon name="trash-2" />
          {codes.delete}
        </button>
      </div>
      {failed.length > 0 && <Failures failed={failed} close={() => setFailed([])} />}
      {(asking === "tag" || asking === "untag") && (
        <Tags
          title={asking === "tag" ? text.tag : text.untag}
          close={() => setAsking(null)}
          apply={(tags) => void change((code) => ({ tags: asking === "tag" ? [...new Set([...code.tags, ...tags])] : code.tags.filter((tag) => !tags.includes(tag)) }))}
        />
      )}
      {asking === "file" && <File folders={folders} close={() => setAsking(null)} apply={(folder) => void change(() => ({ folder_id: folder }))} />}
      {asking === "repoint" && <Repoint codes={chosen} close={() => setAsking(null)} apply={(after) => void change((code) => (after.has(code.id) ? { destination: after.get(code.id) ?? "" } : null))} />}
      {asking === "delete" && (
        <Dialog title={codes.delete} close={() => setAsking(null)}>
          <p>{fill(text.deleteSure, { n: whole(chosen.length) })}</p>
          <div class="row">
            <button type="button" class="button button-danger" onClick={() => void removeAll()}>
              {fill(text.deleteAll, { n: whole(chosen.length) })}
            </button>
            <button type="button" class="button" onClick={() => setAsking(null)}>
              {words().cancel}
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

function Failures({ failed, close }: { failed: Failure[]; close: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [failed]);
  return (
    <div class="notice notice-bad" role="alert" ref={place}>
      <Icon name="circle-alert" />
      <div class="many-failed">
        <p>{fill(words().list.failed, { n: whole(failed.length) })}</p>
        <ul>
          {failed.map(({ code, error }) => (
            <li key={code.id}>
              <bdi>{nameOf(code)}</bdi>: {problemOf(error)}
            </li>
          ))}
        </ul>
      </div>
      <button type="button" class="button button-plain" aria-label={words().close} onClick={close}>
        <Icon name="x" />
      </button>
    </div>
  );
}

function Tags({ title, close, apply }: { title: string; close: () => void; apply: (tags: string[]) => void }) {
  const [tags, setTags] = useState("");
  const asked = tags.split(",").map((tag) => tag.trim().toLowerCase()).filter(Boolean);
  return (
    <Dialog title={title} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          apply(asked);
        }}
      >
        <TextField label={words().codes.tags} name="many-tags" value={tags} required change={setTags} hint={words().codes.tagsHint} />
        <div class="row">
          <button class="button button-primary" disabled={asked.length === 0}>
            {words().periods.apply}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function File({ folders, close, apply }: { folders: Folder[]; close: () => void; apply: (folder: string | null) => void }) {
  const [folder, setFolder] = useState("");
  return (
    <Dialog title={words().list.file} close={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          apply(folder === "" ? null : folder);
        }}
      >
        <SelectField label={words().dimensions["code:folder"] ?? ""} name="many-folder" value={folder} change={setFolder} options={[["", words().list.noFolder], ...folders.map((one): [string, string] => [one.id, one.name])]} />
        <div class="row">
          <button class="button button-primary">{words().periods.apply}</button>
        </div>
      </form>
    </Dialog>
  );
}
