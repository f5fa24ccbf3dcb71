// Keeping a video whose links lead to another origin, as they do in the cloud: a file under its name, and the page stays.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const WORDS = "Les vagues de l'été / 浜辺";
const PHOTO = join(ROOT, "stacks/local/samples/photo.jpg");
const MP4_MARK = /^.{4}ftyp/s;

describe.skipIf(BROWSER === undefined)("a video of another origin", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  let close: () => Promise<void>;
  beforeAll(async () => {
    // By name where the page goes by number: to a browser another origin.
    const settings = (port: number) => ({ MEDIA_ORIGIN: `http://localhost:${port}` });
    [server, browser] = await Promise.all([startServer(settings), launch()]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });
  beforeEach(async ({ task }) => {
    ({ page, close } = await openPage(browser, { acceptDownloads: true }));
    await page.goto(`${server.url}/?space=${task.id}`);
    await page.getByLabel(/^(Choose a picture|Change)$/).setInputFiles(PHOTO);
    await page.getByText("Checked: 1600 × 1067").waitFor();
    await page.getByLabel("Describe what should happen").fill(WORDS);
    await page.getByRole("button", { name: /^Animate/ }).click();
    await page.getByText("Ready", { exact: true }).waitFor();
  });
  afterEach(() => close());

  async function kept() {
    const before = page.url();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click(),
    ]);
    const bytes = await readFile(await download.path());
    expect(new URL(download.url()).hostname).toBe("localhost");
    expect(download.suggestedFilename()).toBe("Les vagues de l'été 浜辺-standard.mp4");
    expect(bytes.subarray(0, 12).toString("latin1")).toMatch(MP4_MARK);
    expect(page.url()).toBe(before);
    await page.getByText(WORDS).first().waitFor();
  }

  it("is kept as a file of its own name", () => kept());

  it("is asked for anew when its link has ended, and kept", async () => {
    let refused = 0;
    const asked: string[] = [];
    page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.route(/saveAs=/, async (route) => {
      if (route.request().isNavigationRequest()) return route.continue();
      refused += 1;
      return route.fulfill({
        status: 403,
        headers: { "access-control-allow-origin": "*" },
        body: "<Error><Code>ExpiredToken</Code></Error>",
      });
    });
    await kept();
    expect(refused).toBe(1);
    expect(asked.filter((it) => /^GET \/api\/spaces\/[^/]+\/media\/.+/.test(it))).not.toEqual([]);
  });
});
