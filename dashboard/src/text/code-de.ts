/* See code.ts. */
import type { CodeCatalogue } from "./code-en";

export const codeDe: CodeCatalogue = {
  tester: {
    title: "Einen Scan ausprobieren",
    about: "Wohin ein beschriebener Scan führen würde, und warum. Es antworten die Regeln des Redirectors selbst; gezählt wird nichts.",
    presets: "Beispiele",
    presetNames: { paris: "iPhone, Paris, Sonntag 9:00", berlin: "Android, Berlin, jetzt", york: "Computer, New York, Montagabend" },
    when: "Wann ({zone})",
    anyDevice: "Unbekannt",
    more: "Region, Browser, Link",
    query: "Parameter des Links",
    passed: "Das Passwort wurde eingegeben",
    who: { mobile: "Ein Telefon", tablet: "Ein Tablet", desktop: "Ein Computer", "": "Jemand" },
    where: "in {where}",
    at: "am {when}",
    leads: "kommt zu",
    shows: { page: "sieht die Seite", paused: "sieht, dass der Code pausiert ist", expired: "sieht, dass es vorbei ist", limited: "sieht, dass die Scans aufgebraucht sind", early: "findet noch nichts", gate: "wird nach dem Passwort gefragt", unknown: "findet nichts" },
    byRule: "durch Regel {number}",
    by: { status: "durch den Zustand des Codes", schedule: "durch den Zeitplan", limit: "durch die Höchstzahl der Scans", password: "durch das Passwort", app: "durch den App-Link", variant: "durch die Varianten", destination: "durch das Ziel", page: "durch die Seite" },
    share: "Variante {key}: {share} der Besucher bekommen sie",
    not: "Trifft nicht zu:",
    results: { not_reached: "Nicht erreicht", off: "Ausgeschaltet" },
  },
};
