import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "../src/api/client";
import { deleteCode, editCode, undoEdit } from "../src/api/codes";

interface Asked {
  method: string;
  version: string | null;
}

/** Takes an edit of the version that it has, as the API does; answers come a moment later. */
function server(): Asked[] {
  const asked: Asked[] = [];
  let version = 1;
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    const seen = new Headers(init.headers).get("if-match");
    asked.push({ method: init.method ?? "", version: seen });
    const fits = seen === null || seen === `"${version}"`;
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (!fits) return new Response('{"error": {"code": "changed", "message": "changed"}}', { status: 412 });
    version += 1;
    return new Response("{}", { headers: { etag: `"${version}"` } });
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

test("an edit that begins while another one is on its way follows it", async () => {
  const asked = server();
  await Promise.all([editCode("a", { scan_limit: 5 }, '"1"'), editCode("a", { password: "x" }, '"1"')]);
  // Also one by somebody who still sees the first version.
  await editCode("a", { label: "y" }, '"1"');
  expect(asked.map((one) => one.version)).toEqual(['"1"', '"2"', '"3"']);
  await deleteCode("a", '"1"');
  expect(asked.at(-1)).toEqual({ method: "DELETE", version: '"4"' });
});

test("somebody else's edit is still met, and the next edit is not kept by it", async () => {
  server();
  await editCode("b", {}, null);
  await expect(editCode("b", {}, '"1"')).rejects.toMatchObject({ status: 412 } satisfies Partial<ApiError>);
  await editCode("b", {}, '"2"');
});

test("only the last edit is undone", async () => {
  server();
  const first = await editCode("c", {}, '"1"');
  await editCode("c", {}, first.etag);
  await expect(undoEdit("c", {}, first.etag)).rejects.toMatchObject({ status: 412 });
});
