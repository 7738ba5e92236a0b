/* The scans of the last five minutes, moving as they come. */

import { ask, type Answered } from "../api/questions";
import { useAnswer } from "../api/cache";
import { words } from "../text";
import { whole } from "../text/numbers";

export function Live() {
  const answer = useAnswer<Answered>({
    key: ["live"],
    fetch: (signal) => {
      const now = Date.now();
      const range: [string, string] = [new Date(now - 300_000).toISOString(), new Date(now + 60_000).toISOString()];
      return ask({ metrics: ["scans"], date_range: range, timezone: "UTC" }, signal);
    },
    refetchMs: 2_000,
  });
  if (!answer.data) return null;
  return (
    <span class="badge badge-live live" role="status">
      <span class="live-dot" aria-hidden="true" />
      <strong class="number">{whole(Number(answer.data.results[0]?.metrics[0] ?? 0))}</strong>
      {words().metrics.live}
    </span>
  );
}
