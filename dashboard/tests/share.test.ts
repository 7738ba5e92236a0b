import { expect, test } from "vitest";
import { frameOf } from "../src/api/shared";

test("a title with quotes stays within the line of a frame", () => {
  const line = frameOf("https://waymark.example.com/shared/abc", `"><script>alert(1)</script> & co`);
  expect(line).toContain('src="https://waymark.example.com/shared/abc"');
  expect(line).toContain('title="&quot;>&lt;script>alert(1)&lt;/script> &amp; co"');
});
