/* Calls of the API. The session is a cookie of this origin; the header below cannot be sent by another site. */

import { signal } from "@preact/signals";
import { sharedSession, sharedToken } from "../state/shared";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null,
  ) {
    super(message);
  }
}

/** No answer at all: offline, or the server is being restarted. */
class NoAnswer extends Error {}

export interface Answer<T> {
  body: T;
  etag: string | null;
}

interface Options {
  body?: unknown;
  etag?: string | null;
  signal?: AbortSignal;
  /** Of a file, which is answered as a blob. */
  accept?: string;
  /** A creation that is sent again with the same one makes nothing twice. */
  idempotency?: string;
}

/** Whether the last call had no answer. */
export const lost = signal(false);

const listeners = new Set<() => void>();

/** Called when the session has ended. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const headers = new Headers({ accept: options.accept ?? "application/json", "x-waymark-dashboard": "1" });
  // A form says its own type.
  const form = options.body instanceof FormData ? options.body : null;
  if (options.body !== undefined && !form) headers.set("content-type", "application/json");
  if (options.idempotency) headers.set("idempotency-key", options.idempotency);
  if (options.etag) headers.set("if-match", options.etag);
  // A shared view is asked by its own session, also where somebody is signed in.
  const shared = sharedSession.value;
  if (shared !== null) headers.set("authorization", `Bearer ${shared}`);
  const init: RequestInit = { method, headers, credentials: sharedToken === null ? "same-origin" : "omit", cache: "no-store" };
  if (options.body !== undefined) init.body = form ?? JSON.stringify(options.body);
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    lost.value = true;
    throw new NoAnswer(String(error));
  }
  lost.value = false;
  if (options.accept && response.ok) return { body: (await response.blob()) as T, etag: null };
  const text = await response.text();
  const body: unknown = text === "" ? null : parse(text);
  if (!response.ok) {
    if (response.status === 401) ended(shared);
    throw problem(response.status, body);
  }
  return { body: body as T, etag: response.headers.get("etag") };
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await call<T>("GET", path, signal ? { signal } : {})).body;
}

function ended(shared: string | null): void {
  if (sharedToken === null) for (const listener of listeners) listener();
  else if (sharedSession.value === shared) sharedSession.value = null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function problem(status: number, body: unknown): ApiError {
  const error = (body as { error?: { code?: string; message?: string; field?: string | null } } | null)?.error;
  return new ApiError(status, error?.code ?? "error", error?.message ?? `status ${status}`, error?.field ?? null);
}

/** The lines of JSON that a POST of a form answers, as they come. Throws as `call` does. */
export async function* lines<T>(path: string, body: FormData, signal: AbortSignal): AsyncGenerator<T, void> {
  let response: Response;
  try {
    response = await fetch(path, { method: "POST", headers: { "x-waymark-dashboard": "1" }, body, credentials: "same-origin", cache: "no-store", signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new NoAnswer(String(error));
  }
  if (!response.ok || !response.body) {
    if (response.status === 401) for (const listener of listeners) listener();
    throw problem(response.status, parse(await response.text()));
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield JSON.parse(part) as T;
    if (done) return;
  }
}

/** Save what a POST answers as a file. Throws as `call` does. */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  const headers = { "content-type": "application/json", "x-waymark-dashboard": "1" };
  let response: Response;
  try {
    response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    throw new NoAnswer(String(error));
  }
  if (!response.ok) {
    if (response.status === 401) for (const listener of listeners) listener();
    throw problem(response.status, parse(await response.text()));
  }
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
