/* The saved picture as a file, in the size that is printed. */

import { useId, useState } from "preact/hooks";
import { Icon } from "../components/icon";
import { fill, language, words } from "../text";
import { whole } from "../text/numbers";
import type { Preview } from "./api";
import { Tiles } from "./controls";
import { DPI, FINE, FORMATS, widthBounds, moduleSize, requestSize, type Format } from "./sizes";

const USUAL_MM = [20, 30, 50, 100, 200] as const;

export function Download({ code, slug, preview, unsaved }: { code: string; slug: string; preview: Preview | null; unsaved: boolean }) {
  const { design: text } = words();
  const id = useId();
  const [format, setFormat] = useState<Format>("png");
  const [mm, setMm] = useState("50");
  const [dpi, setDpi] = useState<number>(300);
  const wide = Number(mm.replace(",", "."));
  const [low, high] = widthBounds(format, dpi);
  const fits = wide >= low && wide <= high;
  const pixels = requestSize(format, wide, dpi);
  const print = preview && fits ? moduleSize(wide, preview.width, preview.modules) : null;
  const one = (value: number): string => value.toLocaleString(language.value, { maximumFractionDigits: 2 });
  return (
    <section class="card stack design-file">
      <h2>{text.download}</h2>
      <Tiles title={text.format} name="format" value={format} change={(value) => setFormat(value as Format)} choices={FORMATS.map((value) => ({ value, name: value.toUpperCase() }))} />
      <div class="design-pair">
        <div class="field">
          <label class="label" for={`${id}-mm`}>
            {text.width}
          </label>
          <input id={`${id}-mm`} name="mm" class="input number" inputmode="decimal" list={`${id}-usual`} value={mm} aria-invalid={!fits} aria-describedby={`${id}-hint`} onInput={(event) => setMm(event.currentTarget.value)} />
          <datalist id={`${id}-usual`}>
            {USUAL_MM.map((value) => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </div>
        {format === "png" && (
          <div class="field">
            <label class="label" for={`${id}-dpi`}>
              {text.dpi}
            </label>
            <select id={`${id}-dpi`} name="dpi" class="input" value={dpi} onChange={(event) => setDpi(Number(event.currentTarget.value))}>
              {DPI.map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </div>
        )}
      </div>
      <p id={`${id}-hint`} class={fits ? "hint" : "problem"}>
        {!fits
          ? fill(text.sizeBounds, { low: whole(low), high: whole(high) })
          : [format === "png" ? fill(text.pixels, { pixels: whole(pixels) }) : "", print ? fill(text.printed, { module: one(print.module), distance: whole(print.distanceCm) }) : ""].filter(Boolean).join(" · ")}
      </p>
      {print && print.module < FINE && <p class="problem">{text.fine}</p>}
      {unsaved || !fits ? (
        <button type="button" class="button" disabled>
          <Icon name="download" />
          {text.download}
        </button>
      ) : (
        <a class="button" href={`/v1/dynamic/${code}/qr?format=${format}&size=${pixels}`} download={`${slug.replace(/\//g, "-")}.${format}`}>
          <Icon name="download" />
          {fill(text.downloadAs, { format: format.toUpperCase() })}
        </a>
      )}
      {unsaved && <p class="hint">{text.saveFirst}</p>}
    </section>
  );
}
