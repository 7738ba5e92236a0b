/* What a code is called, when it works, and what a scan of it may do. */

import { useState } from "preact/hooks";
import { useAnswer } from "../api/cache";
import { get } from "../api/client";
import type { CodeEdit, Folder } from "../api/codes";
import { CardForm } from "../components/card-form";
import { Check, SelectField } from "../components/fields";
import { TextField, problemOf } from "../components/forms";
import { useEdit, type PartProps } from "../components/use-edit";
import { mayWrite } from "../state/session";
import { ownZone } from "../state/view";
import { fill, words } from "../text";
import { fromField, toField } from "../text/moments";

const UTM = ["source", "medium", "campaign", "term", "content"] as const;

/** Each card begins again when what it shows was changed, and only then: what is typed in the others stays. */
export default function CodeSettings(props: PartProps) {
  const { code } = props;
  const key = (...values: unknown[]) => JSON.stringify(values);
  return (
    <div class="code-parts">
      <Names key={key("names", code.label, code.slug, code.aliases, code.tags, code.folder_id)} {...props} />
      <Times key={key("times", code.starts_at, code.expires_at, code.expired_destination, code.scan_limit)} {...props} />
      <Query key={key("query", code.query, code.utm)} {...props} />
      <Password key={key("password", code.has_password)} {...props} />
      <Apps key={key("apps", code.apps)} {...props} />
      <Lock {...props} />
    </div>
  );
}

function list(text: string): string[] {
  return text.split(",").map((one) => one.trim()).filter(Boolean);
}

function orNull(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}

function Names(props: PartProps) {
  const { code } = props;
  const { codes: text, edit } = words();
  const { save, busy, error } = useEdit(props);
  const folders = useAnswer<{ folders: Folder[] }>({ key: ["folders"], fetch: (signal) => get("/v1/folders", signal) });
  const [label, setLabel] = useState(code.label ?? "");
  const [slug, setSlug] = useState(code.slug);
  const [keep, setKeep] = useState(true);
  const [aliases, setAliases] = useState(code.aliases.join(", "));
  const [tags, setTags] = useState(code.tags.join(", "));
  const [folder, setFolder] = useState(code.folder_id ?? "");
  const before: CodeEdit = { label: code.label, aliases: code.aliases, tags: code.tags, folder_id: code.folder_id };
  const after: CodeEdit = { label: orNull(label), aliases: list(aliases), tags: list(tags), folder_id: folder === "" ? null : folder };
  const moves = slug.trim() !== code.slug;
  return (
    <CardForm
      title={edit.names}
      busy={busy}
      error={error}
      locked={code.locked}
      fields={["label", "slug", "tags", "aliases"]}
      changed={moves || JSON.stringify(before) !== JSON.stringify(after)}
      submit={() => {
        const { aliases: _, ...others } = after;
        // With a kept old slug the aliases are those that the code has, and one more.
        void save(moves ? { ...(keep ? others : after), slug: slug.trim(), keep_old: keep } : after, moves ? undefined : before);
      }}
    >
      <TextField label={text.label} name="label" value={label} change={setLabel} hint={text.labelHint} problem={problemOf(error, "label")} />
      <div class="fields">
        <SelectField label={words().dimensions["code:folder"] ?? ""} name="folder" value={folder} change={setFolder} options={[["", words().list.noFolder], ...(folders.data?.folders ?? []).map((one): [string, string] => [one.id, one.name])]} />
        <TextField label={text.tags} name="tags" value={tags} change={setTags} hint={text.tagsHint} problem={problemOf(error, "tags")} />
      </div>
      <div class="fields">
        <TextField label={text.slug} name="slug" mono required value={slug} change={setSlug} hint={edit.slugHint} problem={problemOf(error, "slug")} />
        <TextField label={edit.aliases} name="aliases" mono value={aliases} disabled={moves && keep} change={setAliases} hint={edit.aliasesHint} problem={problemOf(error, "aliases") ?? firstOf(error, "aliases")} />
      </div>
      {moves && (
        <Check checked={keep} change={setKeep} name="keep_old">
          {edit.keepOld}
        </Check>
      )}
    </CardForm>
  );
}

/** What an error says of an entry of a list. */
function firstOf(error: unknown, name: string): string | undefined {
  const field = (error as { field?: string | null } | null)?.field;
  return field?.startsWith(`${name}[`) ? problemOf(error, field) : undefined;
}

