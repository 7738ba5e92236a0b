/* A rule as a form: its conditions, each a row, and where it leads. */

import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { DAYS, DEVICES, KINDS, readConditions, rowOf, writeConditions, type Kind, type Row, type Rule } from "../logic/rules";
import { ownZone } from "../state/view";
import { words } from "../text";
import { fromField, toField } from "../text/moments";
import { Check, SelectField } from "./fields";
import { FormDialog } from "./form-dialog";
import { TextField, problemOf } from "./forms";
import { Icon } from "./icon";
import { weekday } from "./rule-sentence";

export type Draft = Pick<Rule, "to"> & Partial<Rule>;

interface Props {
  rule: Draft | null;
  busy: boolean;
  error: unknown;
  close: () => void;
  done: (rule: Draft) => void;
}

export function RuleDialog({ rule, busy, error, close, done }: Props) {
  const { rules: text, codes } = words();
  const begin = readConditions((rule?.if ?? {}) as Record<string, unknown>);
  const [rows, setRows] = useState<Row[]>(begin.rows.length > 0 ? begin.rows : [{ kind: "country", values: [] }]);
  const [match, setMatch] = useState<string>(begin.match);
  const [zone, setZone] = useState(begin.zone || (rule ? "UTC" : ownZone));
  const [to, setTo] = useState(rule?.to ?? "https://");
  const [label, setLabel] = useState(rule?.label ?? "");
  const field = error instanceof ApiError ? error.field : null;
  const part = /^rules\[\d+\]\.(to|label)$/.exec(field ?? "")?.[1];
  const zoned = /\.if\.zone$/.test(field ?? "");
  const wrong = rowOf(field, rows);
  const said = field === null ? undefined : problemOf(error, field);
  const timed = rows.some((row) => row.kind === "days" || row.kind === "hours");
  const put = (at: number, row: Row) => setRows(rows.map((one, index) => (index === at ? row : one)));
  return (
    <FormDialog title={rule ? text.edit : text.add} close={close} submit={() => done({ ...rule, if: writeConditions({ rows, match: match === "any" ? "any" : "all", zone: timed ? zone.trim() : "" }) as Rule["if"], to: to.trim(), label: label.trim() === "" ? null : label.trim() })} disabled={busy} error={part || zoned || wrong !== null ? null : error}>
      {rows.length === 1 && <p class="label rule-when">{text.match}</p>}
      {rows.length > 1 && <SelectField label={text.match} name="match" value={match} change={setMatch} options={[["all", text.matchAll], ["any", text.matchAny]]} />}
      <ul class="stack rule-rows">
        {rows.map((row, at) => (
          <li key={at} class="rule-row">
            <SelectField hidden label={text.condition} name={`kind-${at}`} value={row.kind} change={(kind) => put(at, { kind: kind as Kind, values: kind === row.kind ? row.values : [], ...(kind === "query" ? { parameter: "" } : {}) })} options={KINDS.map((kind) => [kind, text.kinds[kind]])} />
            <Value row={row} at={at} put={(next) => put(at, next)} />
            <button type="button" class="button button-plain" aria-label={`${text.remove}: ${text.kinds[row.kind]}`} disabled={rows.length === 1} onClick={() => setRows(rows.filter((_, index) => index !== at))}>
              <Icon name="x" />
            </button>
            {wrong === at && (
              <p class="problem" role="alert">
                {said}
              </p>
            )}
          </li>
        ))}
      </ul>
      <div class="row">
        <button type="button" class="button" onClick={() => setRows([...rows, { kind: KINDS.find((kind) => !rows.some((row) => row.kind === kind)) ?? "query", values: [] }])}>
          <Icon name="plus" />
          {text.addCondition}
        </button>
      </div>
      {timed && <TextField label={text.zone} name="zone" required value={zone} change={setZone} hint={text.zoneHint} problem={zoned ? said : undefined} />}
      <TextField label={codes.destination} name="to" type="url" required value={to} change={setTo} problem={part === "to" ? said : undefined} />
      <TextField label={text.label} name="rule-label" value={label} change={setLabel} hint={codes.labelHint} problem={part === "label" ? said : undefined} />
    </FormDialog>
  );
}

function Value({ row, at, put }: { row: Row; at: number; put: (row: Row) => void }) {
  const { rules: text } = words();
  const name = `value-${at}`;
  if (row.kind === "device" || row.kind === "days") {
    const all: readonly string[] = row.kind === "device" ? DEVICES : DAYS;
    return (
      <div class="row rule-choices" role="group" aria-label={text.kinds[row.kind]}>
        {all.map((one, index) => (
          <Check key={one} checked={row.values.includes(one)} change={(on) => put({ ...row, values: all.filter((value) => (value === one ? on : row.values.includes(value))) })}>
            {row.kind === "device" ? words().values[one] : weekday(index, "short")}
          </Check>
        ))}
      </div>
    );
  }
  if (row.kind === "from" || row.kind === "to") {
    return <input class="input" type="datetime-local" name={name} required aria-label={text.kinds[row.kind]} value={toField(row.values[0] ?? null)} onChange={(event) => put({ ...row, values: [fromField(event.currentTarget.value) ?? ""] })} />;
  }
  const values = <input class="input" name={name} required={row.kind !== "query"} dir="auto" autocomplete="off" aria-label={text.kinds[row.kind]} placeholder={text.examples[row.kind]} value={row.values.join(",")} onInput={(event) => put({ ...row, values: event.currentTarget.value === "" ? [] : event.currentTarget.value.split(",") })} />;
  if (row.kind !== "query") return values;
  return (
    <div class="row rule-query">
      <input class="input" name={`parameter-${at}`} required aria-label={text.parameter} placeholder={text.parameter} value={row.parameter ?? ""} onInput={(event) => put({ ...row, parameter: event.currentTarget.value })} />
      <span>=</span>
      {values}
    </div>
  );
}
