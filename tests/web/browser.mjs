// The page of `inkling report` in Debian's Chromium: opens without an error and without a request, draws, answers to
// pointer and keys, has no serious finding of axe-core. Screenshots of all its looks go into INKLING_SCREENSHOTS.
//
// INKLING_BINARY is the program; runs are trained on the bundled sample.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const program = process.env.INKLING_BINARY;
const screenshots = process.env.INKLING_SCREENSHOTS;
const kMostBytes = 2_000_000;
const desktop = { width: 1280, height: 900 }, phone = { width: 375, height: 760 };
const kPatience = 120_000;  // guess, milliseconds: a machine that does other work, too
const kSettling = 800;  // guess, milliseconds: of a new window
const kHostile = "</script><img src=x onerror=alert(1)>";

let folder, browser;
const pages = {};  // name -> file

function inkling(...args) {
  return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

before(async () => {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  assert.ok(executablePath, "Chromium is not there: apt-get install chromium");
  mkdirSync(screenshots, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "inkling-web-"));
  inkling("train", "--data", "sample", "--epochs", "6", "--validation", "0.1", "--out", "runs/plain");
  inkling("train", "--data", "sample", "--epochs", "8", "--layers", "784,64,32,10", "--optimizer", "adamw", "--activation", "tanh",
    "--out", "runs/adamw");
  inkling("train", "--data", "sample", "--epochs", "1", "--layers", "784,10", "--out", "runs/linear");
  mkdirSync(join(folder, "hostile"));
  const nested = `hostile/${kHostile.replaceAll("/", "-")}`;
  inkling("train", "--data", "sample", "--epochs", "1", "--out", nested);
  for (const [name, args] of Object.entries({
    run: ["runs/plain"], deep: ["runs/adamw"], linear: ["runs/linear"], hostile: [nested],
    comparison: ["runs/plain", "runs/adamw", "runs/linear"],
  })) {
    pages[name] = join(folder, `${name}.html`);
    inkling("report", ...args, "-o", pages[name]);
  }
  // The sandbox is Chromium's own and works for everybody but root.
  const args = ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  browser = await chromium.launch({ executablePath, args });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// Small pictures are painted after the page is there.
function drawn(page) {
  return page.waitForFunction(() => !document.documentElement.hasAttribute("data-drawing"));
}

// A page opened from disk, and everything about it that must not be.
// A browser that still opens its window is busy with itself: settled waits for that.
async function open(name, { settled = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: desktop, ...options });
  const page = await context.newPage();
  const faults = [];
  const url = pathToFileURL(pages[name]).href;
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => { if (request.url() !== url && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`); });
  page.on("dialog", (dialog) => { faults.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.setDefaultTimeout(kPatience);
  if (settled) await setTimeout(kSettling);
  await page.goto(url, { waitUntil: "commit", timeout: kPatience });
  await page.waitForFunction(() => performance.getEntriesByName("inkling-ready").length > 0);
  await drawn(page);
  return { page, faults, close: () => context.close() };
}

async function opened(name, options, work) {
  const { page, faults, close } = await open(name, options);
  try {
    await work(page);
    assert.deepEqual(faults, []);
  } finally {
    await close();
  }
}

// How many pixels of each chart's canvas are drawn, and in how many colours.
function inkOfCharts(page) {
  return page.$$eval(".plot canvas", (all) => all.map((canvas) => {
    const copy = document.createElement("canvas");  // reading the page's own would make Chromium complain
    copy.width = canvas.width;
    copy.height = canvas.height;
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const colours = new Set();
    let drawn = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) { ++drawn; colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]); }
    return { share: drawn / (canvas.width * canvas.height), colours: colours.size };
  }));
}

test("every page is below 2 MB, names no address and is the same each time", () => {
  for (const [name, file] of Object.entries(pages)) {
    assert.ok(statSync(file).size <= kMostBytes, `${name}: ${statSync(file).size} bytes`);
    assert.doesNotMatch(readFileSync(file, "utf8").replaceAll("http://www.w3.org/", ""), /https?:\/\//, name);
  }
  const again = join(folder, "again.html");
  inkling("report", "runs/plain", "--threads", "1", "-o", again);
  assert.ok(readFileSync(again).equals(readFileSync(pages.run)));
});

test("opens from disk without an error and without a request", async () => {
  for (const name of Object.keys(pages)) {
    const ready = [];
    for (let turn = 0; turn < 3; ++turn)
      await opened(name, { settled: true }, async (page) => {
        assert.ok((await page.locator("h1").textContent()).length > 0);
        assert.equal(await page.locator("[role=alert]").count(), 0);
        ready.push(await page.evaluate(() => performance.getEntriesByName("inkling-ready")[0].startTime));
      });
    const [, median] = ready.sort((a, b) => a - b);
    console.log(`# ${name}: ready after ${median.toFixed(0)} ms (median of 3), ${statSync(pages[name]).size} bytes`);
  }
});

test("a hostile name is shown as it is", () => opened("hostile", {}, async (page) => {
  assert.match(await page.locator("h1").textContent(), /<-script><img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator("img").count(), 0);
}));

test("charts are drawn", () => opened("run", {}, async (page) => {
  const charts = await inkOfCharts(page);
  assert.equal(charts.length, 6);
  for (const chart of charts) assert.ok(chart.share > 0.003 && chart.colours > 3, JSON.stringify(charts));
}));

test("a chart is hovered, zoomed by dragging, and shown whole again", () => opened("run", {}, async (page) => {
  const chart = page.locator("figure.chart").first(), plot = chart.locator(".u-over");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + 2, box.y + box.height / 2);
  assert.match(await chart.locator(".where").textContent(), /epoch 1$/);
  await page.mouse.move(box.x + box.width - 2, box.y + box.height / 2);
  assert.match(await chart.locator(".where").textContent(), /epoch 6$/);
  const reset = chart.getByRole("button", { name: "Show all" });
  assert.ok(await reset.isDisabled());
  await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 5 });
  await page.mouse.up();
  assert.ok(await reset.isEnabled());
  await reset.click();
  assert.ok(await reset.isDisabled());
}));

