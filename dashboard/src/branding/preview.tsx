/* A page of the short host as the server draws it, in a frame: any page, light or dark, in each of its languages. */

import { useEffect, useState } from "preact/hooks";
import { ApiError, call } from "../api/client";
import { SelectField } from "../components/fields";
import { language as ownLanguage, words } from "../text";

const QUIET_MS = 250;
const PAGES = ["root", "not_found", "paused", "expired", "limited", "ask", "wrong", "wait", "unavailable"] as const;
const MODES = ["light", "dark"] as const;
const LANGUAGES = ["en", "de"] as const;
/** Waymark's own colours, where none is chosen. */
const AUTOMATIC = { accent: "#1d4e89", background: "#f6f5f1", text: "#1c1b19" };

type Page = (typeof PAGES)[number];

export interface PreviewState {
  /** The last page that could be drawn. */
  address: string | null;
  /** Why the draft of now cannot be. */
  error: unknown;
  automatic: typeof AUTOMATIC;
  page: Page;
  mode: (typeof MODES)[number];
  language: (typeof LANGUAGES)[number];
  show: (what: Partial<Pick<PreviewState, "page" | "mode" | "language">>) => void;
}

/** Ask for the page a moment after the last change, and show it if there is nothing wrong with the draft. */
export function usePreview(draft: Record<string, string>, ofDomain: boolean): PreviewState {
  const [shown, setShown] = useState<Pick<PreviewState, "page" | "mode" | "language">>({ page: "not_found", mode: "light", language: ownLanguage.value === "de" ? "de" : "en" });
  const [tried, setTried] = useState<Pick<PreviewState, "address" | "error">>({ address: null, error: null });
  const said = Object.entries({ ...draft, ...shown, of_domain: ofDomain ? "1" : "0" }).filter(([, value]) => value !== "");
  const address = `/v1/branding/preview?${new URLSearchParams(said)}`;
  useEffect(() => {
    const stop = new AbortController();
    const draw = async (): Promise<void> => {
      try {
        await call("GET", address, { accept: "text/html", signal: stop.signal });
        if (!stop.signal.aborted) setTried({ address, error: null });
      } catch (error) {
        if (!stop.signal.aborted && error instanceof ApiError) setTried((now) => ({ ...now, error }));
      }
    };
    const wait = setTimeout(() => void draw(), tried.address === null ? 0 : QUIET_MS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [address]);
  return { ...tried, ...shown, automatic: AUTOMATIC, show: (what) => setShown({ ...shown, ...what }) };
}

export function Preview({ preview }: { preview: PreviewState }) {
  const { branding: text } = words().settings;
  return (
    <div class="branding-preview">
      <div class="branding-choices">
        <SelectField hidden label={text.page} name="page" value={preview.page} change={(page) => preview.show({ page: page as Page })} options={PAGES.map((one) => [one, text.pages[one]])} />
        <SelectField hidden label={text.mode} name="mode" value={preview.mode} change={(mode) => preview.show({ mode: mode as PreviewState["mode"] })} options={MODES.map((one) => [one, text.modes[one]])} />
        <SelectField hidden label={text.language} name="language" value={preview.language} change={(language) => preview.show({ language: language as PreviewState["language"] })} options={LANGUAGES.map((one) => [one, text.languages[one]])} />
      </div>
      <div class="branding-phone">{preview.address ? <iframe title={text.preview} src={preview.address} sandbox="" tabIndex={-1} /> : <div class="skeleton" />}</div>
    </div>
  );
}
