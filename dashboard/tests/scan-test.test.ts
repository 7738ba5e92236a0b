import { expect, test } from "vitest";
import { readConditions } from "../src/logic/rules";
import { missed, toSend } from "../src/logic/scan-test";
import { clockIn, momentIn, nextDay } from "../src/logic/zoned";

test("what a clock shows in a zone is a moment, and back", () => {
  for (const [zone, clock, moment] of [
    ["Europe/Paris", "2026-05-24T09:00", "2026-05-24T07:00:00.000Z"],
    ["America/New_York", "2026-12-01T23:30", "2026-12-02T04:30:00.000Z"],
    ["Asia/Kathmandu", "2026-01-01T00:15", "2025-12-31T18:30:00.000Z"],
  ] as const) {
    expect(momentIn(clock, zone)?.toISOString()).toBe(moment);
    expect(clockIn(new Date(moment), zone)).toBe(clock);
  }
  // An hour that is skipped is the one after.
  expect(momentIn("2026-03-29T02:30", "Europe/Berlin")?.toISOString()).toMatch(/^2026-03-29T0[01]:30/);
  expect(momentIn("", "UTC")).toBeNull();
});

test("the next Sunday is today on a Sunday", () => {
  const sunday = new Date("2026-05-24T10:00:00Z");
  expect(nextDay(6, 9, "Europe/Paris", sunday)).toBe("2026-05-24T09:00");
  expect(nextDay(0, 20, "Europe/Paris", sunday)).toBe("2026-05-25T20:00");
});

test("only what was said is sent", () => {
  const scan = { clock: "2026-05-24T09:00", zone: "Europe/Paris", country: " FR ", city: "", region: "", device: "mobile", os: "", browser: "", language: "", query: "", passed: false };
  expect(toSend(scan)).toEqual({ at: "2026-05-24T07:00:00.000Z", country: "FR", device: "mobile" });
});

test("the conditions that fail are named", () => {
  const { rows } = readConditions({ country: ["FR"], from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z", query: { table: true } });
  const rule = { id: "", key: "a", label: null, to: "", result: "does_not_hold" as const, match: "all" as const, conditions: [{ condition: "from", holds: false }, { condition: "country", holds: true }, { condition: "query.table", holds: false }] };
  expect(missed(rule, rows).map((row) => row.kind)).toEqual(["from", "to", "query"]);
});
