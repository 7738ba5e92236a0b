/* Many codes from a pasted table or a CSV file: what is wrong is seen before anything is made. */

import { useState } from "preact/hooks";
import { call } from "../api/client";
import { changed } from "../api/codes";
import { readTable, type Line } from "../logic/table";
import { showToast } from "../state/toasts";
import { fill, words } from "../text";
import { whole } from "../text/numbers";
import { FormDialog } from "./form-dialog";
import { useDrop } from "./use-drop";

const AT_ONCE = 200;
const SHOWN = 200;

interface Bulk {
  created: number;
  results: { index: number; error?: { message: string } }[];
}

export default function CreateMany({ close, done }: { close: () => void; done: () => void }) {
  const { createMany: text } = words();
  const [pasted, setPasted] = useState("");
  const [refused, setRefused] = useState<Map<string, string>>(new Map());
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<number | null>(null);
  const table = readTable(pasted);
  const take = (file: File | undefined) => void file?.text().then(setPasted);
  const drop = useDrop(([file]) => take(file));
  const good = table.lines.filter((line) => line.flaw === null);
  const flawed = table.lines.length - good.length;

  async function make(): Promise<void> {
    setError(null);
    setMade(0);
    const failed = new Map<string, string>();
    let created = 0;
    let left: Line[] = table.lines;
    try {
      for (let at = 0; at < good.length; at += AT_ONCE) {
        const part = good.slice(at, at + AT_ONCE);
        const { body } = await call<Bulk>("POST", "/v1/dynamic/bulk", { body: { items: part.map((line) => line.item) }, idempotency: crypto.randomUUID() });
        created += body.created;
        for (const { index, error } of body.results) if (error && part[index]) failed.set(part[index].text, error.message);
        const ok = new Set(part.filter((line) => !failed.has(line.text)));
        left = left.filter((line) => !ok.has(line));
        setMade(created);
      }
    } catch (problem) {
      setError(problem);
    }
    setMade(null);
    if (created > 0) {
      changed();
      showToast(fill(text.made, { n: whole(created) }));
      done();
    }
    // What was not made stays, to be corrected.
    if (left.length === 0) close();
    else {
      setRefused(failed);
      setPasted([...(table.header === null ? [] : [table.header]), ...left.map((line) => line.text)].join("\n"));
    }
  }

  return (
    <FormDialog title={text.title} close={close} submit={() => void make()} submitLabel={made === null ? fill(text.go, { n: whole(good.length) }) : fill(words().list.progress, { n: whole(made), all: whole(good.length) })} disabled={good.length === 0 || made !== null} error={error}>
      <label class="field">
        <span>{text.paste}</span>
        <textarea class="input mono" name="table" rows={7} wrap="off" spellcheck={false} value={pasted} placeholder={"destination,label,slug,tags\nhttps://example.com/1,Table 1,table-1,\"spring,print\""} onInput={(event) => setPasted(event.currentTarget.value)} />
        <p class="hint">{text.hint}</p>
      </label>
      <div {...drop} class={`${drop.class} table-drop`}>
        <p>{text.file}</p>
        <label class="button drop-choose">
          {words().importing.choose}
          <input
            class="visually-hidden"
            type="file"
            name="file"
            accept=".csv,.tsv,.txt,text/csv,text/plain"
            onChange={(event) => {
              take(event.currentTarget.files?.[0]);
              event.currentTarget.value = "";
            }}
          />
        </label>
      </div>
      {table.lines.length > 0 && (
        <>
          <p role="status">
            {fill(text.preview, { n: whole(good.length) })} {flawed > 0 && <span class="problem">{fill(text.flawed, { n: whole(flawed) })}</span>}
          </p>
          <div class="many-preview" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{text.line}</th>
                  <th scope="col">{words().codes.destination}</th>
                  <th scope="col">{words().codes.label}</th>
                  <th scope="col">{words().codes.slug}</th>
                  <th scope="col">{words().codes.tags}</th>
                </tr>
              </thead>
              <tbody>
                {table.lines.slice(0, SHOWN).map((line) => {
                  const problem = line.flaw ? text.flaws[line.flaw] : refused.get(line.text);
                  return (
                    <tr key={line.number}>
                      <td class="number">{line.number}</td>
                      <td>
                        <bdi>{line.item.destination || "–"}</bdi>
                        {problem && <p class="problem">{problem}</p>}
                      </td>
                      <td>
                        <bdi>{line.item.label}</bdi>
                      </td>
                      <td class="mono">{line.item.slug}</td>
                      <td>
                        <bdi>{line.item.tags?.join(", ")}</bdi>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
    </FormDialog>
  );
}
