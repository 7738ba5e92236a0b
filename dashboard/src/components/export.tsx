/* What is seen, to take along: rows as CSV, a chart as picture or drawing, the view as a link. */

import { askFile, type Question } from "../api/questions";
import { sharedToken } from "../state/shared";
import { showToast } from "../state/toasts";
import { words } from "../text";
import { problemOf } from "./forms";
import { Icon } from "./icon";
import { saveFile } from "./save-file";

interface Props {
  name: string;
  /** Null: nothing can be taken along. */
  question: Question | null;
  /** Draws the chart as the text of an SVG file. */
  drawing?: () => Promise<string>;
}

export function Export({ name, question, drawing }: Props) {
  const { panels } = words();
  if (question === null || sharedToken !== null) return null;
  const file = `waymark-${name}-${new Date().toISOString().slice(0, 10)}`;
  const run = (work: () => Promise<void>) => (event: MouseEvent) => {
    (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
    work().catch((error: unknown) => showToast(problemOf(error) ?? ""));
  };
  return (
    <details class="menu menu-export">
      <summary class="button button-plain" aria-label={panels.export} title={panels.export}>
        <Icon name="download" />
      </summary>
      <div class="menu-body">
        <button type="button" class="button button-plain" onClick={run(async () => saveFile(await askFile(question), `${file}.csv`))}>
          <Icon name="table" />
          {panels.csv}
        </button>
        {drawing && (
          <>
            <button type="button" class="button button-plain" onClick={run(async () => saveFile(await picture(await drawing()), `${file}.png`))}>
              <Icon name="image" />
              {panels.png}
            </button>
            <button type="button" class="button button-plain" onClick={run(async () => saveFile(new Blob([await drawing()], { type: "image/svg+xml" }), `${file}.svg`))}>
              <Icon name="pen-tool" />
              {panels.svg}
            </button>
          </>
        )}
        <button
          type="button"
          class="button button-plain"
          onClick={run(async () => {
            await navigator.clipboard.writeText(location.href);
            showToast(words().copied);
          })}
        >
          <Icon name="link" />
          {panels.link}
        </button>
      </div>
    </details>
  );
}

/** Twice as fine as the drawing, for print and slides. */
async function picture(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture")))));
  } finally {
    URL.revokeObjectURL(address);
  }
}
