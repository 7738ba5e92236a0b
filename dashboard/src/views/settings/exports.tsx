/* Scheduled exports: files that are written each day, week or month. */

import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { ExportRun, ScheduledExport } from "../../api/settings";
import { useAction } from "../../components/action";
import { SelectField } from "../../components/fields";
import { FormDialog } from "../../components/form-dialog";
import { FormProblem, TextField, problemOf } from "../../components/forms";
import { Icon } from "../../components/icon";
import { mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { ownZone } from "../../state/view";
import { fill, words } from "../../text";
import { bytes, moment, whole } from "../../text/numbers";
import { Loaded, MainButton, Section } from "./parts";
import { useReports } from "./reports";
import { ScheduleFields, scheduleLabel, defaultSchedule } from "./schedule";

const STALE = ["exports"];
const BADGES: Record<ExportRun["state"], string> = { queued: "", waiting: "", retrying: "badge-warn", failed: "badge-bad", done: "badge-good" };

export default function Exports() {
  const { exports: text, tabs } = words().settings;
  const [creating, setCreating] = useState(false);
  const answer = useAnswer<{ exports: ScheduledExport[] }>({ key: STALE, fetch: (signal) => get("/v1/exports", signal) });
  const reports = useReports();
  const create = mayWrite() && <MainButton label={text.create} press={() => setCreating(true)} />;
  return (
    <Section title={tabs.exports} about={text.about} action={create}>
      <Loaded answer={answer} items={(found) => found.exports} none={<p>{text.none}</p>}>
        {(one) => <One key={one.id} one={one} what={one.report_id ? (reports.data?.reports.find((report) => report.id === one.report_id)?.name ?? "…") : text.scans} />}
      </Loaded>
      {creating && <ExportDialog reports={(reports.data?.reports ?? []).map((report) => [report.id, report.name])} close={() => setCreating(false)} />}
    </Section>
  );
}

function Badge({ run }: { run: ExportRun }) {
  return <span class={`badge ${BADGES[run.state]}`}>{words().settings.exports.states[run.state]}</span>;
}

function One({ one, what }: { one: ScheduledExport; what: string }) {
  const { exports: text } = words().settings;
  const [open, setOpen] = useState(false);
  const { busy, error, run } = useAction();
  return (
    <li>
      <details class="settings-item" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <div class="settings-main">
            <strong>
              <bdi>{one.name}</bdi>
            </strong>
            <span class="row muted">
              <bdi>{what}</bdi>
              <span>{one.format}</span>
              <span>{scheduleLabel(one.schedule as Parameters<typeof scheduleLabel>[0])}</span>
              <span>{fill(text.next, { period: one.next_period, at: moment(one.next_run_at, ownZone) })}</span>
            </span>
          </div>
          {one.last_run && <Badge run={one.last_run} />}
        </summary>
        <div class="stack settings-inside">
          {open && <Runs id={one.id} />}
          <FormProblem error={error} />
          {mayWrite() && (
            <div class="row">
              <button type="button" class="button button-danger" disabled={busy} onClick={() => confirm(fill(text.deleteSure, { name: one.name })) && void run(() => call("DELETE", `/v1/exports/${one.id}`), STALE)}>
                <Icon name="trash-2" />
                {text.delete}
              </button>
            </div>
          )}
        </div>
      </details>
    </li>
  );
}

function Runs({ id }: { id: string }) {
  const { exports: text } = words().settings;
  const [day, setDay] = useState("");
  const { busy, error, run } = useAction();
  const answer = useAnswer<{ runs: ExportRun[] }>({ key: [...STALE, id], fetch: (signal) => get(`/v1/exports/${id}/runs`, signal), refetchMs: 5_000 });
  return (
    <>
      <h3 class="label">{text.runs}</h3>
      <Loaded answer={answer} items={(found) => found.runs} none={<p>{text.noRuns}</p>}>
        {(one) => (
          <li key={one.period} class="settings-row">
            <div class="settings-main">
              <span class="row">
                <strong class="number">{one.period}</strong>
                <Badge run={one} />
              </span>
              <span class="row muted number">
                {one.state === "done" && (
                  <>
                    <span>{fill(text.rows, { n: whole(one.rows) })}</span>
                    <span>{bytes(one.bytes)}</span>
                    <bdi class="mono">{one.file}</bdi>
                  </>
                )}
                <span>{moment(one.at, ownZone)}</span>
              </span>
              {one.error && <p class="problem">{one.error}</p>}
            </div>
          </li>
        )}
      </Loaded>
      {mayWrite() && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void run(() => call("POST", `/v1/exports/${id}/runs`, { body: { day } }), STALE).then((done) => done && showToast(text.asked));
          }}
        >
          <TextField label={text.againDay} name="day" type="date" required value={day} change={setDay} problem={problemOf(error, "day") ?? problemOf(error)}>
            <button class="button" disabled={busy}>
              {text.again}
            </button>
          </TextField>
        </form>
      )}
    </>
  );
}

function ExportDialog({ reports, close }: { reports: [string, string][]; close: () => void }) {
  const { exports: text } = words().settings;
  const [name, setName] = useState("");
  const [report, setReport] = useState("");
  const [format, setFormat] = useState("parquet");
  const [schedule, setSchedule] = useState({ ...defaultSchedule(), hour: 3 });
  const { busy, error, run } = useAction();
  return (
    <FormDialog
      title={text.create}
      close={close}
      submitLabel={text.create}
      disabled={busy}
      error={error}
      fields={["name"]}
      submit={() => {
        const body = { name: name.trim(), format, schedule, ...(report ? { report_id: report } : {}) };
        void run(() => call("POST", "/v1/exports", { body }), STALE).then((done) => done && close());
      }}
    >
      <TextField label={text.name} name="name" required value={name} change={setName} problem={problemOf(error, "name")} />
      <div class="settings-grid">
        <SelectField label={text.what} value={report} options={[["", text.scans], ...reports]} change={setReport} />
        <SelectField label={text.format} value={format} options={[["parquet", "Parquet"], ["csv", "CSV"], ["ndjson", "NDJSON"]]} change={setFormat} />
        <ScheduleFields value={schedule} change={setSchedule} />
      </div>
    </FormDialog>
  );
}
