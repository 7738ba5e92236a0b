import { expect, test } from "vitest";
import type { Entry } from "../src/api/import";
import { csvOf, notable } from "../src/logic/import-report";

const MADE: Entry = { entry: 2, outcome: "made", slug: "menu", aliases: ["m", "n"], destination: "https://example.com/?a=1,2", id: "1", reason: "", left_out: [] };
const LOST: Entry = { ...MADE, entry: 3, left_out: ["colour"] };
const SKIPPED: Entry = { ...MADE, entry: 4, outcome: "skipped", slug: "=cmd", reason: 'slug: "x" is taken' };

test("what was skipped comes first, then what lost something", () => {
  expect(notable([MADE, LOST, SKIPPED])).toEqual([SKIPPED, LOST]);
});

test("the table has every entry, and no formula", () => {
  const [head, made, , skipped] = csvOf([MADE, LOST, SKIPPED]).split("\r\n");
  expect(head).toBe("entry,outcome,slug,aliases,destination,id,reason,left out");
  expect(made).toBe('2,made,menu,m n,"https://example.com/?a=1,2",1,,');
  expect(skipped).toBe('4,skipped,\'=cmd,m n,"https://example.com/?a=1,2",1,"slug: ""x"" is taken",');
});
