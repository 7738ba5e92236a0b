/* One icon of the sprite that the build makes from lucide. */

import sprite from "../assets/icons.svg";

export function Icon({ name, label }: { name: string; label?: string }) {
  return (
    <svg class="icon" {...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" })}>
      <use href={`${sprite}#${name}`} />
    </svg>
  );
}
