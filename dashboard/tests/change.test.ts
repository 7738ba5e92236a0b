import { expect, test, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => "en", setItem: () => undefined });
const { changeOf } = await import("../src/api/questions");

test("nothing after nothing is no change; something after nothing is new", () => {
  const row = (now: number, change: number | null) => ({ dimensions: [], metrics: [now], comparison: { dimensions: [], metrics: [0], change: [change] } });
  expect(changeOf(row(0, null), 0)).toBe(0);
  expect(changeOf(row(3, null), 0)).toBe(null);
  expect(changeOf(row(3, -40), 0)).toBe(-40);
  expect(changeOf({ dimensions: [], metrics: [0] }, 0)).toBe(undefined);
});
