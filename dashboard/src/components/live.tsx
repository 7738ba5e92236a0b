/* The scans of the last five minutes, moving as they come, and the last ones by name.

The question counts what is stored until `complete_until`; scans that the stream brings from then on are added to it. So
the number is at once and exact, and without a stream it is only two seconds later. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { followScans, type Scan } from "../api/stream";
import { ask, type Answered } from "../api/questions";
import { get } from "../api/client";
import { useAnswer } from "../api/cache";
import { base, view } from "../state/view";
import { words } from "../text";
import { ago, countryName, whole } from "../text/numbers";
import { CodeName } from "./code-name";
import { valueLabel } from "./labels";

const WINDOW_MS = 300_000;
const SHOWN = 8;
// All who look at the shared views of a workspace have one rate together.
const SHARED_MS = 10_000;

export function Live({ code, came }: { code?: string | undefined; came?: () => void }) {
  const { filters, kinds } = base(view.value, code);
  const key = JSON.stringify([filters, kinds]);
  const [open, setOpen] = useState(false);
  const [fresh, setFresh] = useState<Scan[]>([]);
  const [last, setLast] = useState<Scan[]>([]);
  const tell = useRef(came);
  tell.current = came;

  const answer = useLast(code, ["scans"], open ? 10_000 : 2_000);

  useEffect(() => {
    const parameters = new URLSearchParams({ kinds: (kinds ?? []).join(","), filters: JSON.stringify(filters ?? []) });
    setFresh([]);
    setLast([]);
    const stop = new AbortController();
    const before = new URLSearchParams(parameters);
    before.set("date_range", "7d");
    before.set("limit", String(SHOWN));
    get<{ scans: Scan[] }>(`/v1/scans?${before}`, stop.signal).then(
      (found) => setLast((now) => merged(now, found.scans)),
      () => undefined,
    );
    // Many at once are drawn together.
    let waiting: Scan[] = [];
    let timer = 0;
    const end = followScans(
      parameters,
      (scan) => {
        waiting.push(scan);
        timer ||= setTimeout(() => {
          const some = waiting;
          [waiting, timer] = [[], 0];
          setFresh((now) => [...now, ...some].slice(-50_000));
          setLast((now) => merged(now, some.slice(-SHOWN)));
          tell.current?.();
        }, 150) as unknown as number;
      },
      setOpen,
    );
    return () => {
      stop.abort();
      clearTimeout(timer);
      end();
    };
  }, [key]);

  const until = answer.data?.meta.complete_until ?? "";
  const now = new Date(Date.now() - WINDOW_MS).toISOString();
  useEffect(() => setFresh((some) => (some.some((one) => one.at < until) ? some.filter((one) => one.at >= until) : some)), [until]);
  const n = Number(answer.data?.results[0]?.metrics[0] ?? 0) + fresh.filter((one) => one.at >= until && one.at > now).length;
  const newest = last[0];
  return (
    <Tile n={answer.data && n} open={open}>
      {newest ? (
        <details class="menu live-menu">
          <summary class="live-last muted">
            <One scan={newest} brief />
          </summary>
          <ul class="menu-body live-list">
            {last.map((scan, at) => (
              <li key={`${scan.at}${scan.code}${at}`}>
                <One scan={scan} />
              </li>
            ))}
          </ul>
        </details>
      ) : (
        <p class="live-last muted">{answer.data ? words().metrics.quiet : "…"}</p>
      )}
    </Tile>
  );
}

/** In a shared view, which has no stream and is told of no single scan: it asks now and then. */
export function SharedLive() {
  const answer = useLast(undefined, ["scans", "last_scan"], SHARED_MS);
  const n = answer.data && Number(answer.data.results[0]?.metrics[0] ?? 0);
  const last = answer.data?.results[0]?.metrics[1];
  return (
    <Tile n={n} open={!answer.error}>
      <p class="live-last muted">{answer.data ? (last ? ago(String(last)) : words().metrics.quiet) : "…"}</p>
    </Tile>
  );
}

/** What the last minutes had. */
function useLast(code: string | undefined, metrics: string[], refetchMs: number) {
  const { filters, kinds } = base(view.value, code);
  return useAnswer<Answered>({
    key: ["live", JSON.stringify([filters, kinds])],
    fetch: (signal) => {
      const now = Date.now();
      const range: [string, string] = [new Date(now - WINDOW_MS).toISOString(), new Date(now + 60_000).toISOString()];
      return ask({ metrics, date_range: range, timezone: "UTC", filters: filters ?? [], kinds: kinds ?? [] }, signal);
    },
    refetchMs,
  });
}

function Tile({ n, open, children }: { n: number | undefined; open: boolean; children: ComponentChildren }) {
  return (
    <section class="card tile live" aria-label={words().metrics.now}>
      <h2 class="label live-name">
        <span class={`live-dot ${open ? "live-open" : ""}`} aria-hidden="true" />
        {words().metrics.now}
      </h2>
      <p class="live-told">
        {n !== undefined ? <strong class="live-value number">{whole(n)}</strong> : <span class="skeleton tile-skeleton" />} <span class="muted">{words().metrics.live}</span>
      </p>
      {children}
    </section>
  );
}

function One({ scan, brief }: { scan: Scan; brief?: boolean }) {
  const place = brief ? "" : [scan.city.replace(/, [A-Z]{2}$/, ""), scan.country && countryName(scan.country)].find(Boolean);
  return (
    <span class="live-scan">
      <bdi class="live-code">
        <CodeName id={scan.code} />
      </bdi>
      {[place, !brief && scan.device && valueLabel("scan:device", scan.device)].filter((one) => typeof one === "string" && one !== "").map((one) => (
        <span key={one}>
          {" · "}
          <bdi>{one}</bdi>
        </span>
      ))}
      <time dateTime={scan.at}>{ago(scan.at, Date.now(), brief ? "short" : "long")}</time>
    </span>
  );
}

/** The newest first, each once: a scan may come by the stream and by asking. */
function merged(now: Scan[], more: Scan[]): Scan[] {
  const each = new Map([...more, ...now].map((one) => [JSON.stringify(one), one]));
  return [...each.values()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, SHOWN);
}
