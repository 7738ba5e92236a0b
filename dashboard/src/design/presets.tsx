/* Looks to begin with, and the styles that the workspace keeps. */

import { useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import { Icon } from "../components/icon";
import { TextField, problemOf } from "../components/forms";
import { mayWrite } from "../state/session";
import { showToast } from "../state/toasts";
import { fill, words } from "../text";
import { deleteStyle, saveStyle, savedStyles, type Kept } from "./api";
import { PRESETS, PLAIN, designOf, styleOf, type Design } from "./style";

export function Presets({ design, use }: { design: Design; use: (design: Design) => void }) {
  const { design: text } = words();
  const kept = useAnswer<Kept[]>({ key: ["styles"], fetch: savedStyles });
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>(null);

  async function keep(): Promise<void> {
    setError(null);
    try {
      await saveStyle(name.trim(), styleOf(design));
      setNaming(false);
      setName("");
      showToast(text.kept);
    } catch (problem) {
      setError(problem);
    }
  }

  async function drop(one: Kept): Promise<void> {
    try {
      await deleteStyle(one.id);
      showToast(fill(text.dropped, { name: one.name }), { label: words().undo, run: () => void saveStyle(one.name, one.style).catch(setError) });
    } catch (problem) {
      setError(problem);
    }
  }

  return (
    <section class="card stack">
      <h2>{text.looks}</h2>
      <div class="looks">
        {PRESETS.map((look) => {
          const whole = { ...PLAIN, ...look.design };
          return <Look key={look.name} name={text.lookNames[look.name] ?? look.name} design={whole} use={() => use({ ...whole, logo: design.logo, frame: design.frame })} />;
        })}
        {kept.data?.map((one) => (
          <span class="look-kept" key={one.id}>
            <Look name={one.name} design={designOf(one.style)} use={() => use(designOf(one.style))} />
            {mayWrite() && (
              <button type="button" class="button button-plain look-drop" aria-label={fill(text.drop, { name: one.name })} title={fill(text.drop, { name: one.name })} onClick={() => void drop(one)}>
                <Icon name="x" />
              </button>
            )}
          </span>
        ))}
      </div>
      {naming ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void keep();
          }}
        >
          <TextField label={text.keepName} name="style-name" value={name} change={setName} required problem={problemOf(error, "name") ?? problemOf(error)}>
            <button class="button button-primary">{words().save}</button>
            <button type="button" class="button" onClick={() => setNaming(false)}>
              {words().cancel}
            </button>
          </TextField>
        </form>
      ) : (
        mayWrite() && (
          <div class="row">
            <button type="button" class="button" onClick={() => setNaming(true)}>
              <Icon name="bookmark-plus" />
              {text.keep}
            </button>
            {error !== null && <span class="problem">{problemOf(error)}</span>}
          </div>
        )
      )}
    </section>
  );
}

function Look({ name, design, use }: { name: string; design: Design; use: () => void }) {
  const colour = (text: string): string => (/^#[\da-f]{6}$/.test(text) ? text : "#ffffff");
  const last = design.gradient?.colors.at(-1) ?? design.eyeColor ?? design.color;
  return (
    <button type="button" class="button look" onClick={use}>
      <svg class="swatch" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="11.5" fill={colour(design.background)} class="swatch-edge" />
        <path d="M12 4a8 8 0 0 0 0 16Z" fill={colour(design.gradient?.colors[0] ?? design.color)} />
        <path d="M12 4a8 8 0 0 1 0 16Z" fill={colour(last)} />
      </svg>
      <bdi>{name}</bdi>
    </button>
  );
}
