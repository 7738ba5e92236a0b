/* Which of the dialogs that belong to no page is open. */

import { signal } from "@preact/signals";

export const opened = signal<"palette" | "shortcuts" | "save" | null>(null);
