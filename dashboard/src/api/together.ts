/* Questions that differ in their one dimension alone, asked at the same moment, go to the server as one. */

import { ApiError } from "./client";
import { ask, type Answered, type Question } from "./questions";

interface Waiting {
  question: Question;
  dimension: string;
  signal: AbortSignal;
  resolve: (answered: Answered) => void;
  reject: (error: unknown) => void;
}

const waiting = new Map<string, Waiting[]>();

/** The answer to a question of one dimension, as if it had been asked alone. */
export function askTogether(question: Question, dimension: string, signal: AbortSignal): Promise<Answered> {
  const { total_rows: _, ...include } = question.include ?? {};
  const key = JSON.stringify({ ...question, include });
  return new Promise((resolve, reject) => {
    const one = { question, dimension, signal, resolve, reject };
    const others = waiting.get(key);
    if (others) others.push(one);
    else {
      waiting.set(key, [one]);
      // Each part of a page asks as it is shown, one after the other.
      setTimeout(() => void send(key));
    }
  });
}

async function send(key: string): Promise<void> {
  const all = waiting.get(key) ?? [];
  waiting.delete(key);
  const some = all.filter((one) => !one.signal.aborted);
  for (const one of all) if (one.signal.aborted) one.reject(one.signal.reason);
  const [first] = some;
  if (!first) return;
  if (some.length === 1) return alone(first);
  try {
    const { question } = first;
    const include = { ...question.include, total_rows: some.some((one) => one.question.include?.total_rows) };
    const breakdowns = [...new Set(some.map((one) => one.dimension))];
    const answered = await ask({ ...question, include, breakdowns }, everybody(some.map((one) => one.signal)));
    for (const one of some) one.resolve(of(answered, one.dimension));
  } catch (error) {
    // What is refused of one (a workspace of too many codes, say) is answered of the others.
    if (error instanceof ApiError && error.status === 400) await Promise.all(some.map(alone));
    else for (const one of some) one.reject(error);
  }
}

async function alone({ question, dimension, signal, resolve, reject }: Waiting): Promise<void> {
  await ask({ ...question, dimensions: [dimension] }, signal).then(resolve, reject);
}

function of(answered: Answered, dimension: string): Answered {
  const found = answered.breakdowns?.find((one) => one.dimension === dimension);
  if (!found) throw new Error(`no answer about ${dimension}`);
  const meta = { ...answered.meta, total_rows: found.total_rows ?? undefined };
  return { results: found.results, remainder: found.remainder ?? undefined, meta, query: { ...answered.query, dimensions: [dimension] } };
}

/** Aborted when nobody waits any more. */
function everybody(signals: AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  const look = () => {
    if (signals.every((one) => one.aborted)) controller.abort();
  };
  for (const signal of signals) signal.addEventListener("abort", look, { once: true });
  return controller.signal;
}
