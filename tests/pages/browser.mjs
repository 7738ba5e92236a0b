// Opens pages in Chromium and says what came of it: one JSON object for each on standard output. A job on standard
// input is {pages: [{name, url, shot, type, click}], views: [{name, width, height, scheme}], axe: true, downloads: folder}.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const SETTLE_MS = 60;

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const job = JSON.parse(Buffer.concat(chunks).toString());
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// One tab for all pages: a new one each would be a new process each.
function watch(page) {
  const seen = {};
  page.on("console", (message) => seen.found.console.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.found.console.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { seen.found.dialogs.push(dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => seen.found.requests.push(request.url()));
  page.on("download", (download) => seen.found.downloads.push(download));
  return seen;
}

async function open(page, seen, view, wanted) {
  const found = { name: wanted.name, view: view.name, console: [], dialogs: [], requests: [], downloads: [] };
  seen.found = found;
  const answer = await page.goto(wanted.url, { waitUntil: "load" });
  found.status = answer.status();
  if (wanted.type) {
    await page.fill("input", wanted.type);
    await page.click("button");
    await page.waitForLoadState("load");
  }
  for (const selector of wanted.click ?? []) {
    for (const element of await page.locator(selector).all()) {
      await element.click();
      await page.waitForTimeout(SETTLE_MS);
    }
  }
  await page.waitForTimeout(wanted.wait ?? SETTLE_MS);
  found.url = page.url();
  // Evaluated through the debugger, so the page's own policy stands as it is.
  found.seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - window.innerWidth,
    ran: window.pwned ?? null,
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].filter(
      (one) => one.getAttributeNames().some((name) => name.startsWith("on"))).length,
    hrefs: [...document.querySelectorAll("a")].map((one) => one.getAttribute("href")),
    tags: [...new Set([...document.querySelectorAll("*")].map((one) => one.localName))].sort(),
    text: document.body.innerText.length,
    paper: getComputedStyle(document.body).backgroundColor,
    direction: getComputedStyle(document.documentElement).direction,
    broken: [...document.images].filter((one) => one.complete && !one.naturalWidth).length,
    playable: [...document.querySelectorAll("audio,video")].map((one) => one.readyState),
  }));
  // (A view may leave it to another one of the same scheme.)
  if (job.axe && view.axe !== false) {
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    found.violations = result.violations.map(
      (one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
    found.rules = result.passes.length;
  }
  if (wanted.shot) await page.screenshot({ path: wanted.shot.replace("{view}", view.name) });
  found.downloads = await Promise.all(found.downloads.map(async (one) => {
    const path = join(job.downloads, one.suggestedFilename());
    await one.saveAs(path);
    return path;
  }));
  console.log(JSON.stringify(found));
}

// One browser for all views, which have nothing in common all the same: another one would be four more processes.
const browser = await chromium.launch({ executablePath: job.chromium, args: FLAGS });

async function look(view) {
  const context = await browser.newContext({
    viewport: { width: view.width, height: view.height },
    deviceScaleFactor: view.scale ?? 1,
    colorScheme: view.scheme,
    locale: "en-GB",
  });
  const page = await context.newPage();
  const seen = watch(page);
  for (const wanted of job.pages) await open(page, seen, view, wanted);
}

try {
  await Promise.all(job.views.map(look));
} finally {
  await browser.close();
}
