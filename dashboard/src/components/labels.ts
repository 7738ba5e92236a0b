/* How a value of a dimension is shown. What was typed by somebody stays text. */

import { words } from "../text";
import { countryName, day, languageName } from "../text/numbers";
import type { Label } from "../api/questions";

export function valueLabel(dimension: string, value: Label): string {
  const text = String(value);
  const { values } = words();
  if (text === "") return dimension === "scan:referrer_host" || dimension === "scan:referrer" ? (values["direct"] ?? "") : dimension.startsWith("scan:utm") || dimension === "scan:placement" || dimension.startsWith("code:") ? (values["none"] ?? "") : (values["unknown"] ?? "");
  switch (dimension) {
    case "scan:country":
      return countryName(text);
    case "scan:language":
      return languageName(text);
    case "scan:device":
    case "scan:entry":
      return values[text] ?? text;
    case "scan:kind":
      return (words().kinds as Record<string, string>)[text] ?? text;
    default:
      return text;
  }
}

export function dimensionLabel(dimension: string): string {
  return words().dimensions[dimension] ?? dimension;
}

export function periodLabel(period: string | [string, string]): string {
  return typeof period === "string" ? ((words().periods as Record<string, string>)[period] ?? period) : `${day(period[0])} – ${day(period[1])}`;
}
