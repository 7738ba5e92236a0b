import { expect, test, vi } from "vitest";

vi.stubGlobal("localStorage", { getItem: () => "en", setItem: () => undefined });
vi.stubGlobal("navigator", { languages: ["en"] });
const { chartSvg, steps } = await import("../src/components/drawing");
const { bucketLabel, lastDay, axisSeconds, once, tickLabel } = await import("../src/components/times");

test("an hour that the clock repeats is two places, and both are called by the clock of the zone", () => {
  const [first, again] = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"];
  expect(axisSeconds(again) - axisSeconds(first)).toBe(3600);
  expect([first, again].map((one) => tickLabel(axisSeconds(one), "time:hour", "Europe/Berlin"))).toEqual(["02:00 AM", "02:00 AM"]);
  expect(tickLabel(axisSeconds("2026-10-26T00:00:00+01:00"), "time:hour", "Europe/Berlin")).toBe("Oct 26");
});

test("a day that has several places on the axis is called once", () => {
  const noons = ["2026-11-23T00:00:00Z", "2026-11-23T12:00:00Z", "2026-11-24T00:00:00Z"].map((at) => tickLabel(Date.parse(at) / 1000, "time:day", "UTC"));
  expect(once(noons)).toEqual(["Nov 23", "", "Nov 24"]);
});

test("weeks and months are called as such", () => {
  expect(bucketLabel("2026-11-02", "time:week", "Asia/Tokyo")).toBe("Week of Nov 2, 2026");
  expect(bucketLabel("2026-11-01", "time:month", "Asia/Tokyo")).toBe("November 2026");
  expect(bucketLabel("2026-11-01", "time:day", "Pacific/Apia")).toBe("Sun, Nov 1, 2026");
  expect(["time:day", "time:week", "time:month"].map((grain) => lastDay("2026-02-01", grain))).toEqual(["2026-02-01", "2026-02-07", "2026-02-28"]);
});

test("an axis has round steps from nothing to at least the most", () => {
  expect([0, 1, 7, 990, 12_345].map((most) => steps(most))).toEqual([
    [0, 1],
    [0, 1],
    [0, 2, 4, 6, 8],
    [0, 500, 1000],
    [0, 5000, 10_000, 15_000],
  ]);
});

test("a drawing holds hostile words as text", () => {
  const colours = { ground: "#fff", ink: "#000", line: "#ccc", series: "#0f766e", before: "#888" };
  const svg = chartSvg({ title: '<script>"&', ticks: ["a<b"], values: [3], before: null, colours, number: String });
  expect(svg).not.toContain("<script");
  expect(svg).toContain("a&lt;b");
});
