/* How the short host's pages look, of the workspace and of each domain, beside the page as a visitor sees it. */

import { useState } from "preact/hooks";
import { useAnswer } from "../../api/cache";
import { ApiError, call, get } from "../../api/client";
import type { Branding, Domain } from "../../api/settings";
import { PictureField } from "../../branding/picture-field";
import { Preview, usePreview } from "../../branding/preview";
import { useAction } from "../../components/action";
import { SelectField } from "../../components/fields";
import { FormProblem, TextField, problemOf } from "../../components/forms";
import { Trouble } from "../../components/trouble";
import { Colour } from "../../design/controls";
import { rebased } from "../../logic/rebased";
import { mayWrite } from "../../state/session";
import { showToast } from "../../state/toasts";
import { words } from "../../text";
import { Section } from "./parts";
import "../../styles/branding.css";

const STALE = ["branding"];
const COLOURS = ["accent", "background", "text"] as const;
const LINKS = ["imprint_url", "privacy_url"] as const;
const FIELDS = ["name", "message", "logo", "favicon", ...COLOURS, ...LINKS] as const;
type Field = (typeof FIELDS)[number];
export type Draft = Record<Field, string>;

interface Found {
  workspace: Branding;
  etag: string | null;
  domains: Domain[];
}

export default function BrandingTab() {
  const { branding: text } = words().settings;
  const [host, setHost] = useState("");
  const answer = useAnswer<Found>({
    key: STALE,
    fetch: async (signal) => {
      const [workspace, { domains }] = await Promise.all([call<Branding>("GET", "/v1/branding", { signal }), get<{ domains: Domain[] }>("/v1/domains", signal)]);
      return { workspace: workspace.body, etag: workspace.etag, domains };
    },
  });
  const found = answer.data;
  const domain = found?.domains.find((one) => one.id === host);
  const stored = domain ? domain.branding : found?.workspace;
  return (
    <Section title={words().settings.tabs.branding} about={text.about}>
      {!found && (answer.error ? <Trouble error={answer.error} retry={() => void answer.refetch()} /> : <div class="skeleton panel-skeleton" />)}
      {found && found.domains.length > 0 && (
        <div class="branding-of">
          <SelectField label={text.of} name="host" value={host} change={setHost} options={[["", text.workspace], ...found.domains.map((one): [string, string] => [one.id, one.domain])]} hint={domain ? text.domainHint : undefined} />
        </div>
      )}
      {found && <Editor key={host} stored={stored ?? null} etag={found.etag} domain={domain ?? null} />}
    </Section>
  );
}

function draftOf(stored: Branding | null): Draft {
  return Object.fromEntries(FIELDS.map((field) => [field, stored?.[field] ?? ""])) as Draft;
}

function Editor({ stored, etag, domain }: { stored: Branding | null; etag: string | null; domain: Domain | null }) {
  const { branding: text } = words().settings;
  const before = draftOf(stored);
  const [draft, setDraft] = useState(before);
  const [shown, setShown] = useState(before);
  if (FIELDS.some((field) => shown[field] !== before[field])) {
    // What was being typed stays when somebody else is first.
    setDraft(rebased(draft, shown, before));
    setShown(before);
  }
  const { busy, error, run } = useAction();
  const preview = usePreview(draft, domain !== null);
  const set = (field: Field) => (value: string) => setDraft({ ...draft, [field]: value });
  const wrong = (field: Field) => problemOf(error, domain ? `branding.${field}` : field) ?? problemOf(preview.error, field);
  const changed = FIELDS.some((field) => draft[field] !== before[field]);

  /** What is stored then, and its version; a domain's has none. */
  async function put(wanted: Draft, seen: string | null): Promise<{ saved: Draft; etag: string | null }> {
    const branding = Object.fromEntries(FIELDS.map((field) => [field, wanted[field].trim() || null]));
    const open = FIELDS.every((field) => branding[field] === null);
    if (domain) {
      const { body } = await call<Domain>("PATCH", `/v1/domains/${domain.id}`, { body: { branding: open ? null : branding } });
      return { saved: draftOf(body.branding), etag: null };
    }
    try {
      const { body, etag } = await call<Branding>("PUT", "/v1/branding", { body: branding, etag: seen });
      return { saved: draftOf(body), etag };
    } catch (error) {
      throw error instanceof ApiError && error.status === 412 ? new ApiError(412, error.code, text.conflict, null) : error;
    }
  }

  function save(): void {
    const work = async () => {
      const made = await put(draft, etag);
      setDraft(made.saved);
      showToast(text.live, { label: words().undo, run: () => void run(() => put(before, made.etag).then(({ saved }) => setDraft(saved)), STALE) });
    };
    void run(work, STALE);
  }

  return (
    <div class="branding">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <fieldset class="stack plain" disabled={!mayWrite() || busy}>
          <TextField label={text.name} name="name" value={draft.name} change={set("name")} hint={text.nameHint} problem={wrong("name")} />
          <div class="settings-grid">
            <PictureField label={text.logo} name="logo" file={draft.logo} change={set("logo")} problem={wrong("logo")} hint={text.logoHint} />
            <PictureField label={text.favicon} name="favicon" file={draft.favicon} change={set("favicon")} problem={wrong("favicon")} hint={text.faviconHint} />
          </div>
          <div class="branding-colours">
            {COLOURS.map((field) => (
              <Colour key={field} label={text[field]} name={field} value={draft[field]} otherwise={preview.automatic[field]} change={set(field)} problem={wrong(field)} />
            ))}
          </div>
          <div class="field">
            <label class="label" for="branding-message">
              {text.message}
            </label>
            <textarea id="branding-message" class="input" name="message" rows={3} maxLength={300} dir="auto" value={draft.message} aria-describedby="branding-message-hint" onInput={(event) => set("message")(event.currentTarget.value)} />
            <p id="branding-message-hint" class={wrong("message") ? "problem" : "hint"}>
              {wrong("message") ?? text.messageHint}
            </p>
          </div>
          <div class="settings-grid">
            {LINKS.map((field) => (
              <TextField key={field} label={text[field]} name={field} type="url" placeholder="https://" value={draft[field]} change={set(field)} problem={wrong(field)} />
            ))}
          </div>
          <FormProblem error={error} fields={FIELDS.flatMap((field) => [field, `branding.${field}`])} />
          {mayWrite() && (
            <div class="row">
              <button class="button button-primary" disabled={!changed}>
                {words().save}
              </button>
              {changed && (
                <button type="button" class="button" onClick={() => setDraft(before)}>
                  {text.discard}
                </button>
              )}
            </div>
          )}
        </fieldset>
      </form>
      <Preview preview={preview} />
    </div>
  );
}
