/* The days that the page shows, as the API understood the period; undefined where there is none to shift. */

import { signal } from "@preact/signals";

export const visibleRange = signal<[string, string] | undefined>(undefined);
