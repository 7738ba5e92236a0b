/* A page of the list of codes; one question tells the scans of all of them. */

import { useAnswer } from "../api/cache";
import { nameOf } from "../api/code-names";
import type { Code } from "../api/codes";
import { codeUse, type CodeUse } from "../api/code-use";
import { mayWrite } from "../state/session";
import { viewQuery } from "../state/view";
import { fill, words } from "../text";
import { codeWords } from "../text/code";
import { ago, short } from "../text/numbers";
import { Sparkline } from "./sparkline";

interface Props {
  codes: Code[];
  chosen: Map<string, Code>;
  choose: (code: Code) => void;
}

const isOver = (code: Code): boolean => typeof code.expires_at === "string" && Date.parse(code.expires_at) <= Date.now();

export function CodeRows({ codes, chosen, choose }: Props) {
  const ids = codes.map((code) => code.id);
  const use = useAnswer<Record<string, CodeUse>>({ key: ["codes", "use", ids], fetch: (signal) => codeUse(ids, signal), enabled: ids.length > 0 });
  return (
    <>
      {codes.map((code) => {
        const used = use.data?.[code.id];
        return (
          <li class={`code-row ${mayWrite() ? "code-row-choice" : ""}`} key={code.id}>
            {mayWrite() && (
              <label class="code-choice">
                <input type="checkbox" checked={chosen.has(code.id)} onChange={() => choose(code)} aria-label={fill(words().list.select, { name: nameOf(code) })} />
              </label>
            )}
            <a class="code-main" href={`/codes/${code.id}${viewQuery.value}`}>
              <strong>
                <bdi>{nameOf(code)}</bdi>
              </strong>
              <span class="muted code-line">
                <bdi class="mono">{code.short_url.replace(/^https?:\/\//, "")}</bdi> → <bdi>{code.type === "website" ? code.destination : codeWords().page.types[code.type] ?? code.type}</bdi>
              </span>
              {(code.status === "paused" || isOver(code) || code.tags.length > 0) && (
                <span class="row code-tags">
                  {code.status === "paused" && <span class="badge badge-warn">{words().codes.paused}</span>}
                  {isOver(code) && <span class="badge badge-warn">{words().codes.over}</span>}
                  {code.tags.map((tag) => (
                    <span class="badge" key={tag}>
                      <bdi>{tag}</bdi>
                    </span>
                  ))}
                </span>
              )}
            </a>
            <Sparkline values={used?.days ?? []} />
            <span class="code-scans">
              {use.data || use.error ? <strong class="number">{used ? short(used.scans) : use.data ? "0" : "?"}</strong> : <span class="skeleton code-use" />}
              <span class="muted">{used?.last ? ago(used.last) : ""}</span>
            </span>
          </li>
        );
      })}
    </>
  );
}
