/* Who is signed in. */

import { signal } from "@preact/signals";
import { ApiError, call, get, lost, onSignedOut } from "../api/client";
import { cache } from "../api/cache";
import { recall, remember } from "./storage";

interface Session {
  workspace: string;
  scope: "read" | "write" | "admin";
  key_name: string;
  short_url: string;
}

/** Undefined until it is known; null when nobody is signed in. */
export const session = signal<Session | null | undefined>(undefined);


const SEEN = "signed-in";

export async function whoAmI(): Promise<void> {
  // The cookie cannot be read here. Without this note there is none, and asking would only be refused.
  if (recall(SEEN) === null) {
    session.value = null;
    return;
  }
  try {
    session.value = await get<Session>("/v1/session");
  } catch (error) {
    // Without an answer nobody has been signed out.
    if (error instanceof ApiError && error.status < 500) session.value = null;
    else lost.value = true;
  }
}

onSignedOut(clearSession);

function clearSession(): void {
  remember(SEEN, null);
  session.value = null;
}

/** With a key, or with the token of a printed link. Throws ApiError. */
export async function signIn(by: { key: string } | { token: string }): Promise<void> {
  const { body } = await call<Session>("POST", "/v1/session", { body: by });
  remember(SEEN, "1");
  session.value = body;
}

export async function signOut(): Promise<void> {
  try {
    await call("DELETE", "/v1/session");
  } finally {
    clearSession();
    cache.clear();
  }
}

export function mayWrite(): boolean {
  return session.value?.scope === "write" || session.value?.scope === "admin";
}

export function isAdmin(): boolean {
  return session.value?.scope === "admin";
}
