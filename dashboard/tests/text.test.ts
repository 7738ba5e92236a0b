import { expect, test } from "vitest";
import { codeDe } from "../src/text/code-de";
import { codeEn } from "../src/text/code-en";
import { de } from "../src/text/de";
import { en } from "../src/text/en";

function flat(catalogue: object, path = ""): [string, string][] {
  return Object.entries(catalogue).flatMap(([name, value]): [string, string][] => (typeof value === "string" ? [[`${path}.${name}`, value]] : flat(value as object, `${path}.${name}`)));
}

test("every language says everything, with the same values in it", () => {
  const holes = (catalogue: object) => flat(catalogue).map(([name, text]) => `${name} ${(text.match(/\{\w+\}/g) ?? []).sort().join(" ")}`);
  expect(holes(de)).toEqual(holes(en));
  expect(holes(codeDe)).toEqual(holes(codeEn));
});

test("nothing is left in English by mistake", () => {
  const same = new Set(["in {where}", "Waymark", "Codes", "Code", "Scans", "Browser", "App", "System", "Region", "Name", "Tablet", "Link", "NFC", "Domain", "Bots", "Medium", "Logo", "Branding", "Text", "Reserve", "Format", "CSV", "Domains", "Webhooks", "Redis", "Aggregator", "Apps", "DE, AT", "de, fr-CH", "09:00-17:30, 22:00-02:00", "Links", "Instagram", "Facebook", "X (Twitter)", "LinkedIn", "YouTube", "TikTok", "Parameters"]);
  const german = new Map([...flat(de), ...flat(codeDe)]);
  expect([...flat(en), ...flat(codeEn)].filter(([name, text]) => german.get(name) === text && !same.has(text))).toEqual([]);
});
