/* A page: its form on one side, what a phone shows of it on the other. */

import type { ComponentChildren } from "preact";
import { formOf, type Json } from "../logic/page-forms";
import { PageFields } from "./page-fields";
import { PageLook } from "./page-look";
import { Phone, type ContentProblem } from "./phone";

interface Props {
  type: string;
  content: Json;
  design: Json | null;
  change: (content: Json) => void;
  restyle: (design: Json | null) => void;
  problem: ContentProblem;
  found: (problem: ContentProblem) => void;
  /** Somebody has tried to save it: what is missing is wrong now. */
  tried: boolean;
  children?: ComponentChildren;
}

export default function PageEditor({ type, content, design, change, restyle, problem, found, tried, children }: Props) {
  const form = formOf(type);
  if (form === null) return null;
  const shown = problem !== null && (tried || !/is missing|must not be empty|must have at least/.test(problem.message)) ? problem : null;
  return (
    <div class="page-editor">
      <div class="stack">
        <PageFields form={form} content={content} change={change} problem={shown} />
        <PageLook design={design} change={restyle} />
        {children}
      </div>
      <Phone type={type} content={content} design={design} found={found} />
    </div>
  );
}
