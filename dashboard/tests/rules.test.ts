import { expect, test } from "vitest";
import { chance, upperGamma } from "../src/logic/chance";
import { moved, readConditions, rowOf, writeConditions } from "../src/logic/rules";

test("conditions come back as they were", () => {
  const wire = { country: ["GB", "IE"], days: ["sat"], hours: ["22:00-02:00"], from: "2026-12-01T00:00:00Z", query: { table: ["7"], vip: true }, match: "any", zone: "Europe/London" };
  expect(writeConditions(readConditions(wire))).toEqual(wire);
  expect(readConditions({ os: "iOS" })).toEqual({ rows: [{ kind: "os", values: ["iOS"] }], match: "all", zone: "" });
});

test("a zone is only said of times, and two rows of a kind are one list", () => {
  expect(writeConditions({ rows: [{ kind: "city", values: ["Rome "] }, { kind: "city", values: ["Paris", ""] }], match: "all", zone: "Europe/Paris" })).toEqual({ city: ["Rome", "Paris"] });
});

test("rules are reordered", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});

test("a problem is found at its row", () => {
  const rows = readConditions({ city: ["x"], hours: ["9"], query: { a: true } }).rows;
  expect(rowOf("rules[3].if.hours[0]", rows)).toBe(1);
  expect(rowOf("rules[3].if.query.a", rows)).toBe(2);
  expect(rowOf("rules[3].to", rows)).toBeNull();
});

test("the test of chance gives the values of the tables", () => {
  for (const [df, square, p] of [[1, 3.841, 0.05], [1, 6.635, 0.01], [2, 5.991, 0.05], [5, 11.07, 0.05], [9, 21.666, 0.01], [3, 0.352, 0.95]] as const) {
    expect(upperGamma(df / 2, square / 2)).toBeCloseTo(p, 4);
  }
  // As in R: chisq.test(c(60, 40)) and chisq.test(c(700, 350), p = c(2, 1) / 3).
  expect(chance([{ seen: 60, weight: 1 }, { seen: 40, weight: 1 }])).toBeCloseTo(0.0455, 4);
  expect(chance([{ seen: 700, weight: 2 }, { seen: 350, weight: 1 }, { seen: 5, weight: 0 }])).toBe(1);
  expect(chance([{ seen: 6, weight: 1 }, { seen: 2, weight: 1 }])).toBeNull();
  expect(chance([{ seen: 60, weight: 1 }])).toBeNull();
});
