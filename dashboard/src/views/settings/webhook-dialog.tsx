/* Make or edit a webhook. */

import { useState } from "preact/hooks";
import { ApiError, call } from "../../api/client";
import type { Webhook, WebhookMade } from "../../api/settings";
import { useAction } from "../../components/action";
import { SelectField } from "../../components/fields";
import { FormDialog } from "../../components/form-dialog";
import { TextField, problemOf } from "../../components/forms";
import { KINDS } from "../../state/view";
import { words } from "../../text";
import { FilterRows, type Filter } from "./filter-rows";
import { Checks } from "./parts";
import { ScheduleRows, ThresholdRows } from "./report-rows";
import { useReports } from "./reports";

const FIELDS = ["url", "label", "events", "kinds", "batch_size", "batch_wait_s"];

export function WebhookDialog({ one, close, made }: { one: Webhook | null; close: () => void; made: (created: WebhookMade) => void }) {
  const { webhooks: text } = words().settings;
  const [url, setUrl] = useState(one?.url ?? "https://");
  const [label, setLabel] = useState(one?.label ?? "");
  const [events, setEvents] = useState<string[]>(one?.events ?? ["scan"]);
  const [filters, setFilters] = useState<Filter[]>((one?.filters ?? []) as Filter[]);
  const [kinds, setKinds] = useState<string[]>(one?.kinds ?? ["human"]);
  const [size, setSize] = useState(String(one?.batch_size ?? 100));
  const [wait, setWait] = useState(String(one?.batch_wait_s ?? 1));
  const [format, setFormat] = useState<string>(one?.format ?? "json");
  const [thresholds, setThresholds] = useState(one?.thresholds ?? []);
  const [schedules, setSchedules] = useState(one?.schedules ?? []);
  const reports = useReports();
  const named: [string, string][] = (reports.data?.reports ?? []).map((report) => [report.id, report.name]);
  const { busy, error, run } = useAction();

  async function save(): Promise<void> {
    const body = { url: url.trim(), label: label.trim(), events, filters, kinds, batch_size: Number(size), batch_wait_s: Number(wait), format, thresholds, schedules };
    if (one) await call("PATCH", `/v1/webhooks/${one.id}`, { body });
    else made((await call<WebhookMade>("POST", "/v1/webhooks", { body })).body);
  }

  return (
    <FormDialog title={one ? text.change : text.create} close={close} submit={() => void run(save, ["webhooks"]).then((done) => done && one && close())} submitLabel={one ? words().save : text.create} disabled={busy} error={filterProblem(error) === undefined ? error : null} fields={FIELDS}>
      <TextField label={text.url} name="url" mono required value={url} change={setUrl} hint={text.urlHint} problem={problemOf(error, "url")} />
      <TextField label={text.label} name="label" value={label} change={setLabel} problem={problemOf(error, "label")} />
      <Checks label={text.events} options={Object.entries(text.eventNames)} chosen={events} change={setEvents} problem={problemOf(error, "events")} />
      {events.includes("threshold") && <ThresholdRows rows={thresholds} reports={named} change={setThresholds} />}
      {events.includes("report") && <ScheduleRows rows={schedules} reports={named} change={setSchedules} />}
      <FilterRows filters={filters} change={setFilters} problem={filterProblem(error)} />
      {events.includes("scan") && <Checks label={text.kinds} options={KINDS.map((kind) => [kind, words().kinds[kind]])} chosen={kinds} change={setKinds} problem={problemOf(error, "kinds")} />}
      <details open={FIELDS.slice(4).some((field) => problemOf(error, field))}>
        <summary class="muted">{text.more}</summary>
        <div class="settings-grid settings-inside">
          <TextField label={text.batchSize} name="batch_size" type="number" required value={size} change={setSize} problem={problemOf(error, "batch_size")} />
          <TextField label={text.batchWait} name="batch_wait_s" type="number" required value={wait} change={setWait} problem={problemOf(error, "batch_wait_s")} />
          <SelectField label={text.format} value={format} options={[["json", text.formats.json], ["slack", text.formats.slack]]} change={setFormat} />
        </div>
      </details>
    </FormDialog>
  );
}

/** What an error says of any filter (`filters[0]`, …). */
function filterProblem(error: unknown): string | undefined {
  return error instanceof ApiError && error.field?.startsWith("filters") ? error.message : undefined;
}
