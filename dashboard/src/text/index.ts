/* All words of the dashboard, in one catalogue for each language. A third language is one more file and one line here. */

import { signal } from "@preact/signals";
import { recall, remember } from "../state/storage";
import { de } from "./de";
import { en, type Catalogue } from "./en";

const catalogues: Record<string, Catalogue> = { en, de };
export const languages: Record<string, string> = { en: "English", de: "Deutsch" };

function preferred(): string {
  const kept = recall("language");
  const wanted = [kept, ...navigator.languages].filter((one): one is string => one !== null);
  return wanted.map((one) => one.slice(0, 2).toLowerCase()).find((one) => one in catalogues) ?? "en";
}

export const language = signal(preferred());

export function setLanguage(name: string): void {
  remember("language", name);
  language.value = name;
  document.documentElement.lang = name;
}

/** The catalogue of the language that is spoken. Reading it in a component redraws that when it changes. */
export function words(): Catalogue {
  return catalogues[language.value] ?? en;
}

/** `{name}` in a text is replaced. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
