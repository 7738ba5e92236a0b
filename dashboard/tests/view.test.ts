import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { search: "", pathname: "/", hash: "" });
vi.stubGlobal("addEventListener", () => undefined);
const { after, base, daysOf, grain, groups, ownZone, read, toggled, write } = await import("../src/state/view");
const { shifted } = await import("../src/components/range");

test("what is looked at is in the address, and comes back from it", () => {
  const view = {
    period: ["2026-03-01", "2026-03-31"] as [string, string],
    compare: "year_over_year",
    zone: "Pacific/Apia",
    kinds: ["human", "bot"],
    filters: [
      { dimension: "scan:country", value: "DE", not: false },
      { dimension: "scan:referrer_host", value: "", not: true },
      { dimension: "code:tag", value: "a~b&c=d é", not: true },
    ],
    tabs: ["scan:city"],
  };
  expect(read(write(view))).toEqual(view);
});

test("the usual view has an empty address", () => {
  const usual = read("");
  expect(usual).toEqual({ period: "28d", compare: "previous_period", zone: ownZone, kinds: ["human"], filters: [], tabs: [] });
  expect(write(usual)).toBe("");
});

test.each(["?period=never", "?from=2026-02-01", "?from=2026-03-02&to=2026-03-01", "?kinds=cats", "?f=nonsense", "?compare=x", "?zone=Mars/Olympus"])("what makes no sense is passed over: %s", (search) => {
  expect(read(search)).toEqual(read(""));
});

test("filters of one dimension hold together, exclusions apart", () => {
  const now = read("?f=scan:country~DE&f=!scan:country~FR&f=!scan:country~IT");
  expect(base(now).filters).toEqual([
    ["is", "scan:country", ["DE"]],
    ["is_not", "scan:country", ["FR", "IT"]],
  ]);
  expect(base(now, "an-id").filters).toContainEqual(["is", "code", ["an-id"]]);
});

test("all time has nothing to be compared with", () => {
  expect(base(read("?period=all"))).not.toHaveProperty("compare");
  expect(base(read("?compare=none"))).not.toHaveProperty("compare");
});

test("the length of a period is known without asking, where it is always the same", () => {
  expect(["28d", "12mo", "month", "all", ["2026-02-01", "2026-03-01"] as [string, string]].map(daysOf)).toEqual([28, 365, undefined, undefined, 29]);
});
test("the grain keeps points apart", () => {
  expect([1, 2, 3, 120, 121, 800, 801].map(grain)).toEqual(["time:hour", "time:hour", "time:day", "time:day", "time:week", "time:week", "time:month"]);
});

test("a click filters, a second one excludes; several values hold together", () => {
  const de = after([], "scan:country", "DE");
  expect(de).toEqual([{ dimension: "scan:country", value: "DE", not: false }]);
  expect(after(de, "scan:country", "DE")).toEqual([{ dimension: "scan:country", value: "DE", not: true }]);
  const both = toggled(de, "scan:country", "FR");
  expect(groups(both)).toEqual([{ dimension: "scan:country", not: false, values: ["DE", "FR"] }]);
  expect(toggled(both, "scan:country", "DE")).toEqual([{ dimension: "scan:country", value: "FR", not: false }]);
  expect(after(both, "scan:country", "FR")).toEqual([{ dimension: "scan:country", value: "FR", not: false }]);
  const none = after(after(both, "scan:country", "FR", true), "scan:country", "IT", true);
  expect(base({ ...read(""), filters: none }).filters).toEqual([["is_not", "scan:country", ["FR", "IT"]]]);
  expect(base({ ...read(""), filters: both }, undefined, "scan:country").filters).toEqual([]);
});

test("a period is shifted by its own length, months by months", () => {
  expect(shifted(["2026-03-01", "2026-03-31"], -1)).toEqual(["2026-02-01", "2026-02-28"]);
  expect(shifted(["2026-03-01", "2026-03-12"], -1, "months")).toEqual(["2026-02-01", "2026-02-28"]);
  expect(shifted(["2025-12-01", "2026-02-28"], 1)).toEqual(["2026-03-01", "2026-05-31"]);
  expect(shifted(["2026-03-01", "2026-03-12"], -1)).toEqual(["2026-02-17", "2026-02-28"]);
  expect(shifted(["2026-03-28", "2026-03-30"], 1)).toEqual(["2026-03-31", "2026-04-02"]);
});
