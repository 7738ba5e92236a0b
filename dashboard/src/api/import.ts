/* An import: a file is sent, and what comes of each entry is told line by line. */

import { lines } from "./client";
import { changed } from "./codes";

export interface Entry {
  entry: number;
  outcome: "made" | "there" | "would be made" | "skipped";
  slug: string;
  aliases: string[];
  destination: string;
  id: string;
  reason: string;
  left_out: string[];
}

interface Begin {
  format: string;
  title: string;
  entries: number;
  missing: number;
}

interface End {
  counts: Record<string, number>;
  error: string | null;
}

export interface Report extends Begin {
  found: Entry[];
  /** Missing while it goes on, and where it was cut off. */
  end: End | null;
}

/** `told` hears of each new state. Throws ApiError, and when there is no answer. */
export async function importFile(file: File, query: Record<string, string>, told: (report: Report) => void, signal: AbortSignal): Promise<Report> {
  const form = new FormData();
  form.set("file", file);
  const report: Report = { format: "", title: "", entries: 0, missing: 0, found: [], end: null };
  for await (const line of lines<Begin | Entry | End>(`/v1/import?${new URLSearchParams(query)}`, form, signal)) {
    if ("counts" in line) report.end = line;
    else if ("outcome" in line) report.found.push(line);
    else Object.assign(report, line);
    told({ ...report });
  }
  if (query["dry_run"] !== "1") changed();
  return report;
}
