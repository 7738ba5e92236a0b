/* The page of a shared view: whoever reads it is nobody's session, whether or not somebody is signed in here. */

import { signal } from "@preact/signals";

/** The token of the link that this page was opened by; null on every other page. */
export const sharedToken = /^\/shared\/([^/]+)\/?$/.exec(globalThis.location?.pathname ?? "")?.[1] ?? null;

/** The session that the token was exchanged for; null before, and once it has ended. */
export const sharedSession = signal<string | null>(null);
