/* A picture of the workspace: dropped or chosen, scaled and uploaded at once, or removed. */

import { useId, useState } from "preact/hooks";
import { problemOf } from "../components/forms";
import { Icon } from "../components/icon";
import { useDrop } from "../components/use-drop";
import { NoPicture, uploadLogo } from "../design/api";
import { words } from "../text";

export function PictureField({ label, name, file, change, problem, hint }: { label: string; name: string; file: string; change: (file: string) => void; problem?: string | undefined; hint: string }) {
  const { design: text, settings } = words();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function take(picture: File | undefined): Promise<void> {
    if (!picture) return;
    setBusy(true);
    setError(null);
    try {
      change(await uploadLogo(picture));
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  }

  const wrong = error instanceof NoPicture ? text.noPicture : (problemOf(error) ?? problem);
  const drop = useDrop(([picture]) => void take(picture));
  return (
    <div class="field">
      <span class="label">{label}</span>
      <div {...drop} class={`${drop.class} picture-drop`}>
        <label class="button button-plain" for={id}>
          <Icon name={file ? "image-up" : "image-plus"} />
          {busy ? words().loading : file ? settings.branding.replace : settings.branding.choose}
        </label>
        <input
          id={id}
          type="file"
          name={name}
          class="visually-hidden"
          accept="image/*"
          aria-label={label}
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            const input = event.currentTarget;
            void take(input.files?.[0]).then(() => {
              input.value = "";
            });
          }}
        />
        {file && (
          <button type="button" class="button button-plain" aria-label={`${settings.branding.remove}: ${label}`} onClick={() => change("")}>
            <Icon name="x" />
          </button>
        )}
      </div>
      <p id={`${id}-hint`} class={wrong ? "problem" : "hint"} role={wrong ? "alert" : undefined}>
        {wrong ?? hint}
      </p>
    </div>
  );
}
