import { expect, test } from "vitest";
import { codeEn } from "../src/text/code-en";
import { en } from "../src/text/en";

function leaves(group: object, path: string[] = []): string[][] {
  return Object.entries(group).flatMap(([name, value]) => (typeof value === "string" ? [[...path, name]] : leaves(value as object, [...path, name])));
}

test("each word is used", () => {
  const files = import.meta.glob<string>(["../src/**/*.{ts,tsx}", "!../src/text/*"], { query: "?raw", import: "default", eager: true });
  const code = Object.values(files).join("\n");
  const read = new Set([...code.matchAll(/\.(\w+)|"(\w+_\w+)"/g)].map((match) => match[1] ?? match[2]));
  for (const [, names] of code.matchAll(/\{([^{}]*)\} = (?:words|codeWords)\(\)/g)) for (const name of names?.match(/\w+/g) ?? []) read.add(name);
  // A group whose words are looked up by a value: `kinds[kind]`.
  const byValue = new Set([...code.matchAll(/(\w+)(?: as Record<string, string>\))?(?:\?\.)?\[(?!")/g)].map((match) => match[1]));
  const unused = leaves({ ...en, ...codeEn }).filter((path) => !read.has(path.at(-1)) && !byValue.has(path.at(-2)));
  expect(unused.map((path) => path.join("."))).toEqual([]);
});
