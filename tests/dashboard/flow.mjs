// Drives the dashboard in Chromium through the steps of a job on standard input; says what came of each on standard
// output. A job is {chromium, base, link, width, height, scheme, shots, steps: [[verb, …]]}.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

// What drives Chromium is installed for the tests of pages.
const require = createRequire(new URL("../pages/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const job = JSON.parse(Buffer.concat(chunks).toString());
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: job.chromium, args: ["--no-sandbox", "--disable-gpu"] });
const context = await browser.newContext({ viewport: { width: job.width, height: job.height }, colorScheme: job.scheme, locale: "en-GB", timezoneId: "Europe/Berlin", permissions: ["clipboard-read", "clipboard-write"] });
const page = await context.newPage();
page.setDefaultTimeout(60_000);
const faults = [];
const hosts = new Set();
page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
page.on("pageerror", (error) => faults.push(error.message));
page.on("dialog", (dialog) => dialog.accept());
page.on("request", (request) => !/^(data|blob):/.test(request.url()) && hosts.add(new URL(request.url()).host));

const verbs = {
  open: (path) => page.goto(job.base + path),
  click: (what) => found(what).click(),
  fill: (what, text) => found(what).fill(text),
  choose: (what, value) => found(what).selectOption(value),
  upload: (what, path) => found(what).setInputFiles(path),
  press: (key) => page.keyboard.press(key),
  see: (what) => found(what).waitFor(),
  // A picture, once it is there.
  loaded: (what) => page.waitForFunction((selector) => document.querySelector(selector)?.naturalWidth > 0, what),
  // The name of the file that comes of a click.
  saves: async (what) => {
    const [saved] = await Promise.all([page.waitForEvent("download"), found(what).click()]);
    return saved.suggestedFilename();
  },
  // In a frame of the page.
  framed: (frame, what) => page.frameLocator(frame).locator(what).first().waitFor(),
  gone: (what) => found(what).waitFor({ state: "detached" }),
  // Until the text of it is this.
  reads: (what, text) => page.waitForFunction(([selector, wanted]) => document.querySelector(selector)?.textContent?.includes(wanted), [what, text]),
  text: (what) => found(what).innerText(),
  address: () => page.url().slice(job.base.length),
  shot: (path, what) => (what ? found(what).screenshot({ path }) : page.screenshot({ path, fullPage: true })),
  // What stands in the window, once nothing is loading.
  picture: async (path) => {
    await settled();
    await page.screenshot({ path, animations: "disabled", caret: "hide" });
  },
  // A scan, as a phone makes it, which follows no redirect.
  visit: async (url, agent) => void (await fetch(url, { redirect: "manual", headers: { "user-agent": agent } })),
  // What the click saves: text as it is, anything else as its length and first bytes.
  download: async (what) => {
    const [file] = await Promise.all([page.waitForEvent("download"), found(what).click()]);
    const bytes = await readFile(await file.path());
    return /\.(csv|svg)$/.test(file.suggestedFilename()) ? bytes.toString() : `${bytes.length} ${bytes.subarray(0, 4).toString("latin1")}`;
  },
  network: (is) => context.setOffline(is === "off"),
  focus: () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("name") || document.activeElement?.localName),
  // To what a selector finds, with some room above.
  scroll: async (what) => {
    await found(what).waitFor();
    await settled();
    await page.evaluate((selector) => scrollTo(0, document.querySelector(selector).getBoundingClientRect().top + scrollY - 16), what);
  },
  wide: () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  axe: async () => {
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return result.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  },
};

async function settled() {
  const loading = () =>
    document.querySelector(".skeleton") !== null || [...document.images].some((one) => !one.naturalWidth && one.getBoundingClientRect().top < innerHeight);
  for (let calm = 0; calm < 4; calm = (await page.evaluate(loading)) ? 0 : calm + 1) await page.waitForTimeout(120);
}

// "button:Sign in" finds by role and name, anything else is a selector.
function found(what) {
  const role = /^(button|link|textbox|combobox|tab|heading|searchbox):(.*)$/.exec(what);
  return (role ? page.getByRole(role[1], { name: role[2], exact: true }) : page.locator(what)).first();
}

let status = 0;
try {
  for (const [verb, ...given] of job.steps) {
    try {
      const told = await verbs[verb](...given);
      console.log(JSON.stringify({ verb, given, told: typeof told === "object" && !Array.isArray(told) ? null : told ?? null }));
    } catch (error) {
      throw new Error(`${verb} ${JSON.stringify(given)} at ${page.url()}: ${error.message}\n${(await page.locator("body").innerText()).slice(0, 1500)}`);
    }
  }
  console.log(JSON.stringify({ verb: "end", faults, hosts: [...hosts] }));
} catch (error) {
  console.error(error.message);
  if (job.shots) await page.screenshot({ path: `${job.shots}/failed.png`, fullPage: true });
  status = 1;
} finally {
  await browser.close();
}
process.exitCode = status;