function Times(props: PartProps) {
  const { code } = props;
  const { edit } = words();
  const { save, busy, error } = useEdit(props);
  const [starts, setStarts] = useState(toField(code.starts_at));
  const [expires, setExpires] = useState(toField(code.expires_at));
  const [over, setOver] = useState(code.expired_destination ?? "");
  const [limit, setLimit] = useState(code.scan_limit === null ? "" : String(code.scan_limit));
  const before: CodeEdit = { starts_at: code.starts_at, expires_at: code.expires_at, expired_destination: code.expired_destination, scan_limit: code.scan_limit };
  // A time that was not touched keeps its seconds.
  const after: CodeEdit = {
    starts_at: starts === toField(code.starts_at) ? code.starts_at : fromField(starts),
    expires_at: expires === toField(code.expires_at) ? code.expires_at : fromField(expires),
    expired_destination: orNull(over),
    scan_limit: limit.trim() === "" ? null : Number(limit),
  };
  return (
    <CardForm title={edit.times} about={fill(edit.timesAbout, { zone: ownZone })} busy={busy} error={error} locked={code.locked} fields={["starts_at", "expires_at", "expired_destination", "scan_limit"]} changed={JSON.stringify(before) !== JSON.stringify(after)} submit={() => void save(after, before)}>
      <div class="fields">
        <TextField label={edit.starts} name="starts_at" type="datetime-local" value={starts} change={setStarts} hint={edit.startsHint} problem={problemOf(error, "starts_at")} />
        <TextField label={edit.expires} name="expires_at" type="datetime-local" value={expires} change={setExpires} hint={edit.expiresHint} problem={problemOf(error, "expires_at")} />
      </div>
      <div class="fields">
        <TextField label={edit.limit} name="scan_limit" type="number" value={limit} change={setLimit} hint={edit.limitHint} problem={problemOf(error, "scan_limit")} />
        <TextField label={edit.over} name="expired_destination" type="url" value={over} change={setOver} hint={edit.overHint} problem={problemOf(error, "expired_destination")} />
      </div>
    </CardForm>
  );
}

function Query(props: PartProps) {
  const { code } = props;
  const { edit, dimensions } = words();
  const { save, busy, error } = useEdit(props);
  const [query, setQuery] = useState<string>(code.query);
  const [utm, setUtm] = useState<Record<string, string>>(code.utm);
  const filled = Object.fromEntries(Object.entries(utm).flatMap(([name, value]) => (value.trim() === "" ? [] : [[name, value.trim()]])));
  const before: CodeEdit = { query: code.query, utm: code.utm };
  const after = { query, utm: filled } as CodeEdit;
  return (
    <CardForm title={edit.query} busy={busy} error={error} locked={code.locked} fields={["query", ...UTM.map((name) => `utm.${name}`)]} changed={query !== code.query || UTM.some((name) => (code.utm[name] ?? "") !== (filled[name] ?? ""))} submit={() => void save(after, before)}>
      <SelectField label={edit.queryLabel} name="query" value={query} change={setQuery} options={(["drop", "append", "override"] as const).map((one) => [one, edit.queries[one]])} />
      <p class="hint">{edit.utmAbout}</p>
      <div class="fields">
        {UTM.map((name) => (
          <TextField key={name} label={dimensions[`scan:utm_${name}`] ?? name} name={`utm_${name}`} value={utm[name] ?? ""} change={(value) => setUtm({ ...utm, [name]: value })} problem={problemOf(error, `utm.${name}`)} />
        ))}
      </div>
    </CardForm>
  );
}

function Password(props: PartProps) {
  const { code } = props;
  const { edit } = words();
  const { save, busy, error } = useEdit(props);
  const [password, setPassword] = useState("");
  return (
    <CardForm title={edit.password} about={code.has_password ? edit.passwordSet : edit.passwordNone} busy={busy} error={error} locked={code.locked} fields={["password"]} changed={password !== ""} submit={() => void save({ password }).then((saved) => saved && setPassword(""))}>
      <TextField label={code.has_password ? edit.passwordNew : edit.password} name="password" type="password" value={password} change={setPassword} hint={edit.passwordHint} problem={problemOf(error, "password")} />
      {code.has_password && mayWrite() && (
        <div class="row">
          <button type="button" class="button" onClick={() => void save({ password: null })}>
            {edit.passwordRemove}
          </button>
        </div>
      )}
    </CardForm>
  );
}

function Apps(props: PartProps) {
  const { code } = props;
  const { edit } = words();
  const { save, busy, error } = useEdit(props);
  const [ios, setIos] = useState(code.apps?.ios ?? "");
  const [android, setAndroid] = useState(code.apps?.android ?? "");
  const links = { ios: orNull(ios), android: orNull(android) };
  const after = { apps: links.ios === null && links.android === null ? null : links };
  return (
    <CardForm title={edit.apps} about={edit.appsAbout} busy={busy} error={error} locked={code.locked} fields={["apps.ios", "apps.android"]} changed={ios.trim() !== (code.apps?.ios ?? "") || android.trim() !== (code.apps?.android ?? "")} submit={() => void save(after, { apps: code.apps })}>
      <div class="fields">
        <TextField label="iPhone, iPad" name="ios" value={ios} change={setIos} problem={problemOf(error, "apps.ios")} />
        <TextField label="Android" name="android" value={android} change={setAndroid} problem={problemOf(error, "apps.android")} />
      </div>
    </CardForm>
  );
}

function Lock(props: PartProps) {
  const { edit } = words();
  const { save, busy, error } = useEdit(props);
  const { locked } = props.code;
  return (
    <section class="card stack">
      <h2>{edit.lock}</h2>
      <p class="hint">{edit.lockAbout}</p>
      <Check checked={locked} disabled={busy || !mayWrite()} name="locked" change={(now) => void save({ locked: now })}>
        {edit.locked}
      </Check>
      {error !== null && <p class="problem">{problemOf(error)}</p>}
    </section>
  );
}
