/* One change to many codes, one call for each: a few at once, slower when the plan's rate says so. */

import { ApiError, call } from "./client";
import { changed, type Code, type CodeEdit } from "./codes";

const AT_ONCE = 4;
const TRIES = 6;

export interface Failure {
  code: Code;
  error: unknown;
}

interface Done {
  done: Code[];
  failed: Failure[];
}

export async function forEachCode(codes: Code[], work: (code: Code) => Promise<unknown>, told: (finished: number) => void): Promise<Done> {
  const waiting = [...codes];
  const result: Done = { done: [], failed: [] };
  async function worker(): Promise<void> {
    for (let code = waiting.shift(); code; code = waiting.shift()) {
      try {
        await patiently(() => work(code));
        result.done.push(code);
      } catch (error) {
        result.failed.push({ code, error });
      }
      told(result.done.length + result.failed.length);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  changed();
  return result;
}

async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 429) || tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * tried));
    }
  }
}

export function patch(code: Code, changes: CodeEdit): Promise<unknown> {
  return call("PATCH", `/v1/dynamic/${code.id}`, { body: changes });
}

export function remove(code: Code): Promise<unknown> {
  return call("DELETE", `/v1/dynamic/${code.id}`);
}
