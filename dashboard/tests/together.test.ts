import { afterEach, expect, test, vi } from "vitest";
import type { Question } from "../src/api/questions";
import { askTogether } from "../src/api/together";

const QUESTION: Question = { metrics: ["scans"], date_range: "28d", timezone: "UTC", include: { remainder: true } };
const QUERY = { date_range: ["2026-05-01", "2026-05-28"] };

function rows(dimension: string) {
  return [{ dimensions: [`a ${dimension}`], metrics: [3] }];
}

/** Answers as the API does; what asks about `refused` is refused. */
function server(refused = ""): Question[] {
  const asked: Question[] = [];
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    const question = JSON.parse(String(init.body)) as Question;
    asked.push(question);
    init.signal?.throwIfAborted();
    const names = question.breakdowns ?? [];
    if (refused && [...names, ...(question.dimensions ?? [])].includes(refused)) return new Response('{"error": {"code": "too_large", "message": "too many"}}', { status: 400 });
    const breakdowns = names.map((dimension) => ({ dimension, results: rows(dimension), remainder: null, total_rows: question.include?.total_rows ? 7 : null }));
    const results = names.length ? [] : rows(question.dimensions?.[0] ?? "");
    return new Response(JSON.stringify({ results, remainder: null, breakdowns, meta: { exact: true, total_rows: null }, query: QUERY }));
  });
  return asked;
}

const ask = (dimension: string, signal = new AbortController().signal, more: Partial<Question> = {}) => askTogether({ ...QUESTION, ...more }, dimension, signal);

afterEach(() => vi.unstubAllGlobals());

test("what is asked at once is one question, and each gets its own answer", async () => {
  const asked = server();
  const [os, codes, again] = await Promise.all([ask("scan:os"), ask("code", undefined, { include: { remainder: true, total_rows: true } }), ask("scan:os")]);
  expect(asked).toEqual([{ ...QUESTION, include: { remainder: true, total_rows: true }, breakdowns: ["scan:os", "code"] }]);
  expect(os).toMatchObject({ results: rows("scan:os"), query: { ...QUERY, dimensions: ["scan:os"] } });
  expect(codes).toMatchObject({ results: rows("code"), meta: { exact: true, total_rows: 7 } });
  expect(again).toEqual(os);
});

test("one alone, and one of another period, are asked as they are", async () => {
  const asked = server();
  await Promise.all([ask("scan:os"), ask("scan:device", undefined, { date_range: "7d" })]);
  expect(asked).toEqual([
    { ...QUESTION, dimensions: ["scan:os"] },
    { ...QUESTION, date_range: "7d", dimensions: ["scan:device"] },
  ]);
});

test("where one is refused, the others are answered", async () => {
  const asked = server("code");
  const refused = ask("code");
  const [os] = await Promise.all([ask("scan:os"), expect(refused).rejects.toMatchObject({ status: 400 })]);
  expect(os?.results).toEqual(rows("scan:os"));
  expect(asked).toHaveLength(3);
});

test("who goes away is not waited for, and when all do the question ends", async () => {
  const asked = server();
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = ask("scan:os", first.signal);
  first.abort();
  const stayed = ask("scan:device", second.signal);
  await expect(gone).rejects.toMatchObject({ name: "AbortError" });
  await expect(stayed).resolves.toMatchObject({ results: rows("scan:device") });
  expect(asked).toHaveLength(1);
  // Both are under way, and both go.
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new DOMException("gone", "AbortError")))));
  const [third, fourth] = [new AbortController(), new AbortController()];
  const both = [ask("scan:os", third.signal), ask("scan:device", fourth.signal)];
  setTimeout(() => [third, fourth].forEach((one) => one.abort()), 20);
  for (const one of both) await expect(one).rejects.toMatchObject({ name: "AbortError" });
});
