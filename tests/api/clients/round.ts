// A round through each API with types of openapi-typescript and the minimal bodies of its document. What is wrong in the
// types does not compile; what is wrong in an answer ends it with a status that is not 0.
import createClient from "openapi-fetch";
import type { paths } from "./waymark.js";

const URL = "https://example.com/spring";
const client = createClient<paths>({
  baseUrl: process.env.WAYMARK,
  headers: { Authorization: `Bearer ${process.env.WAYMARK_KEY}` },
});

function must<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1";

// What `count` reads once somebody has scanned the code.
async function scanned(link: string, count: () => Promise<number>): Promise<number> {
  if ((await count()) !== 0) throw new Error(`${link}: scanned before`);
  const scan = await fetch(link, { headers: { "User-Agent": PHONE }, redirect: "manual" });
  if (scan.status !== 302) throw new Error(`${link}: ${scan.status}`);
  for (let turn = 0; turn < 600; turn++) {
    const found = await count();
    if (found !== 0) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${link}: the scan is not counted`);
}

async function openqr() {
  const code = must(await client.POST("/v1/dynamic", { body: { destination: URL } }));
  const path = { id: code.id };
  must(await client.PATCH("/v1/dynamic/{id}", { params: { path }, body: { label: "Summer" } }));
  const bulk = must(await client.POST("/v1/dynamic/bulk", { body: { items: [{ destination: URL, label: "Table 1" }] } }));
  const list = must(await client.GET("/v1/dynamic", { params: { query: { limit: 10 } } }));
  const read = async () => must(await client.GET("/v1/dynamic/{id}/scans", { params: { path } }));
  const total = await scanned(code.short_url, async () => (await read()).scans.total);
  const found = list.codes.find((one) => one.id === code.id);
  const made: string | undefined = bulk.results[0]?.code?.label ?? undefined;
  return [found?.label, made, total, (await read()).analytics.daily.length];
}

async function questions() {
  const code = must(await client.POST("/v1/dynamic", { body: { destination: URL, tags: ["asked-here"] } }));
  const body = { metrics: ["scans"], date_range: "7d", dimensions: ["code"], filters: [["is", "code:tag", ["asked-here"]]] };
  const read = async () => must(await client.POST("/v1/query", { body }));
  const rows = await scanned(code.short_url, async () => (await read()).results.length);
  const report = must(await client.POST("/v1/reports", { body: { name: "Asked", query: body } }));
  const path = { id: report.id };
  const again = must(await client.GET("/v1/reports/{id}/answer", { params: { path } }));
  return [rows, again.results[0]?.metrics[0], again.meta.codes[code.id]?.slug === code.slug];
}

async function page() {
  const content = { landingPageContent: { title: "Hello" } };
  const code = must(await client.POST("/v1/dynamic", { body: { type: "landing_page", content } }));
  const edit = { params: { path: { id: code.id } }, body: { label: "Renamed" } };
  const renamed = must(await client.PATCH("/v1/dynamic/{id}", edit));
  return [renamed.type, renamed.content?.landingPageContent?.title];
}

async function agency() {
  const code = must(await client.POST("/api/v1/dynamic/", { body: { name: "Spring", destination_url: URL } }));
  const path = { short_id: code.short_id };
  must(await client.PATCH("/api/v1/dynamic/{short_id}/", { params: { path }, body: { name: "Summer" } }));
  const list = must(await client.GET("/api/v1/dynamic/"));
  const read = async () => must(await client.GET("/api/v1/dynamic/{short_id}/analytics/", { params: { path } }));
  const total = await scanned(code.public_url, async () => (await read()).total_scans);
  return [list.results.find((one) => one.short_id === code.short_id)?.name, total];
}

async function exaroutes() {
  const code = must(await client.POST("/api/qr/codes", { body: { data: URL } }));
  const path = { id: code.id };
  must(await client.PUT("/api/qr/codes/{id}", { params: { path }, body: { destination: `${URL}-v2` } }));
  const bulk = must(await client.POST("/api/qr/codes/bulk", { body: [{ data: URL }] }));
  const status = must(await client.GET("/api/qr/codes/bulk/{bulkId}", { params: { path: { bulkId: bulk.bulkId } } }));
  const list = must(await client.GET("/api/qr/codes"));
  const read = async () => must(await client.GET("/api/qr/codes/{id}/analytics", { params: { path } }));
  const total = await scanned(code.redirectUrl, async () => (await read()).totalScans);
  return [list.data.find((one) => one.id === code.id)?.destination, status.total, total];
}

async function qravio() {
  const body = { name: "Spring", type: "website", category: "dynamic" as const, content: { url: URL },
    destinations: [{ target_url: URL }] };
  const code = must(await client.POST("/api/public/v1/qrcodes", { body }));
  const path = { id: code.id };
  must(await client.PATCH("/api/public/v1/qrcodes/{id}", { params: { path }, body: { name: "Summer" } }));
  const list = must(await client.GET("/api/public/v1/qrcodes"));
  const read = async () => must(await client.GET("/api/public/v1/qrcodes/{id}/analytics", { params: { path } }));
  const total = await scanned(`${process.env.WAYMARK_SHORT}/${code.short_code}`, async () => (await read()).total_scans);
  return [list.find((one) => one.id === code.id)?.name, total, (await read()).scans_by_device.bot];
}

console.log(JSON.stringify([await openqr(), await questions(), await page(), await agency(), await exaroutes(), await qravio()]));