test("a line is hidden and shown, an axis made logarithmic", () => opened("run", {}, async (page) => {
  const chart = page.locator("figure.chart").first();
  const before = (await inkOfCharts(page))[0].share;
  const key = chart.locator("button.key").first();
  await key.click();
  assert.equal(await key.getAttribute("aria-pressed"), "false");
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  assert.ok((await inkOfCharts(page))[0].share < before);
  await chart.getByRole("button", { name: "Log scale" }).click();
  assert.equal(await chart.getByRole("button", { name: "Log scale" }).getAttribute("aria-pressed"), "true");
}));

test("the table behind a chart has its numbers", () => opened("run", {}, async (page) => {
  const chart = page.locator("figure.chart").first();
  await chart.locator("summary").click();
  assert.equal(await chart.locator("tbody tr").count(), 6);
  assert.equal(await chart.locator("thead th").count(), 4);  // epoch, training, validation, test
}));

test("a cell of the matrix that is clicked shows its images", () => opened("run", {}, async (page) => {
  const wrong = page.locator(".confusion button.wrong:not(.shade-0)");
  for (const i of [0, Math.floor(await wrong.count() / 2)]) {
    const cell = wrong.nth(i);
    const [, label, predicted, count] = (await cell.getAttribute("aria-label")).match(/^(.+) read as (.+): (\d+) image/);
    await cell.click();
    assert.equal(await cell.getAttribute("aria-pressed"), "true");
    assert.equal(await page.locator(".cell-images h3").textContent(), `Label ${label}, read as ${predicted}`);
    const names = await page.locator(".cell-images .verdict").allTextContents();
    assert.equal(names.length, Number(count));
    assert.ok(names.every((text) => text === `${label} \u2192 ${predicted}`), names.join());
    await drawn(page);
    const blank = await page.$$eval(".cell-images canvas", (all) => all.filter((c) =>
      c.getContext("2d").getImageData(0, 0, c.width, c.height).data.every((v) => v === 0)).length);
    assert.equal(blank, 0);
  }
}));

test("filters leave the images that were asked for", () => opened("run", {}, async (page) => {
  const gallery = page.locator(".gallery");
  await gallery.getByLabel("Label", { exact: true }).selectOption("4");
  const texts = await gallery.locator(".verdict").allTextContents();
  assert.ok(texts.length > 0 && texts.every((text) => text.startsWith("4 \u2192 ")), texts.join());
  await gallery.getByLabel("Show").selectOption("right");
  const right = await gallery.locator(".verdict").allTextContents();
  assert.ok(right.length > 0 && right.every((text) => text === "\u2713 4"), right.join());
  await gallery.getByLabel("Show").selectOption("");
  await gallery.getByLabel("Label", { exact: true }).selectOption("");
  await gallery.getByLabel("Confidence from").fill("90");
  const shares = (await gallery.locator(".card .share").allTextContents()).map(Number.parseFloat);
  assert.ok(shares.length > 0 && shares.every((share) => share >= 90), shares.join());
  assert.match(await gallery.locator(".status").textContent(), /^\d+ images?\./);
}));

