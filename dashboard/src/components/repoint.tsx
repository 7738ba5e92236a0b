/* The destinations of many codes changed by one pattern, seen before it is done. */

import { useState } from "preact/hooks";
import { nameOf } from "../api/code-names";
import type { Code } from "../api/codes";
import { pattern, repointed } from "../logic/repoint";
import { fill, words } from "../text";
import { whole } from "../text/numbers";
import { Check } from "./fields";
import { FormDialog } from "./form-dialog";
import { TextField } from "./forms";

const SHOWN = 200;

export function Repoint({ codes, close, apply }: { codes: Code[]; close: () => void; apply: (after: Map<string, string>) => void }) {
  const { list: text } = words();
  const [find, setFind] = useState("");
  const [replace, setReplace] = useState("");
  const [regular, setRegular] = useState(false);
  const found = repointed(codes, find, replace, regular);
  const flawed = found.filter((one) => !URL.canParse(one.after));
  return (
    <FormDialog title={text.repoint} close={close} submit={() => apply(new Map(found.map((one) => [one.code.id, one.after])))} submitLabel={fill(text.repointAll, { n: whole(found.length) })} disabled={found.length === 0 || flawed.length > 0}>
      <TextField label={text.find} name="find" mono required value={find} change={setFind} problem={regular && find !== "" && !pattern(find, true) ? text.noPattern : undefined} hint={text.findHint} />
      <TextField label={text.replace} name="replace" mono value={replace} change={setReplace} hint={regular ? text.replaceHint : undefined} />
      <Check checked={regular} change={setRegular} name="regular">
        {text.regular}
      </Check>
      <div role="status" class={flawed.length > 0 ? "problem" : "muted"}>
        {flawed.length > 0 ? fill(text.noAddress, { n: whole(flawed.length) }) : fill(text.preview, { n: whole(found.length), all: whole(codes.length) })}
      </div>
      {found.length > 0 && (
        <ul class="repoint" tabIndex={0}>
          {found.slice(0, SHOWN).map(({ code, before, after }) => (
            <li key={code.id}>
              <strong>
                <bdi>{nameOf(code)}</bdi>
              </strong>
              <del class="mono">
                <bdi>{before}</bdi>
              </del>
              <ins class="mono">
                <bdi>{after}</bdi>
              </ins>
            </li>
          ))}
        </ul>
      )}
    </FormDialog>
  );
}
