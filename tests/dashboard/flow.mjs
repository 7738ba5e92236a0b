// Drives the dashboard in one Chromium for many jobs. A line on standard input is one: {open: {base, width, height, scheme}}
// begins with a fresh context, {steps: [[verb, …], …]} are done there, {close: true} tells what the page complained of.
// Each is answered by one line.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// What drives Chromium is installed for the tests of pages.
const require = createRequire(new URL("../pages/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const STEP_MS = 90_000;
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox", "--disable-gpu"] });
let job, context, page, faults, hosts, writes;

async function open(given) {
  job = given;
  [faults, hosts, writes] = [[], new Set(), []];
  context = await browser.newContext({ viewport: { width: job.width, height: job.height }, colorScheme: job.scheme, locale: "en-GB", timezoneId: "Europe/Berlin", permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(STEP_MS);
  page = await context.newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => {
    if (dialog.type() === "alert") faults.push(`alert: ${dialog.message()}`);
    return dialog.accept();
  });
  page.on("request", (request) => {
    if (/^(data|blob):/.test(request.url())) return;
    const url = new URL(request.url());
    hosts.add(url.host);
    if (!["GET", "HEAD"].includes(request.method())) writes.push(`${request.method()} ${url.pathname}`);
  });
}

const verbs = {
  open: (path) => page.goto(job.base + path),
  // Signed in without the form, from the next page on.
  signed: async (key) => {
    const answer = await context.request.post(`${job.base}/v1/session`, { data: { key } });
    if (!answer.ok()) throw new Error(await answer.text());
    // (Previews in frames have no storage.)
    await context.addInitScript(() => window === window.top && localStorage.setItem("signed-in", "1"));
  },
  click: (what) => found(what).click(),
  fill: (what, text) => found(what).fill(text),
  choose: (what, value) => found(what).selectOption(value),
  upload: (what, path) => found(what).setInputFiles(path),
  press: (key) => page.keyboard.press(key),
  type: (text) => page.keyboard.type(text),
  // By Tab alone to where it is meant to go, and whether the focus can be seen there.
  tab: async (what, key = "Tab") => {
    const target = found(what);
    await target.waitFor();
    for (let at = 0; at < 200; at++) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        // A hidden input shows it on its label.
        const marked = await target.evaluate((element) => element.matches(":focus-visible") && [element, element.parentElement].some((one) => getComputedStyle(one).boxShadow !== "none"));
        if (!marked) throw new Error("the focus is not visible");
        return;
      }
      await page.keyboard.press(key);
    }
    throw new Error("not reached by Tab");
  },
  see: (what) => found(what).waitFor(),
  // Until nothing is loading any more.
  settled: () => page.waitForFunction(() => document.querySelector("h1") && !document.querySelector(".skeleton, [aria-busy=true]")),
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
  value: (what) => found(what).inputValue(),
  text: (what) => found(what).innerText(),
  texts: (what) => page.locator(what).allInnerTexts(),
  address: () => page.url().slice(job.base.length),
  shot: (path, what) => (what ? found(what).screenshot({ path }) : page.screenshot({ path, fullPage: true })),
  // What stands in the window, once nothing is loading.
  picture: async (path) => {
    await calm();
    await page.screenshot({ path, animations: "disabled", caret: "hide" });
  },
  // A scan, as a phone makes it, which follows no redirect.
  visit: async (url, agent, language = "en") => (await fetch(url, { redirect: "manual", headers: { "user-agent": agent, "accept-language": language } })).headers.get("location"),
  // What the click saves: text as it is, anything else as its length and first bytes.
  download: async (what) => {
    const [file] = await Promise.all([page.waitForEvent("download"), found(what).click()]);
    const bytes = await readFile(await file.path());
    return /\.(csv|svg)$/.test(file.suggestedFilename()) ? bytes.toString() : `${bytes.length} ${bytes.subarray(0, 4).toString("latin1")}`;
  },
  network: (is) => context.setOffline(is === "off"),
  look: (scheme, width, height) => Promise.all([page.emulateMedia({ colorScheme: scheme }), page.setViewportSize({ width: Number(width), height: Number(height) })]).then(() => null),
  focus: () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("name") || document.activeElement?.localName),
  // To what a selector finds, with some room above.
  scroll: async (what) => {
    await found(what).waitFor();
    await calm();
    await page.evaluate((selector) => scrollTo(0, document.querySelector(selector).getBoundingClientRect().top + scrollY - 16), what);
  },
  // What reaches beyond the page's edge.
  overflow: () =>
    page.evaluate(() => {
      if (document.documentElement.scrollWidth <= innerWidth) return [];
      const clipped = (element) => element && (getComputedStyle(element).overflowX !== "visible" || clipped(element.parentElement));
      return [...document.body.querySelectorAll("*")]
        .filter((element) => element.getBoundingClientRect().right > innerWidth && !clipped(element.parentElement))
        .slice(0, 8)
        .map((element) => `${element.localName}.${element.className.baseVal ?? element.className} ${Math.round(element.getBoundingClientRect().right - innerWidth)}`)
        .concat(`page ${document.documentElement.scrollWidth - innerWidth}`);
    }),
  // How much of the page has jumped since it was opened (cumulative layout shift), if that is more than people notice.
  jumps: () =>
    page.evaluate(
      () =>
        new Promise((done) => {
          const shifts = [];
          new PerformanceObserver((list) => shifts.push(...list.getEntries())).observe({ type: "layout-shift", buffered: true });
          requestAnimationFrame(() => setTimeout(() => {
            const sum = shifts.reduce((total, one) => total + (one.hadRecentInput ? 0 : one.value), 0);
            done(sum <= 0.1 ? [] : [sum.toFixed(3), ...shifts.flatMap((one) => one.sources.map((source) => `${source.node?.localName}.${source.node?.className}`)).slice(0, 6)]);
          }));
        }),
    ),
  wide: () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  // Violations of all rules, or of the one that is named.
  axe: async (rule) => {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    // Colours that are still changing have not the contrast that they will have.
    await page.evaluate(async () => {
      for (let at = 0; at < 40 && document.getAnimations().some((one) => one instanceof CSSTransition && one.playState === "running"); at++) await new Promise((next) => setTimeout(next, 50));
    });
    const result = await page.evaluate((only) => window.axe.run(document, { resultTypes: ["violations"], ...(only ? { runOnly: { type: "rule", values: [only] } } : {}) }), rule);
    return result.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  },
};

