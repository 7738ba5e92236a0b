import { expect, test, vi } from "vitest";
import { browserOf } from "../src/components/agent";
import { rebased } from "../src/logic/rebased";
import { fromField, toField } from "../src/text/moments";
import type { View } from "../src/state/view";

vi.stubGlobal("location", { search: "", pathname: "/", hash: "" });
vi.stubGlobal("localStorage", { getItem: () => "en" });
vi.stubGlobal("navigator", { languages: ["en"] });
vi.stubGlobal("addEventListener", () => undefined);
const { questionOf, viewOf } = await import("../src/state/report");
const { bytes, share } = await import("../src/text/numbers");
const { read, write } = await import("../src/state/view");

test.each(["", "?period=12mo&compare=year_over_year&kinds=human,bot", "?from=2026-01-05&to=2026-02-01&compare=none&zone=Asia/Tokyo", "?f=scan:country~DE&f=!code:tag~a, b&f=!code:tag~c"])("a view %s is the same after it was saved", (text) => {
  const view: View = read(text);
  expect(write(viewOf(questionOf(view, "code")) as View)).toEqual(write(view));
});

test.each([{ date_range: "91d" }, { date_range: ["2026-01-01T00:00:00Z", "2026-01-02"] }, { date_range: "7d", filters: [["or", []]] }, { date_range: "7d", filters: [["contains", "scan:city", ["a"]]] }, { date_range: "7d", compare: ["2026-01-01", "2026-01-02"] }, {}])("a question that no view can show is not shown as another: %j", (query) => {
  expect(viewOf(query)).toBeNull();
});

test("a moment in a field is the same moment", () => {
  expect(fromField(toField("2026-05-21T15:00:00Z"))).toBe("2026-05-21T15:00:00Z");
  expect([toField(null), fromField("")]).toEqual(["", null]);
});

test("browsers are called as people call them", () => {
  expect(browserOf("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe("Firefox · Linux");
  expect(browserOf("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0")).toBe("Edge · Windows");
  expect(browserOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")).toBe("Safari · iOS");
  expect(browserOf("curl/8.5.0")).toBe("curl/8.5.0");
});

test("sizes are said in the unit that fits", () => {
  expect([bytes(0), bytes(999), bytes(184_120), bytes(10_737_418_240)]).toEqual(["0 bytes", "999 bytes", "184.1 kB", "10.7 GB"]);
});

test("a share that is something is not told as nothing", () => {
  expect([share(0), share(0.004), share(0.005), share(0.333)]).toEqual(["0%", "<1%", "1%", "33%"]);
});

test("what is typed stays when somebody else was first, and all else is theirs", () => {
  const shown = { name: "Café", message: "", accent: "" };
  expect(rebased({ ...shown, message: "Until ten." }, shown, { name: "Bar", message: "Closed", accent: "#000000" })).toEqual({ name: "Bar", message: "Until ten.", accent: "#000000" });
});
