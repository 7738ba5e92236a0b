/* The live picture, whether it scans, and how much dirt it bears. */

import { useMemo } from "preact/hooks";
import { ApiError } from "../api/client";
import { Icon } from "../components/icon";
import { problemOf } from "../components/forms";
import { fill, words } from "../text";
import { percent, whole } from "../text/numbers";
import type { PreviewState } from "./api";
import { withoutFieldPath } from "./style";

// The largest reserve that is measured.
const MOST = 0.3;

export function Verdict({ tried }: { tried: PreviewState }) {
  const { design: text } = words();
  const { preview, error, waiting } = tried;
  const address = useMemo(() => preview && `data:image/svg+xml,${encodeURIComponent(preview.svg)}`, [preview]);
  const strength = !preview ? "" : preview.reserve < 0.04 ? "weak" : preview.reserve < 0.1 ? "fair" : "strong";
  return (
    <>
      <div class={`design-picture ${error ? "design-stale" : ""}`} aria-busy={waiting}>
        {address ? <img src={address} alt={words().codes.picture} /> : <div class="skeleton" />}
      </div>
      <div class="verdict" role="status">
        {error ? (
          <>
            <p class="row">
              <span class="badge badge-bad">
                <Icon name="circle-x" />
                {error instanceof ApiError && error.code === "unreadable" ? text.doesNotScan : text.notDrawn}
              </span>
            </p>
            <p class="problem">{error instanceof ApiError ? withoutFieldPath(error.message, error.field) : problemOf(error)}</p>
          </>
        ) : preview ? (
          <>
            <p class="row">
              <span class="badge badge-good">
                <Icon name="circle-check" />
                {text.scans}
              </span>
              <span class="muted verdict-facts">{fill(text.facts, { modules: whole(preview.modules), level: preview.error_correction })}</span>
            </p>
            <div class="reserve">
              <div class="row slider-head">
                <span class="label">{text.reserve}</span>
                <span class="number">{percent(preview.reserve, 0)}</span>
              </div>
              <svg class={`reserve-bar reserve-${strength}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="reserve-all" width="100" height="4" />
                <rect class="reserve-is" width={(100 * preview.reserve) / MOST} height="4" />
              </svg>
              <p class="hint">{fill(text.strengths[strength] ?? "", { share: percent(preview.reserve, 0) })}</p>
            </div>
          </>
        ) : (
          <p class="muted">{words().loading}</p>
        )}
      </div>
    </>
  );
}
