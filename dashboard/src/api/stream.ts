/* Scans as they are stored, by `/v1/stream`. A hidden page lets go of it: a browser has few connections for one host. */

import type { components } from "../../.build/api";

export type Scan = components["schemas"]["ScanRecord"];

// Whatever ended the stream for good: too many are open, the key is gone, the network does not let it through.
const AGAIN_MS = 30_000;
const ENDS = ["overflow", "gone", "trouble", "revoked"];

/** Calls `scan` for each scan, and `open` with whether the stream is there. Returns what ends it. */
export function followScans(parameters: URLSearchParams, scan: (one: Scan) => void, open: (is: boolean) => void): () => void {
  let source: EventSource | null = null;
  let waiting = 0;

  function close(): void {
    clearTimeout(waiting);
    source?.close();
    source = null;
    open(false);
  }

  function later(ms: number): void {
    close();
    waiting = setTimeout(start, ms) as unknown as number;
  }

  function start(): void {
    if (document.hidden || source) return;
    const one = new EventSource(`/v1/stream?${parameters}`);
    source = one;
    one.addEventListener("open", () => open(true));
    one.addEventListener("scan", (event) => scan(JSON.parse((event as MessageEvent<string>).data) as Scan));
    for (const name of ENDS) one.addEventListener(name, () => later(2_000));
    one.addEventListener("error", () => {
      // The browser connects again by itself, behind the last id, unless it was refused.
      if (one.readyState === EventSource.CLOSED) later(AGAIN_MS);
      else open(false);
    });
  }

  function seen(): void {
    if (document.hidden) close();
    else start();
  }

  start();
  document.addEventListener("visibilitychange", seen);
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}