test("everything is reached with the keyboard alone", () => opened("run", {}, async (page) => {
  const focused = (what) => page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, what);
  const tabTo = async (selector, most = 60) => {
    for (let i = 0; i < most; ++i) {
      await page.keyboard.press("Tab");
      if (await focused(selector)) return;
    }
    assert.fail(`Tab does not reach ${selector}`);
  };
  await page.keyboard.press("Tab");
  assert.ok(await focused(".skip"));
  await page.keyboard.press("Enter");
  await tabTo(".plot");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none");  // the focus is seen
  const text = () => page.evaluate(() => document.activeElement.getAttribute("aria-valuetext"));
  assert.match(await text(), /^epoch 6: training /);
  await page.keyboard.press("Home");
  assert.match(await text(), /^epoch 1: /);
  await page.keyboard.press("ArrowRight");
  assert.match(await text(), /^epoch 2: training .+, validation .+, test /);
  await page.keyboard.press("+");
  const reset = page.locator("figure.chart").first().getByRole("button", { name: "Show all" });
  assert.ok(await reset.isEnabled());
  await page.keyboard.press("0");
  assert.ok(await reset.isDisabled());

  await tabTo(".confusion button");
  for (const key of ["Home", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowRight", "Enter"])
    await page.keyboard.press(key);
  assert.equal(await page.locator(".cell-images h3").textContent(), "1 read as 1");
  assert.equal(await page.locator(".confusion button[tabindex='0']").count(), 1);
  await tabTo(".gallery select");
  await tabTo(".config input");
  await page.keyboard.press("Space");
  assert.ok(await page.locator(".config tbody tr").count() > 40);
}));

test("comparison: differences first, curves of all, error bars, McNemar, disagreements", () => opened("comparison", {}, async (page) => {
  assert.equal(await page.locator("main h2").first().textContent(), "What differs");
  assert.match(await page.locator("#differences table").textContent(), /optimizer.*sgd.*adamw/s);
  assert.equal(await page.locator("#scores .errors circle").count(), 3);
  assert.equal(await page.locator("#scores table").last().locator("tbody tr").count(), 3);
  for (const chart of await inkOfCharts(page)) assert.ok(chart.share > 0.003 && chart.colours > 3);
  assert.equal(await page.locator("#curves figure.chart").first().locator("button.key").count(), 3);
  assert.ok(await page.locator(".disagreement").count() > 0);
}));

const looks = {
  "light": {}, "dark": { colorScheme: "dark" }, "phone": { viewport: phone, deviceScaleFactor: 2, hasTouch: true },
  "phone-dark": { viewport: phone, deviceScaleFactor: 2, colorScheme: "dark" }, "contrast": { forcedColors: "active" },
  "still": { reducedMotion: "reduce" },
};
const looked = { run: Object.keys(looks), comparison: ["light", "dark", "phone"], deep: ["light"], linear: ["phone"] };
for (const [name, these] of Object.entries(looked))
  for (const look of these) {
    const options = looks[look];
    test(`${name} in ${look}: axe-core finds nothing serious, nothing is cut off`, () => opened(name, options, async (page) => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide`);
      const open = (all) => page.evaluate((value) => {
        for (const details of document.querySelectorAll("details")) details.open = value;
        return new Promise((done) => setTimeout(done, 100));  // their tables are made now
      }, all);
      await open(true);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      const serious = violations.filter((v) => ["serious", "critical"].includes(v.impact));
      assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`), []);
      for (const v of violations) console.log(`# ${v.impact}: ${v.id}: ${v.nodes[0]?.html.slice(0, 100)}`);
      await open(false);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(screenshots, `${name}-${look}.png`), fullPage: true });
    }));
  }

test("on paper: light, without controls", () => opened("run", { colorScheme: "dark" }, async (page) => {
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 760, height: 1000 });
  await page.waitForTimeout(200);  // charts are drawn again
  await drawn(page);
  assert.equal(await page.locator("nav").isVisible(), false);
  assert.equal(await page.locator(".filters").first().isVisible(), false);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  await page.screenshot({ path: join(screenshots, "run-print.png"), fullPage: true });
  await page.pdf({ path: join(screenshots, "run.pdf"), format: "A4" });
}));
