/* Share the scans of a code, or a report: with whom, for how long, and where it may be shown. */

import { useState } from "preact/hooks";
import { call } from "../api/client";
import { frameOf, type Shared, type SharedViewMade } from "../api/shared";
import { useAction } from "../components/action";
import { Dialog } from "../components/dialog";
import { Check } from "../components/fields";
import { FormDialog } from "../components/form-dialog";
import { TextField, problemOf } from "../components/forms";
import { viewQuery } from "../state/view";
import { fromField } from "../text/moments";
import { words } from "../text";
import { SecretBox } from "./settings/parts";

const FIELDS = ["name", "password", "expires_at"];
export const SHARED_VIEWS = ["shared views"];

export default function ShareDialog({ name: called, shared, close }: { name: string; shared: Shared; close: () => void }) {
  const { share: text } = words();
  const [name, setName] = useState(called);
  const [password, setPassword] = useState("");
  const [expires, setExpires] = useState("");
  const [embeddable, setEmbeddable] = useState(false);
  const [made, setMade] = useState<SharedViewMade | null>(null);
  const { busy, error, run } = useAction();

  async function save(): Promise<void> {
    const body = { ...shared, name: name.trim(), password: password === "" ? null : password, expires_at: fromField(expires), embeddable };
    setMade((await call<SharedViewMade>("POST", "/v1/shared-views", { body })).body);
  }

  if (made)
    return (
      <Dialog title={text.made} close={close}>
        <div class="stack">
          <p>{made.has_password ? text.onceLocked : text.once}</p>
          <SecretBox secret={made.url} label={text.link} />
          {made.embeddable && (
            <>
              <p>{text.frame}</p>
              <SecretBox secret={frameOf(made.url, made.name)} label={text.frame} />
            </>
          )}
          <p class="row">
            <button type="button" class="button button-primary" onClick={close}>
              {text.done}
            </button>
            <a class="button" href={made.url} target="_blank" rel="noreferrer noopener">
              {text.look}
            </a>
            <a class="button button-plain" href={`/settings/shared${viewQuery.value}`} onClick={close}>
              {text.all}
            </a>
          </p>
        </div>
      </Dialog>
    );
  return (
    <FormDialog title={text.title} close={close} submit={() => void run(save, SHARED_VIEWS)} submitLabel={text.make} disabled={busy} error={error} fields={FIELDS}>
      <p class="muted">{"code_id" in shared ? text.aboutCode : text.aboutReport}</p>
      <TextField label={text.name} name="name" required value={name} change={setName} hint={text.nameHint} problem={problemOf(error, "name")} />
      <TextField label={text.passwordOf} name="password" value={password} change={setPassword} hint={text.passwordHint} problem={problemOf(error, "password")} />
      <TextField label={text.expiry} name="expires_at" type="datetime-local" value={expires} change={setExpires} hint={text.expiryHint} problem={problemOf(error, "expires_at")} />
      <Check name="embeddable" checked={embeddable} change={setEmbeddable}>
        {text.embed}
      </Check>
    </FormDialog>
  );
}
