/* Saved questions: opened as a view, read as a file, renamed, deleted. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { cache, useAnswer } from "../../api/cache";
import type { Report } from "../../api/settings";
import { useAction } from "../../components/action";
import { FormDialog } from "../../components/form-dialog";
import { FormProblem, TextField, problemOf } from "../../components/forms";
import { Icon } from "../../components/icon";
import { dimensionLabel, periodLabel } from "../../components/labels";
import { opened } from "../../state/open";
import { viewOf } from "../../state/report";
import { mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { write } from "../../state/view";
import { fill, words } from "../../text";
import ShareDialog from "../share-dialog";
import { Loaded, MainButton, Section } from "./parts";

const STALE = ["reports"];

export function useReports() {
  return useAnswer<{ reports: Report[] }>({ key: STALE, fetch: (signal) => get("/v1/reports", signal) });
}

export default function Reports() {
  const { reports: text, tabs } = words().settings;
  const answer = useReports();
  const save = mayWrite() && <MainButton label={text.save} icon="bookmark-plus" press={() => (opened.value = "save")} />;
  return (
    <Section title={tabs.reports} about={text.about} action={save}>
      <Loaded answer={answer} items={(found) => found.reports} none={<p>{text.none}</p>}>
        {(report) => <Row key={report.id} report={report} />}
      </Loaded>
    </Section>
  );
}

/** What a question asks, in a few words. */
function about(report: Report): string {
  const { reports: text } = words().settings;
  const view = viewOf(report.query);
  const by = ((report.query["dimensions"] ?? []) as string[]).map((one) => (one === "time:day" ? text.day : dimensionLabel(one)));
  const parts = [view ? periodLabel(view.period) : text.custom, ...by];
  if (view && view.filters.length > 0) parts.push(fill(text.withFilters, { n: view.filters.length }));
  return parts.join(" · ");
}

function Row({ report }: { report: Report }) {
  const { reports: text } = words().settings;
  const [renaming, setRenaming] = useState(false);
  const [sharing, setSharing] = useState(false);
  const { busy, error, run } = useAction();
  const view = viewOf(report.query);

  async function remove(): Promise<void> {
    await call("DELETE", `/v1/reports/${report.id}`);
    const again = () => call("POST", "/v1/reports", { body: { name: report.name, query: report.query } }).finally(() => cache.invalidateQueries({ queryKey: STALE }));
    showToast(fill(text.deleted, { name: report.name }), { label: words().undo, run: () => void again() });
  }

  return (
    <li class="settings-row">
      <div class="settings-main">
        <strong>
          <bdi>{report.name}</bdi>
        </strong>
        <span class="muted row">{about(report)}</span>
        <FormProblem error={error} />
      </div>
      <div class="row settings-actions">
        {view && (
          <a class="button" href={`/${write(view)}`}>
            {text.open}
          </a>
        )}
        <a class="button" href={`/v1/reports/${report.id}/answer?format=csv`} download={`${report.name}.csv`}>
          <Icon name="download" />
          {text.csv}
        </a>
        {mayWrite() && (
          <>
            <button type="button" class="button" onClick={() => setSharing(true)}>
              <Icon name="share-2" />
              {words().share.share}
            </button>
            <button type="button" class="button" onClick={() => setRenaming(true)}>
              {text.rename}
            </button>
            <button type="button" class="button button-danger" disabled={busy} onClick={() => void run(remove, STALE)}>
              {text.delete}
            </button>
          </>
        )}
      </div>
      {sharing && <ShareDialog name={report.name} shared={{ report_id: report.id }} close={() => setSharing(false)} />}
      {renaming && <Rename report={report} close={() => setRenaming(false)} />}
    </li>
  );
}

function Rename({ report, close }: { report: Report; close: () => void }) {
  const { reports: text } = words().settings;
  const [name, setName] = useState(report.name);
  const { busy, error, run } = useAction();
  return (
    <FormDialog title={text.rename} close={close} submit={() => void run(() => call("PATCH", `/v1/reports/${report.id}`, { body: { name: name.trim() } }), STALE).then((done) => done && close())} disabled={busy} error={error} fields={["name"]}>
      <TextField label={text.name} name="name" required value={name} change={setName} problem={problemOf(error, "name")} />
    </FormDialog>
  );
}
