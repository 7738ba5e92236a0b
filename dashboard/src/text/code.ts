/* Words of the parts of one code (tester, history, forms of pages). They are loaded with those views. */

import { language } from "./index";
import { codeDe } from "./code-de";
import { codeEn, type CodeCatalogue } from "./code-en";

const catalogues: Record<string, CodeCatalogue> = { en: codeEn, de: codeDe };

export function codeWords(): CodeCatalogue {
  return catalogues[language.value] ?? codeEn;
}
