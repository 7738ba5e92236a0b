/* Thresholds of reports, and when a webhook is told a report. */

import type { ComponentChildren } from "preact";
import type { Webhook } from "../../api/settings";
import { SelectField } from "../../components/fields";
import { TextField } from "../../components/forms";
import { Icon } from "../../components/icon";
import { words } from "../../text";
import { ScheduleFields, defaultSchedule, type Schedule } from "./schedule";

type Threshold = Webhook["thresholds"][number];
type Told = Webhook["schedules"][number];

interface Props<Row> {
  rows: Row[];
  reports: [id: string, name: string][];
  change: (rows: Row[]) => void;
}

// The server keeps it: what is changed goes on with its past.
const newId = () => crypto.getRandomValues(new Uint32Array(3)).join("-");

function Rows<Row extends { id: string; report_id: string }>({ title, add, rows, reports, change, made, children }: Props<Row> & { title: string; add: string; made: (report: string) => Row; children: (row: Row, replace: (row: Row) => void) => ComponentChildren }) {
  const { webhooks: text } = words().settings;
  const first = reports[0]?.[0];
  return (
    <fieldset class="checks settings-pieces">
      <legend class="label">{title}</legend>
      {rows.map((row) => {
        const replace = (changed: Row) => change(rows.map((one) => (one.id === row.id ? changed : one)));
        return (
          <div key={row.id} class="settings-piece">
            <SelectField label={text.report} value={row.report_id} options={reports} change={(report_id) => replace({ ...row, report_id })} />
            {children(row, replace)}
            <button type="button" class="button button-plain" aria-label={text.removeRow} onClick={() => change(rows.filter((one) => one.id !== row.id))}>
              <Icon name="x" />
            </button>
          </div>
        );
      })}
      {first === undefined ? (
        <p class="hint">{text.noReports}</p>
      ) : (
        <div class="row">
          <button type="button" class="button" onClick={() => change([...rows, made(first)])}>
            <Icon name="plus" />
            {add}
          </button>
        </div>
      )}
    </fieldset>
  );
}

export function ThresholdRows(props: Props<Threshold>) {
  const { webhooks: text } = words().settings;
  return (
    <Rows {...props} title={text.thresholds} add={text.addThreshold} made={(report_id): Threshold => ({ id: newId(), report_id, metric: "scans", above: 1000, below: null })}>
      {(row, replace) => (
        <>
          <SelectField label={text.metric} value={row.metric} options={[["scans", words().metrics.scans], ["visitors", words().metrics.visitors]]} change={(metric) => replace({ ...row, metric: metric as Threshold["metric"] })} />
          <SelectField label={text.side} value={row.above !== null ? "above" : "below"} options={[["above", text.above], ["below", text.below]]} change={(side) => replace({ ...row, above: side === "above" ? row.below : null, below: side === "below" ? row.above : null })} />
          <TextField label={text.number} name={`number-${row.id}`} type="number" required value={String(row.above ?? row.below ?? "")} change={(value) => replace(row.above !== null ? { ...row, above: Number(value) } : { ...row, below: Number(value) })} />
        </>
      )}
    </Rows>
  );
}

export function ScheduleRows(props: Props<Told>) {
  const { webhooks: text } = words().settings;
  return (
    <Rows {...props} title={text.schedules} add={text.addSchedule} made={(report_id) => ({ id: newId(), report_id, ...defaultSchedule() })}>
      {(row, replace) => <ScheduleFields value={row as Schedule} change={(value) => replace({ ...row, ...value })} />}
    </Rows>
  );
}
