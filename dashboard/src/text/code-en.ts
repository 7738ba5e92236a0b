/* See code.ts. */
export const codeEn = {
  tester: {
    title: "Try a scan",
    about: "Where a scan that you describe would lead, and why. The redirector’s own rules answer; nothing is counted.",
    presets: "Examples",
    presetNames: { paris: "iPhone, Paris, Sunday 9:00", berlin: "Android, Berlin, now", york: "Computer, New York, Monday evening" } as Record<string, string>,
    when: "When ({zone})",
    anyDevice: "Unknown",
    more: "Region, browser, link",
    query: "Parameters of the link",
    passed: "The password was given",
    who: { mobile: "A phone", tablet: "A tablet", desktop: "A computer", "": "Somebody" } as Record<string, string>,
    where: "in {where}",
    at: "on {when}",
    leads: "goes to",
    shows: { page: "sees the page", paused: "sees that the code is paused", expired: "sees that it is over", limited: "sees that its scans are used up", early: "finds nothing yet", gate: "is asked for the password", unknown: "finds nothing" } as Record<string, string>,
    byRule: "by rule {number}",
    by: { status: "by the code’s state", schedule: "by the schedule", limit: "by the limit of scans", password: "by the password", app: "by the app link", variant: "by the variants", destination: "by the destination", page: "by the page" } as Record<string, string>,
    share: "Variant {key}: {share} of the visitors get it",
    not: "Not the case:",
    results: { not_reached: "Not reached", off: "Turned off" } as Record<string, string>,
  },
};

export type CodeCatalogue = typeof codeEn;
