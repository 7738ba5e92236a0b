/* A logo: dropped, chosen or pasted. It is scaled here and uploaded at once. */

import { useId, useState } from "preact/hooks";
import { Icon } from "../components/icon";
import { problemOf } from "../components/forms";
import { useDrop } from "../components/use-drop";
import { words } from "../text";
import { NoPicture, uploadLogo } from "./api";
import type { Logo } from "./style";

export function LogoField({ logo, change, problem }: { logo: Logo | null; change: (image: string | null) => void; problem?: string | undefined }) {
  const { design: text } = words();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function take(file: File | undefined): Promise<void> {
    if (!file) return;
    setBusy(true);
    setError(null);
    try {
      change(await uploadLogo(file));
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  }

  const trouble = error instanceof NoPicture ? text.noPicture : (problemOf(error) ?? problem);
  const drop = useDrop(([file]) => void take(file));
  return (
    <div class="field">
      <label {...drop} for={id}>
        <Icon name={logo ? "image-up" : "image-plus"} />
        <span>{busy ? words().loading : logo ? text.otherLogo : text.dropLogo}</span>
        <input
          id={id}
          type="file"
          name="logo"
          class="visually-hidden"
          accept="image/*"
          aria-describedby={`${id}-problem`}
          onChange={(event) => {
            const input = event.currentTarget;
            void take(input.files?.[0]).then(() => {
              input.value = "";
            });
          }}
        />
      </label>
      <p id={`${id}-problem`} class={trouble ? "problem" : "hint"} role={trouble ? "alert" : undefined}>
        {trouble ?? text.logoHint}
      </p>
      {logo && (
        <div class="row">
          <button type="button" class="button" onClick={() => change(null)}>
            <Icon name="trash-2" />
            {text.dropTheLogo}
          </button>
        </div>
      )}
    </div>
  );
}
