/* The tabs of the settings, in their order. */

import { isAdmin } from "./session";

export const TABS = ["domains", "branding", "keys", "sessions", "webhooks", "reports", "shared", "exports", "files", "usage", "system"] as const;
const FOR_ADMINS: readonly string[] = ["system"];

export function shownTabs(): (typeof TABS)[number][] {
  return TABS.filter((tab) => isAdmin() || !FOR_ADMINS.includes(tab));
}
