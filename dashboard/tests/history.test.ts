import { expect, test } from "vitest";
import { valueText } from "../src/logic/history";
import { codeEn } from "../src/text/code-en";

test("values of the history read as people would write them", () => {
  const shown = (field: string, value: unknown) => valueText(field, value, codeEn.history);
  expect(["", null, [], {}].map((value) => shown("label", value))).toEqual(["(none)", "(none)", "(none)", "(none)"]);
  expect(shown("tags", ["a", "b"])).toBe("a, b");
  expect(shown("has_password", true)).toBe("yes");
  expect(shown("variants", [{ url: "https://a.example", weight: 3 }, { url: "https://b.example", weight: 1, active: false }])).toBe("https://a.example (3), https://b.example (1) (off)");
  expect(shown("content", { text: "x".repeat(500) }).length).toBe(301);
});
