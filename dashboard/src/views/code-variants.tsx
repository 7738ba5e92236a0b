/* Several destinations that share the scans: what each is to get, what it got, and whether chance explains the difference. */

import { useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import type { CodeEdit } from "../api/codes";
import { ask, type Answered } from "../api/questions";
import { CardForm } from "../components/card-form";
import { Check, SelectField } from "../components/fields";
import { TextField, problemOf } from "../components/forms";
import { Icon } from "../components/icon";
import { useEdit, type PartProps } from "../components/use-edit";
import { chance } from "../logic/chance";
import { mayWrite } from "../state/session";
import { base, view } from "../state/view";
import { fill, words } from "../text";
import { percent, whole } from "../text/numbers";

const MOST = 10;
const RARE = 0.05;

type Variant = PartProps["code"]["variants"][number];
type Draft = Pick<Variant, "url" | "weight" | "label" | "active"> & Partial<Variant>;

export default function CodeVariants(props: PartProps) {
  const { code } = props;
  return (
    <div class="code-parts">
      <Edit key={JSON.stringify([code.variants, code.sticky])} {...props} />
      {code.variants.length > 0 && <Results {...props} />}
    </div>
  );
}

function Edit(props: PartProps) {
  const { code } = props;
  const { variants: text, codes } = words();
  const { save, busy, error } = useEdit(props);
  const [variants, setVariants] = useState<Draft[]>(code.variants);
  const [sticky, setSticky] = useState<string>(code.sticky);
  const total = variants.reduce((sum, one) => sum + (one.active ? one.weight : 0), 0);
  const put = (at: number, change: Partial<Draft>) => setVariants(variants.map((one, index) => (index === at ? { ...one, ...change } : one)));
  const add = () => setVariants([...variants, ...(variants.length === 0 ? [{ url: code.destination, weight: 50, label: null, active: true }] : []), { url: "https://", weight: 50, label: null, active: true }]);
  const before = { variants: code.variants, sticky: code.sticky };
  const after = { variants: variants.map((one) => ({ ...one, url: one.url.trim() })), sticky };
  return (
    <CardForm title={text.title} about={text.about} busy={busy} error={error} locked={code.locked} fields={variants.flatMap((_, at) => [`variants[${at}].url`, `variants[${at}].weight`, `variants[${at}].label`])} changed={JSON.stringify(before) !== JSON.stringify(after)} submit={() => void save(after as unknown as CodeEdit, before as unknown as CodeEdit)}>
      {variants.length === 0 && <p class="muted">{text.none}</p>}
      {variants.map((one, at) => (
        <div key={one.id ?? `new ${at}`} class="variant">
          <span class="badge variant-key">{one.key ?? "?"}</span>
          <TextField label={codes.destination} name={`url-${at}`} type="url" required value={one.url} change={(url) => put(at, { url })} problem={problemOf(error, `variants[${at}].url`)} />
          <TextField label={codes.label} name={`label-${at}`} value={one.label ?? ""} change={(label) => put(at, { label: label === "" ? null : label })} problem={problemOf(error, `variants[${at}].label`)} />
          <TextField label={text.weight} name={`weight-${at}`} type="number" required value={String(one.weight)} change={(weight) => put(at, { weight: Math.max(0, Math.trunc(Number(weight))) })} hint={one.active && total > 0 ? percent(one.weight / total) : text.off} problem={problemOf(error, `variants[${at}].weight`)} />
          <div class="row variant-acts">
            <Check checked={one.active} change={(active) => put(at, { active })}>
              {text.active}
            </Check>
            <button type="button" class="button button-plain" aria-label={`${codes.delete}: ${one.key ?? at + 1}`} onClick={() => setVariants(variants.filter((_, index) => index !== at))}>
              <Icon name="trash-2" />
            </button>
          </div>
        </div>
      ))}
      {mayWrite() && variants.length < MOST && (
        <div class="row">
          <button type="button" class="button" onClick={add}>
            <Icon name="plus" />
            {text.add}
          </button>
        </div>
      )}
      {variants.length > 0 && <SelectField label={text.sticky} name="sticky" value={sticky} change={setSticky} options={(["visitor", "cookie", "none"] as const).map((one) => [one, text.stickies[one]])} />}
    </CardForm>
  );
}

/** Of all time: by scans where each scan is drawn anew, else by visitors, of whom each is drawn once a day. */
function Results({ code }: PartProps) {
  const { variants: text } = words();
  const { compare: _, ...asked } = base({ ...view.value, period: "all", filters: [] }, code.id);
  const answer = useAnswer<Answered>({ key: ["variants", asked], fetch: (signal) => ask({ ...asked, metrics: ["scans", "visitors"], dimensions: ["scan:variant"], pagination: { limit: 100 } }, signal) });
  const rows = new Map((answer.data?.results ?? []).map((row) => [String(row.dimensions[0]), row.metrics.map(Number)]));
  const by = code.sticky === "none" ? 0 : 1;
  const weights = code.variants.reduce((sum, one) => sum + (one.active ? one.weight : 0), 0);
  const scans = code.variants.reduce((sum, one) => sum + (rows.get(one.key)?.[0] ?? 0), 0);
  const p = chance(code.variants.map((one) => ({ seen: rows.get(one.key)?.[by] ?? 0, weight: one.active ? one.weight : 0 })));
  return (
    <section class="card stack" aria-busy={answer.isFetching}>
      <div class="card-head">
        <h2>{text.results}</h2>
      </div>
      {answer.data ? (
        <>
          <div class="table-scroll" tabIndex={0}>
            <table class="plain-table">
              <thead>
                <tr>
                  <th scope="col">{words().dimensions["scan:variant"]}</th>
                  <th scope="col" class="number">{words().metrics.scans}</th>
                  <th scope="col" class="number">{words().metrics.visitors}</th>
                  <th scope="col" class="number">{words().metrics.share}</th>
                  <th scope="col" class="number">{text.promised}</th>
                </tr>
              </thead>
              <tbody>
                {code.variants.map((one) => {
                  const [n = 0, people = 0] = rows.get(one.key) ?? [];
                  return (
                    <tr key={one.id}>
                      <th scope="row">
                        <span class="badge">{one.key}</span> <bdi>{one.label ?? one.url}</bdi>
                      </th>
                      <td class="number">{whole(n)}</td>
                      <td class="number">{whole(people)}</td>
                      <td class="number">{scans > 0 ? percent(n / scans) : "–"}</td>
                      <td class="number">{one.active && weights > 0 ? percent(one.weight / weights) : "–"}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
          <p role="status">{p === null ? text.tooFew : fill(p < RARE ? text.beyond : text.within, { p: percent(p, p < 0.001 ? 4 : 1) })}</p>
          <p class="hint">{by === 0 ? text.byScans : text.byVisitors}</p>
        </>
      ) : (
        <div class="skeleton panel-skeleton" />
      )}
    </section>
  );
}
