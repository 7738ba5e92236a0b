/* An import: a file is dropped, looked at by the server without making anything, and then imported, with its report. */

import { useEffect, useRef, useState } from "preact/hooks";
import { cache } from "../api/cache";
import { call } from "../api/client";
import type { Folder } from "../api/codes";
import { importFile, type Report } from "../api/import";
import { csvOf, notable } from "../logic/import-report";
import { fill, words } from "../text";
import { whole } from "../text/numbers";
import { Dialog } from "./dialog";
import { SelectField } from "./fields";
import { problemOf } from "./forms";
import { Icon } from "./icon";
import { saveFile } from "./save-file";
import { useDrop } from "./use-drop";

const SHOWN = 200;
const SERVICES: [format: string, name: string][] = [
  ["bitly", "Bitly"],
  ["shlink", "Shlink"],
  ["yourls", "YOURLS"],
  ["kutt", "Kutt"],
  ["dub", "Dub"],
  ["chhoto", "Chhoto URL"],
];
const NEW = "new";

export default function ImportDialog({ folders, close, done }: { folders: Folder[]; close: () => void; done: (folder: string) => void }) {
  const { importing: text } = words();
  const [file, setFile] = useState<File | null>(null);
  const [format, setFormat] = useState("");
  const [folder, setFolder] = useState(NEW);
  const [step, setStep] = useState<"choose" | "look" | "import" | "done">("choose");
  const [report, setReport] = useState<Report | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [into, setInto] = useState("");
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  async function run(chosen: File, as: string, dry: boolean): Promise<void> {
    stop.current.abort();
    const { signal } = (stop.current = new AbortController());
    setStep(dry ? "look" : "import");
    setError(null);
    if (dry) setReport(null);
    try {
      const query: Record<string, string> = { ...(as && { format: as }), ...(dry && { dry_run: "1" }) };
      if (!dry && folder !== "" && (folder !== NEW || into || (report?.end?.counts["would be made"] ?? 0) > 0)) {
        const id = folder === NEW && !into ? await newFolder(folderName(report, chosen)) : into || folder;
        setInto(id);
        query["folder_id"] = id;
      }
      let drawn = 0;
      const last = await importFile(
        chosen,
        query,
        (now) => {
          // As often as a screen is drawn.
          if (Date.now() - drawn < 100) return;
          drawn = Date.now();
          setReport(now);
        },
        signal,
      );
      setReport(last);
      if (!last.end || last.end.error) setError(new Error(last.end?.error ?? text.cutOff));
      else if (!dry) setStep("done");
    } catch (problem) {
      if (!signal.aborted) setError(problem);
    }
  }

  function take(chosen: File | undefined): void {
    if (!chosen) return;
    setFile(chosen);
    void run(chosen, format, true);
  }

  const counts = report?.end?.counts ?? {};
  const makes = (counts["would be made"] ?? 0) + (counts["there"] ?? 0);
  const busy = error === null && (step === "import" || (step === "look" && !report?.end));
  const wrong = error instanceof Error && !problemOf(error, "file") ? (problemOf(error) ?? error.message) : problemOf(error, "file");
  return (
    <Dialog title={text.title} close={close}>
      <div class="stack">
        {step !== "import" && step !== "done" && <Choose file={file} take={take} />}
        {file && step === "look" && (
          <SelectField
            label={text.format}
            name="format"
            value={format}
            change={(as) => {
              setFormat(as);
              void run(file, as, true);
            }}
            options={[["", report?.title ? fill(text.found, { service: report.title }) : text.guess], ...SERVICES, ["csv", text.ownTable]]}
          />
        )}
        {error !== null && (
          <p class="problem" role="alert">
            {wrong}
          </p>
        )}
        {busy && (
          <div role="status" class="stack">
            <p>{fill(step === "import" ? text.goesOn : text.looking, { n: whole(report?.found.length ?? 0), all: whole(report?.entries ?? 0) })}</p>
            <progress max={report?.entries || 1} value={report?.found.length ?? 0} aria-label={text.title} />
          </div>
        )}
        {report?.end && <Found report={report} done={step === "done"} />}
        {step === "look" && report?.end && (
          <>
            <SelectField label={text.folder} name="into" value={folder} change={setFolder} options={[[NEW, fill(text.newFolder, { name: folderName(report, file) })], ["", text.noFolder], ...folders.map((one): [string, string] => [one.id, one.name])]} />
            <div class="row">
              <button type="button" class="button button-primary" disabled={makes === 0} onClick={() => file && void run(file, format, false)}>
                {fill(text.go, { n: whole(makes) })}
              </button>
              <button type="button" class="button" onClick={close}>
                {words().cancel}
              </button>
            </div>
          </>
        )}
        {step === "import" && error !== null && (
          <div class="row">
            <button type="button" class="button button-primary" onClick={() => file && void run(file, format, false)}>
              {text.again}
            </button>
          </div>
        )}
        {step === "done" && report && (
          <div class="row">
            <button type="button" class="button button-primary" onClick={() => done(into)}>
              {into ? text.showFolder : text.showCodes}
            </button>
            <button type="button" class="button" onClick={() => saveFile(new Blob([csvOf(report.found)], { type: "text/csv" }), "import.csv")}>
              <Icon name="download" />
              {text.report}
            </button>
          </div>
        )}
      </div>
    </Dialog>
  );
}