// Nothing is loading, and a moment later nothing has begun to.
async function calm() {
  const loading = () =>
    document.querySelector(".skeleton") !== null || [...document.images].some((one) => !one.naturalWidth && one.getBoundingClientRect().top < innerHeight);
  for (let calm = 0; calm < 4; calm = (await page.evaluate(loading)) ? 0 : calm + 1) await page.waitForTimeout(120);
}

// "button:Sign in" finds by role and name, anything else is a selector.
function found(what) {
  const role = /^(button|link|textbox|combobox|tab|heading|searchbox):(.*)$/.exec(what);
  return (role ? page.getByRole(role[1], { name: role[2], exact: true }) : page.locator(what)).first();
}

async function run(steps) {
  const told = [];
  for (const [verb, ...given] of steps) {
    try {
      const result = await verbs[verb](...given);
      told.push({ verb, told: typeof result === "object" && !Array.isArray(result) ? null : result ?? null });
    } catch (error) {
      const shown = await page.locator("body").innerText({ timeout: 5_000 }).catch(() => "");
      throw new Error(`${verb} ${JSON.stringify(given)} at ${page.url()}: ${error.message}\n${faults.join("\n")}\n${shown.slice(0, 1500)}`);
    }
  }
  return told;
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer = {};
  try {
    if (asked.open) await open(asked.open);
    if (asked.steps) answer = { told: await run(asked.steps) };
    if (asked.close) {
      answer = { faults, hosts: [...hosts], writes };
      await context.close();
    }
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
}
await browser.close();
