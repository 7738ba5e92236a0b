/* What the page of a code shows: a form, and the page as a phone shows it. */

import { useState } from "preact/hooks";
import type { CodeEdit } from "../api/codes";
import { problemOf } from "../components/forms";
import PageEditor from "../components/page-editor";
import type { ContentProblem } from "../components/phone";
import { useEdit, type PartProps } from "../components/use-edit";
import { formOf, type Json } from "../logic/page-forms";
import { mayWrite } from "../state/session";
import { words } from "../text";
import { codeWords } from "../text/code";

export default function CodePage(props: PartProps) {
  // It begins again when the page was changed, and only then.
  return <Page key={JSON.stringify([props.code.content, props.code.page_design])} {...props} />;
}

function Page(props: PartProps) {
  const { code } = props;
  const { page: text } = codeWords();
  const { save, busy, error } = useEdit(props);
  const [content, setContent] = useState<Json>(code.content ?? {});
  const [design, setDesign] = useState<Json | null>(code.page_design);
  const [problem, setProblem] = useState<ContentProblem>(null);
  const before: CodeEdit = { content: code.content, page_design: code.page_design };
  const after = { content, page_design: design } as CodeEdit;
  const changed = JSON.stringify(before) !== JSON.stringify(after);
  const refused = error !== null && problem === null ? problemOf(error) : undefined;
  return (
    <section class="card stack">
      <div class="card-head">
        <h2>{text.types[code.type] ?? code.type}</h2>
        <a class="button" href={code.short_url} target="_blank" rel="noreferrer noopener">
          {words().edit.openPage}
        </a>
      </div>
      {formOf(code.type) === null ? (
        <p class="hint">{text.noForm}</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save(after, before);
          }}
        >
          <fieldset class="plain" disabled={!mayWrite() || code.locked || busy}>
            <PageEditor type={code.type} content={content} design={design} change={setContent} restyle={setDesign} problem={problem} found={setProblem} tried>
              {refused && (
                <p class="problem" role="alert">
                  {refused}
                </p>
              )}
              {mayWrite() && (
                <div class="row">
                  <button class="button button-primary" disabled={!changed || problem !== null}>
                    {words().save}
                  </button>
                </div>
              )}
            </PageEditor>
          </fieldset>
        </form>
      )}
    </section>
  );
}
