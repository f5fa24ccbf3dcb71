// A real browser for the tests: Debian's Chromium or whatever of its kind is installed.
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";

const PLACES = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Undefined where there is none. */
export const BROWSER = PLACES.find((path) => path !== "" && existsSync(path));
if (BROWSER === undefined) {
  console.warn("No browser was found: its tests are SKIPPED. Install Chromium, or set CHROMIUM to where it is.");
}

/** Kept as CI's output. */
const SCREENSHOTS = join(ROOT, ".screenshots");

/** No sandbox: in a container root has none. */
export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: BROWSER ?? "", args: ["--no-sandbox"] });
}

/** A page of its own whose every error is remembered. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (said) => {
    // A request that failed is reported by the browser itself; what the page makes of it is what the tests look at.
    if (said.type() === "error" && !said.text().startsWith("Failed to load resource")) errors.push(said.text());
  });
  return { page, errors, close: () => context.close() };
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe finds. Its script comes in over the debugger: the page's own policy lets no foreign one in. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const found = await page.evaluate<unknown>("axe.run()");
  return axeResult
    .parse(found)
    .violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

const axeResult = z.object({
  violations: z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) })),
});
