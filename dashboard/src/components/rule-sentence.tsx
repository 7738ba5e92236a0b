/* A rule as a sentence. */

import { readConditions, type Row, type Rule } from "../logic/rules";
import { fill, language, words } from "../text";
import { countryName, moment, languageName } from "../text/numbers";
import { ownZone } from "../state/view";

function joined(texts: string[], type: "conjunction" | "disjunction"): string {
  return new Intl.ListFormat(language.value, { type }).format(texts);
}

/** 2024-01-01 was a Monday. */
export function weekday(at: number, style: "long" | "short" = "long"): string {
  return new Intl.DateTimeFormat(language.value, { weekday: style, timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + at)));
}

function shownValue(row: Row, value: string): string {
  switch (row.kind) {
    case "country":
      return countryName(value.toUpperCase());
    case "language":
      return languageName(value);
    case "device":
      return words().values[value] ?? value;
    case "days": {
      const at = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].indexOf(value);
      return at < 0 ? value : weekday(at);
    }
    case "from":
    case "to":
      return moment(value, ownZone);
    default:
      return value;
  }
}

export function conditionText(row: Row): string {
  const { says } = words().rules;
  const values = joined(row.values.map((value) => shownValue(row, value)), "disjunction");
  if (row.kind === "query") return fill(row.values.length === 0 ? says.queryAny : says.query, { parameter: row.parameter ?? "", values });
  return fill(says[row.kind], { values });
}

export function RuleSentence({ rule }: { rule: Rule }) {
  const { rules } = words();
  const { rows, match, zone } = readConditions(rule.if as Record<string, unknown>);
  const timed = rows.some((row) => row.kind === "days" || row.kind === "hours");
  return (
    <p class="rule-sentence">
      {rows.length === 0 ? rules.always : <>{rules.when} <bdi>{joined(rows.map(conditionText), match === "any" ? "disjunction" : "conjunction")}</bdi></>}
      {timed && <span class="muted"> ({zone || "UTC"})</span>}
      {" → "}
      <bdi class="mono">{rule.to}</bdi>
    </p>
  );
}
