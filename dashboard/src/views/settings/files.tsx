/* Files that pages show: dropped here, listed, deleted. */

import { useRef, useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { cache, useAnswer } from "../../api/cache";
import type { KeptFile } from "../../api/settings";
import { useAction } from "../../components/action";
import { FormProblem, problemOf } from "../../components/forms";
import { Icon } from "../../components/icon";
import { useDrop } from "../../components/use-drop";
import { mayWrite, session } from "../../state/session";
import { fill, words } from "../../text";
import { bytes } from "../../text/numbers";
import { Loaded, Section } from "./parts";

const STALE = ["files"];
const TYPES = ".pdf,.png,.jpg,.jpeg,.gif,.webp,.avif,.mp3,.mp4,.webm";

export default function Files() {
  const { files: text, tabs } = words().settings;
  const answer = useAnswer<{ files: KeptFile[] }>({ key: STALE, fetch: (signal) => get("/v1/files", signal) });
  return (
    <Section title={tabs.files} about={text.about}>
      {mayWrite() && <Drop />}
      <Loaded answer={answer} items={(found) => found.files} none={<p>{text.none}</p>}>
        {(file) => <Row key={file.file_id} file={file} />}
      </Loaded>
    </Section>
  );
}

interface Sent {
  name: string;
  problem?: string | undefined;
}

function Drop() {
  const { files: text } = words().settings;
  const [sent, setSent] = useState<Sent[]>([]);
  const input = useRef<HTMLInputElement>(null);

  async function send(files: File[]): Promise<void> {
    setSent(files.map((file) => ({ name: file.name })));
    for (const file of files) {
      const form = new FormData();
      form.set("file", file);
      let problem: string | undefined;
      try {
        await call("POST", "/v1/files", { body: form });
      } catch (error) {
        problem = problemOf(error);
      }
      // What failed stays, with the reason.
      setSent((before) => before.flatMap((one) => (one.name !== file.name ? [one] : problem ? [{ ...one, problem }] : [])));
      void cache.invalidateQueries({ queryKey: STALE });
    }
    if (input.current) input.current.value = "";
  }

  const drop = useDrop((files) => void send(files));
  return (
    <div {...drop}>
      <Icon name="upload" />
      <p>{text.drop}</p>
      <label class="button drop-choose">
        {text.choose}
        <input ref={input} class="visually-hidden" type="file" multiple accept={TYPES} onChange={(event) => void send([...(event.currentTarget.files ?? [])])} />
      </label>
      <p class="hint">{text.types}</p>
      <ul role="status">
        {sent.map((one) => (
          <li key={one.name} class={one.problem ? "problem" : "muted"}>
            <bdi>{one.name}</bdi>: {one.problem ?? text.sending}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ file }: { file: KeptFile }) {
  const { files: text } = words().settings;
  const { busy, error, run } = useAction();
  return (
    <li class="settings-row">
      <div class="settings-main">
        <a href={`${session.value?.short_url ?? ""}${file.file_path}`} target="_blank" rel="noreferrer noopener">
          <bdi>{file.file_name}</bdi>
        </a>
        <span class="row muted">
          <span>{file.content_type}</span>
          <span class="number">{bytes(file.size_bytes)}</span>
        </span>
        <FormProblem error={error} />
      </div>
      {mayWrite() && (
        <div class="row settings-actions">
          <button type="button" class="button button-danger" disabled={busy} onClick={() => confirm(fill(text.deleteSure, { name: file.file_name })) && void run(() => call("DELETE", `/v1/files/${file.file_id}`), STALE)}>
            <Icon name="trash-2" />
            {text.delete}
          </button>
        </div>
      )}
    </li>
  );
}
