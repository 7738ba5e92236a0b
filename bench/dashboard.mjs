// What Chromium measures of the dashboard: a job {chromium, base, short, key, rounds, only} on standard input, one JSON
// object {what: [milliseconds, …]} on standard output.
import { createRequire } from "node:module";

// What drives Chromium is installed for the tests of pages.
const require = createRequire(new URL("../tests/pages/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const job = JSON.parse(Buffer.concat(chunks).toString());
// So high that every panel is seen, and asks.
const VIEW = { width: 1280, height: 2600 };
const CALM_MS = 250;
const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";

/** In the page: when the last answer of a question was drawn, and how many are under way. */
function watch() {
  window.asked = { running: 0, drawn: 0 };
  const fetched = window.fetch;
  window.fetch = async (...given) => {
    if (!String(given[0]).includes("/v1/query")) return fetched(...given);
    window.asked.running++;
    try {
      const answer = await fetched(...given);
      const body = await answer.clone().arrayBuffer();
      return new Response(body, { status: answer.status, headers: answer.headers });
    } finally {
      requestAnimationFrame(() => requestAnimationFrame((at) => {
        window.asked.running--;
        window.asked.drawn = at;
      }));
    }
  };
}

/** Milliseconds from `began`, on the page's clock, until everything that is asked is drawn. */
function drawn(page, began) {
  return page.waitForFunction(
    ([from, calm]) => {
      const { running, drawn } = window.asked;
      const whole = drawn > from && running === 0 && performance.now() - drawn > calm && !document.querySelector(".skeleton");
      return whole && drawn - from;
    },
    [began, CALM_MS],
    { polling: 20, timeout: 60_000 },
  ).then((handle) => handle.jsonValue());
}

/** The longest task of the page's main thread while `act` runs, in milliseconds. */
async function longest(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const ended = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["toplevel", "disabled-by-default-devtools.timeline", "__metadata"] } });
  await act();
  await session.send("Tracing.end");
  await ended;
  await session.detach();
  const mains = new Set(events.filter((one) => one.name === "thread_name" && one.args?.name === "CrRendererMain").map((one) => `${one.pid} ${one.tid}`));
  const tasks = events.filter((one) => /RunTask$/.test(one.name) && one.dur && mains.has(`${one.pid} ${one.tid}`));
  if (tasks.length === 0) throw new Error("no task was traced");
  return Math.max(...tasks.map((one) => one.dur)) / 1000;
}

const browser = await chromium.launch({ executablePath: job.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const found = { cold: [], filter: [], year: [], live: [] };
try {
  const first = await browser.newContext({ viewport: VIEW, locale: "en-GB" });
  const page = await first.newPage();
  await page.goto(job.base);
  await page.getByRole("textbox", { name: "API key" }).fill(job.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const signedIn = await first.storageState();
  await first.close();
  for (let round = 0; round < job.rounds; round++) {
    const context = await browser.newContext({ viewport: VIEW, locale: "en-GB", storageState: signedIn });
    await context.addInitScript(watch);
    const page = await context.newPage();
    await page.goto(job.base);
    found.cold.push(await drawn(page, 0));
    await page.locator(".live-open").waitFor();
    if (!job.only.includes("filter")) {
      await context.close();
      continue;
    }
    // Each round filters by another value, which nothing has cached.
    const bar = page.locator(".panel .bar-main").nth(6 + (round % 4));
    await bar.waitFor();
    const began = await bar.evaluate((one) => {
      const at = performance.now();
      one.click();
      return at;
    });
    found.filter.push(await drawn(page, began));
    found.year.push(
      await longest(page, async () => {
        const from = await page.evaluate(() => performance.now());
        await page.locator(".page-head select").first().selectOption("12mo");
        await drawn(page, from);
      }),
    );
    await page.goto(job.base);
    await page.locator(".live-open").waitFor();
    await page.locator(".live-value").waitFor();
    const before = await page.locator(".live-value").innerText();
    const scanned = Date.now();
    await fetch(job.short, { redirect: "manual", headers: { "user-agent": PHONE } });
    await page.waitForFunction((was) => document.querySelector(".live-value")?.textContent !== was, before, { polling: 20, timeout: 30_000 });
    found.live.push(Date.now() - scanned);
    await context.close();
  }
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
}
