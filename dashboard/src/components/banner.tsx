/* A lost connection, until it is mended: it tries by itself, and then asks for everything again. */

import { useEffect } from "preact/hooks";
import { lost } from "../api/client";
import { cache } from "../api/cache";
import { session, whoAmI } from "../state/session";
import { sharedToken } from "../state/shared";
import { showToast } from "../state/toasts";
import { words } from "../text";
import { Icon } from "./icon";

const AGAIN_MS = 2_000;

async function answers(): Promise<boolean> {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

export function Banner() {
  useEffect(() => {
    const gone = () => void (lost.value = true);
    addEventListener("offline", gone);
    return () => removeEventListener("offline", gone);
  }, []);
  useEffect(() => {
    if (!lost.value) return;
    let ended = false;
    let timer = 0;
    const attempt = async () => {
      const back = await answers();
      if (ended) return;
      if (!back) {
        timer = setTimeout(() => void attempt(), AGAIN_MS) as unknown as number;
        return;
      }
      lost.value = false;
      showToast(words().problems.back);
      if (session.value === undefined && sharedToken === null) await whoAmI();
      void cache.refetchQueries({ type: "active" });
    };
    timer = setTimeout(() => void attempt(), AGAIN_MS) as unknown as number;
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [lost.value]);
  if (!lost.value) return null;
  return (
    <div class="banner" role="alert">
      <Icon name="wifi-off" />
      {words().problems.noAnswer}
    </div>
  );
}
