/* The world with the scans of each country. Loaded when it is seen. The list of countries beside it is its twin. */

import { choose } from "../state/view";
import { words } from "../text";
import { countryName, whole } from "../text/numbers";
import world from "../assets/world.json";

const STEPS = 6;

export default function World({ counts }: { counts: Record<string, number> }) {
  const most = Math.max(1, ...Object.values(counts));
  return (
    <svg class="world" viewBox={`0 0 ${world.width} ${world.height}`} role="img" aria-label={words().panels.map}>
      {Object.entries(world.paths as Record<string, string>).map(([letters, path]) => {
        const n = counts[letters] ?? 0;
        // By the root, since one country usually has most of them.
        const step = n === 0 ? 0 : Math.max(1, Math.ceil(Math.sqrt(n / most) * (STEPS - 1)));
        return (
          <path key={letters} d={path} class={`heat heat-${step}`} onClick={n ? () => choose("scan:country", letters) : undefined}>
            <title>{`${countryName(letters)}: ${whole(n)}`}</title>
          </path>
        );
      })}
    </svg>
  );
}
