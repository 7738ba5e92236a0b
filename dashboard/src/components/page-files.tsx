/* The files of a page: one of the workspace's, or a new one. */

import { useId, useState } from "preact/hooks";
import { call, get } from "../api/client";
import { cache, useAnswer } from "../api/cache";
import type { KeptFile } from "../api/settings";
import { codeWords } from "../text/code";
import { bytes } from "../text/numbers";
import { problemOf } from "./forms";
import { Icon } from "./icon";

interface Props {
  label: string;
  accept: string;
  many: boolean;
  value: unknown;
  change: (value: unknown) => void;
  problem: string | undefined;
}

export function PageFiles({ label, accept, many, value, change, problem }: Props) {
  const { page: text } = codeWords();
  const id = useId();
  const files = useAnswer<{ files: KeptFile[] }>({ key: ["files"], fetch: (signal) => get("/v1/files", signal) });
  const [refused, setRefused] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const kinds = accept.split(",");
  const chosen = (many ? (Array.isArray(value) ? value : []) : value ? [value] : []) as Partial<KeptFile>[];
  const able = (files.data?.files ?? []).filter((file) => kinds.includes(file.content_type) && !chosen.some((one) => one.file_id === file.file_id));
  // A title and a description that were written for the file before stay.
  const put = (file: KeptFile) => change(many ? [...chosen, file] : { ...(value as object | undefined), ...file });

  async function send(list: FileList | null): Promise<void> {
    setBusy(true);
    setRefused(null);
    try {
      const sent: KeptFile[] = [];
      for (const file of list ?? []) {
        const form = new FormData();
        form.set("file", file);
        sent.push((await call<KeptFile>("POST", "/v1/files", { body: form })).body);
      }
      const last = sent.at(-1);
      if (many) change([...chosen, ...sent]);
      else if (last) put(last);
      void cache.invalidateQueries({ queryKey: ["files"] });
    } catch (error) {
      setRefused(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <fieldset class="plain stack page-files" disabled={busy}>
      <legend class="label">{label}</legend>
      {chosen.length > 0 && (
        <ul class="page-chosen">
          {chosen.map((file, index) => (
            <li key={file.file_id} class="row">
              <Icon name="file" />
              <bdi class="page-file-name">{file.file_name}</bdi>
              <span class="muted">{bytes(file.size_bytes ?? 0)}</span>
              {many && (
                <button type="button" class="button button-plain" aria-label={`${text.remove}: ${file.file_name ?? ""}`} onClick={() => change(chosen.filter((_, other) => other !== index))}>
                  <Icon name="x" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        <label class="button">
          <Icon name="upload" />
          {text.upload}
          <input class="visually-hidden" type="file" name="page-file" accept={accept} multiple={many} onChange={(event) => void send(event.currentTarget.files)} />
        </label>
        {able.length > 0 && (
          <select id={id} class="input page-file-kept" aria-label={text.keptFile} value="" onChange={(event) => able.filter((file) => file.file_id === event.currentTarget.value).forEach(put)}>
            <option value="">{text.keptFile}</option>
            {able.map((file) => (
              <option key={file.file_id} value={file.file_id}>
                {file.file_name}
              </option>
            ))}
          </select>
        )}
      </div>
      {(problem ?? (refused !== null ? problemOf(refused) : undefined)) && (
        <p class="problem" role="alert">
          {problem ?? problemOf(refused)}
        </p>
      )}
    </fieldset>
  );
}
