/* A page as a phone shows it: the server draws it while one types. Nothing runs in its frame. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, call } from "../api/client";
import type { components } from "../../.build/api";
import type { Json } from "../logic/page-forms";
import { codeWords } from "../text/code";

type Preview = components["schemas"]["PagePreview"];
export type ContentProblem = Preview["problem"];

const QUIET_MS = 200;
const AGAIN_MS = 2000;

interface Props {
  type: string;
  content: Json;
  design: Json | null;
  /** What is wrong with the content; null when it can be stored. */
  found: (problem: ContentProblem) => void;
}

export function Phone({ type, content, design, found }: Props) {
  const { page: text } = codeWords();
  const frame = useRef<HTMLIFrameElement>(null);
  const [html, setHtml] = useState("");
  const [ready, setReady] = useState(false);
  const draft = JSON.stringify({ type, content, page_design: design });
  useEffect(() => {
    const stop = new AbortController();
    const draw = async (): Promise<void> => {
      try {
        const { body } = await call<Preview>("POST", "/v1/pages/preview", { body: JSON.parse(draft) as unknown, signal: stop.signal });
        if (stop.signal.aborted) return;
        setHtml(body.html);
        found(body.problem);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) found({ field: error.field ?? "", message: error.message });
        else wait = setTimeout(() => void draw(), AGAIN_MS);
      }
    };
    let wait = setTimeout(() => void draw(), QUIET_MS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [draft]);
  useEffect(() => {
    const shown = frame.current?.contentDocument;
    // The frame's own parser: a document has the policy of the window that makes it.
    const Parser = (shown?.defaultView as (Window & typeof globalThis) | null | undefined)?.DOMParser;
    if (!ready || !shown || !Parser || html === "") return;
    const top = shown.documentElement.scrollTop;
    const page = new Parser().parseFromString(html, "text/html").documentElement;
    shown.replaceChild(shown.adoptNode(page), shown.documentElement);
    shown.documentElement.scrollTop = top;
  }, [html, ready]);
  return (
    <figure class="phone">
      <iframe ref={frame} class="phone-screen" src="/preview" sandbox="allow-same-origin" title={text.preview} tabIndex={-1} onLoad={() => setReady(true)} />
      <figcaption class="hint">{text.previewAbout}</figcaption>
    </figure>
  );
}
