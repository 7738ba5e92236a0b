/* The plan, and how much of it is used. */

import { get } from "../../api/client";
import { useAnswer } from "../../api/cache";
import type { Usage as Shape } from "../../api/settings";
import { Trouble } from "../../components/trouble";
import { fill, words } from "../../text";
import { bytes, whole } from "../../text/numbers";
import { Section } from "./parts";

// From here on it is worth a look.
const NEAR = 0.9;

export default function Usage() {
  const { usage: text, tabs } = words().settings;
  const answer = useAnswer<Shape>({ key: ["usage"], fetch: (signal) => get("/v1/usage", signal) });
  return (
    <Section title={tabs.usage} about={text.about} action={answer.data && <Plan name={answer.data.plan} />}>
      {answer.data ? (
        <ul class="usage">
          {answer.data.limits.map((one) => {
            const said = one.name.endsWith("_bytes") ? bytes : whole;
            const part = one.limit > 0 ? Math.min(1, one.used / one.limit) : 1;
            return (
              <li key={one.name} class="usage-one">
                <span class="row">
                  <strong>{text.names[one.name] ?? one.name}</strong>
                  <span class="number muted">{fill(text.of, { used: said(one.used), limit: said(one.limit) })}</span>
                </span>
                <svg class={`usage-bar ${part >= NEAR ? "usage-near" : ""}`} viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={one.used > 0 ? Math.max(0.5, 100 * part) : 0} height="1" />
                </svg>
              </li>
            );
          })}
        </ul>
      ) : answer.error ? (
        <Trouble error={answer.error} retry={() => void answer.refetch()} />
      ) : (
        <div class="skeleton panel-skeleton" />
      )}
    </Section>
  );
}

function Plan({ name }: { name: string }) {
  return (
    <span class="badge">
      {words().settings.usage.plan}: <bdi>{name}</bdi>
    </span>
  );
}
