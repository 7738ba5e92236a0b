import { signal } from "@preact/signals";
import { sharedToken } from "./shared";
import { recall, remember } from "./storage";

export type Theme = "auto" | "light" | "dark";
// Whoever embeds a shared view says how it looks there.
const wanted = sharedToken === null ? recall("theme") : new URLSearchParams(location.search).get("theme");
export const theme = signal<Theme>(wanted === "light" || wanted === "dark" ? wanted : "auto");

export function setTheme(name: Theme): void {
  theme.value = name;
  remember("theme", name);
  apply(name);
}

function apply(name: Theme): void {
  if (name === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = name;
}
apply(theme.value);
