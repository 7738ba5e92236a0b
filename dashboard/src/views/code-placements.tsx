/* The prints of a code, told apart by a label in their link: each with its picture and its scans. */

import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import { call } from "../api/client";
import { ask, type Answered } from "../api/questions";
import { SelectField } from "../components/fields";
import { problemOf } from "../components/forms";
import { Icon } from "../components/icon";
import { saveFile } from "../components/save-file";
import { Trouble } from "../components/trouble";
import type { PartProps } from "../components/use-edit";
import { base, choose, viewQuery, view } from "../state/view";
import { fill, words } from "../text";
import { ago, whole } from "../text/numbers";

const MOST = 500;
const PICTURES = 60;

export default function CodePlacements({ code }: PartProps) {
  const { placements: text } = words();
  const { route } = useLocation();
  const [typed, setTyped] = useState("");
  const [format, setFormat] = useState("png");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { compare: _, ...asked } = base({ ...view.value, period: "all", filters: [] }, code.id);
  const answer = useAnswer<Answered>({ key: ["placements", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans", "last_scan"], dimensions: ["scan:placement"], order_by: [["scans", "desc"]], pagination: { limit: MOST } }, signal) });
  const rows = (answer.data?.results ?? []).filter((row) => row.dimensions[0] !== "");
  const used = rows.map((row) => String(row.dimensions[0]));
  const added = [...new Set(typed.split("\n").map((one) => one.trim()).filter(Boolean))].filter((one) => !used.includes(one));
  const all = [...added, ...used].slice(0, MOST);

  async function save(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const { body } = await call<Blob>("POST", `/v1/dynamic/${code.id}/qr/placements`, { body: { placements: all, format, size: 1024 }, accept: "application/zip" });
      saveFile(body, `${code.slug.replace(/\//g, "-")}-placements.zip`);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }

  const picture = (placement: string, kind: string) => `/v1/dynamic/${code.id}/qr?format=${kind}&size=${kind === "png" ? 1024 : 256}&placement=${encodeURIComponent(placement)}`;
  return (
    <div class="code-parts">
      <section class="card stack">
        <h2>{text.title}</h2>
        <p class="hint">{text.about}</p>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <label class="field">
            <span>{text.add}</span>
            <textarea class="input" name="placements" rows={3} dir="auto" value={typed} placeholder={text.example} onInput={(event) => setTyped(event.currentTarget.value)} />
          </label>
          {error !== null && (
            <p class="problem" role="alert">
              {problemOf(error)}
            </p>
          )}
          <div class="row placement-save">
            <SelectField hidden label={text.format} name="format" value={format} change={setFormat} options={["png", "svg", "pdf", "eps"].map((one) => [one, one.toUpperCase()])} />
            <button class="button button-primary" disabled={busy || all.length === 0}>
              <Icon name="download" />
              {fill(text.zip, { n: whole(all.length) })}
            </button>
          </div>
        </form>
      </section>
      {answer.error && !answer.data && <Trouble error={answer.error} retry={() => void answer.refetch()} />}
      {all.length > 0 && (
        <ul class="placements">
          {all.slice(0, PICTURES).map((placement) => {
            const row = rows.find((one) => one.dimensions[0] === placement);
            return (
              <li key={placement} class="card placement">
                <img src={picture(placement, "svg")} alt="" width="112" height="112" loading="lazy" />
                <div class="placement-facts">
                  <strong>
                    <bdi>{placement}</bdi>
                  </strong>
                  <span class="muted placement-use">{row ? fill(text.used, { n: whole(Number(row.metrics[0])), ago: row.metrics[1] ? ago(String(row.metrics[1]), Date.now(), "short") : "" }) : text.unused}</span>
                  <div class="row">
                    <a class="button" href={picture(placement, "png")} download={`${placement.replace(/[^\w.-]+/g, "-")}.png`}>
                      PNG
                    </a>
                    {row && (
                      <button
                        type="button"
                        class="button button-plain"
                        onClick={() => {
                          choose("scan:placement", placement);
                          route(`/codes/${code.id}${viewQuery.value}`);
                        }}
                      >
                        {text.scans}
                      </button>
                    )}
                  </div>
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