/** Of the service, or of the file if it is no service's; and of the day. */
function folderName(report: Report | null, file: File | null): string {
  const source = report && report.format !== "csv" ? report.title : (file?.name.replace(/\.\w+$/, "").slice(0, 80) ?? "");
  return `${source}, ${new Date().toISOString().slice(0, 10)}`;
}

async function newFolder(name: string): Promise<string> {
  const { body } = await call<Folder>("POST", "/v1/folders", { body: { name } });
  void cache.invalidateQueries({ queryKey: ["folders"] });
  return body.id;
}

function Choose({ file, take }: { file: File | null; take: (file: File | undefined) => void }) {
  const { importing: text } = words();
  const drop = useDrop(([chosen]) => take(chosen));
  return (
    <div {...drop} class={`${drop.class} import-drop`}>
      <Icon name="file-input" />
      {file ? <bdi>{file.name}</bdi> : <p>{text.drop}</p>}
      <label class="button drop-choose">
        {file ? text.other : text.choose}
        <input
          class="visually-hidden"
          type="file"
          name="export"
          accept=".csv,.tsv,.txt,.json,.ndjson,text/csv,application/json"
          onChange={(event) => {
            take(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
      </label>
      <p class="hint">{text.about}</p>
    </div>
  );
}

function Found({ report, done }: { report: Report; done: boolean }) {
  const { importing: text } = words();
  const counts = report.end?.counts ?? {};
  const told = notable(report.found);
  return (
    <>
      <div role="status">
        <ul class="import-counts">
          {(["made", "would be made", "there", "skipped"] as const).map((outcome) =>
            counts[outcome] ? (
              <li key={outcome} class={outcome === "skipped" ? "import-skipped" : undefined}>
                <strong class="number">{whole(counts[outcome])}</strong> {text.outcomes[outcome]}
              </li>
            ) : null,
          )}
        </ul>
      </div>
      {report.missing > 0 && <p class="notice">{fill(text.missing, { n: whole(report.missing) })}</p>}
      {told.length > 0 && (
        <details open={!done}>
          <summary>{fill(text.told, { n: whole(told.length) })}</summary>
          <div class="many-preview" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{text.entry}</th>
                  <th scope="col">{words().codes.slug}</th>
                  <th scope="col">{text.why}</th>
                </tr>
              </thead>
              <tbody>
                {told.slice(0, SHOWN).map((one) => (
                  <tr key={one.entry}>
                    <td class="number">{one.entry}</td>
                    <td>
                      <bdi class="mono">{one.slug || "–"}</bdi>
                    </td>
                    <td>
                      {one.reason && (
                        <p class="problem">
                          <bdi>{one.reason}</bdi>
                        </p>
                      )}
                      {one.left_out.length > 0 && <p>{fill(text.without, { what: one.left_out.join(", ") })}</p>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {told.length > SHOWN && <p class="hint">{fill(text.more, { n: whole(told.length - SHOWN) })}</p>}
        </details>
      )}
    </>
  );
}
