/* Save what is looked at as a report. */

import { useState } from "preact/hooks";
import { call } from "../api/client";
import { opened } from "../state/open";
import { BREAKDOWNS, questionOf } from "../state/report";
import { showToast } from "../state/toasts";
import { view } from "../state/view";
import { fill, words } from "../text";
import { useAction } from "./action";
import { FormDialog } from "./form-dialog";
import { TextField, problemOf } from "./forms";
import { dimensionLabel, periodLabel } from "./labels";

export default function SaveReport() {
  const { reports: text } = words().settings;
  const [name, setName] = useState("");
  const [by, setBy] = useState<string>(BREAKDOWNS[0]);
  const { busy, error, run } = useAction();
  const close = () => (opened.value = null);

  function save(): Promise<boolean> {
    return run(() => call("POST", "/v1/reports", { body: { name: name.trim(), query: questionOf(view.value, by) } }), ["reports"]);
  }

  return (
    <FormDialog
      title={text.save}
      close={close}
      disabled={busy}
      error={error}
      fields={["name"]}
      submit={() => {
        void save().then((done) => {
          if (!done) return;
          showToast(fill(text.savedAs, { name: name.trim() }));
          close();
        });
      }}
    >
      <p>
        {fill(text.viewNow, { period: periodLabel(view.value.period) })}
        {view.value.filters.length > 0 && `, ${fill(text.withFilters, { n: view.value.filters.length })}`}. {text.saveAbout}
      </p>
      <TextField label={text.name} name="name" required value={name} change={setName} problem={problemOf(error, "name")} />
      <label class="field">
        <span>{text.by}</span>
        <select class="input" value={by} onChange={(event) => setBy(event.currentTarget.value)}>
          {BREAKDOWNS.map((one) => (
            <option key={one} value={one}>
              {one === "" ? text.total : one === "time:day" ? text.day : dimensionLabel(one)}
            </option>
          ))}
        </select>
      </label>
    </FormDialog>
  );
}
