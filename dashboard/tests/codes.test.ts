import { expect, test } from "vitest";
import { repointed } from "../src/logic/repoint";
import { readTable } from "../src/logic/table";
import { readWanted, writeWanted } from "../src/logic/wanted";

test("what is listed is in the address, beside what else is there", () => {
  const wanted = { q: "harbour wall", folder: "f", tag: "a&b", status: "paused", sort: "last" as const };
  const address = writeWanted("?period=7d&new=1", wanted);
  expect(readWanted(address)).toEqual(wanted);
  expect(address).toContain("period=7d");
  expect(address).not.toContain("new=");
  expect(writeWanted(address, readWanted("?status=x&sort=y"))).toBe("?period=7d");
});

test("destinations change by a text or by a pattern", () => {
  const code = (destination: string, more = {}) => ({ destination, type: "website", locked: false, ...more });
  const codes = [code("https://a.example/x?a=1"), code("https://b.example/y"), code("https://a.example/z", { locked: true }), code("https://a.example/q", { type: "pdf" })];
  expect(repointed(codes, "a.example", "$&.c", false).map((one) => one.after)).toEqual(["https://$&.c/x?a=1"]);
  expect(repointed(codes, "^https://(\\w)\\.", "https://$1$1.", true).map((one) => one.after)).toEqual(["https://aa.example/x?a=1", "https://bb.example/y"]);
  expect(repointed(codes, "(", "x", true)).toEqual([]);
  expect(repointed(codes, "", "x", false)).toEqual([]);
});

test("a pasted table says what is wrong with each line", () => {
  const { lines, header } = readTable('\ufeffName;URL;Slug;Tags;Else\r\n"A; ""b""\r\nc";https://x.example;abc;p, q;1\r\n\r\nD;ftp://x;;;\r\nE;https://y.example;abc;;\r\nF;https://y.example;A b;;');
  expect(header).toContain("Name");
  expect(lines.map((line) => [line.number, line.flaw])).toEqual([[2, null], [5, "destination"], [6, "twice"], [7, "slug"]]);
  expect(lines[0]?.item).toEqual({ label: 'A; "b"\nc', destination: "https://x.example", slug: "abc", tags: ["p", "q"] });
});

test("without a header the first column is the address", () => {
  expect(readTable("https://a.example/?q=1\nhttps://b.example\n").lines.map((line) => line.item)).toEqual([{ destination: "https://a.example/?q=1" }, { destination: "https://b.example" }]);
  expect(readTable("https://a.example\tA\tslug-1").lines[0]?.item).toEqual({ destination: "https://a.example", label: "A", slug: "slug-1" });
  expect(readTable("").lines).toEqual([]);
});
