// The page of the API before the real server: each operation can be tried where it is read.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage, screenshot, violations } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(BROWSER === undefined)("the page of the API, where callers come with keys", () => {
  let server: Server;
  let browser: Browser;
  let key: string;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer({ AUTH: "keys" }), launch()]);
    const words = ["create", "--tenant", "acme", "--name", "try", "--json"];
    const env = { PATH: process.env["PATH"], AWS_PORT: new URL(server.awsUrl).port };
    const command = promisify(execFile)(process.execPath, ["stacks/operator/api-key.ts", ...words], { cwd: ROOT, env });
    ({ key } = z.object({ key: z.string() }).parse(JSON.parse((await command).stdout)));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  let page: Page;
  let errors: string[];
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ page, errors, close } = await openPage(browser, { viewport: { width: 1280, height: 900 } }));
    await page.goto(`${server.url}/docs`);
  });
  afterEach(async () => {
    await close();
    expect(errors).toEqual([]);
  });

  async function tried(route: string): Promise<Locator> {
    const article = page.locator(`article[data-route="${route}"]`);
    await article.getByText("Try it").click();
    await article.getByRole("button", { name: /^Send/ }).waitFor();
    return article;
  }
  const send = (article: Locator) => article.getByRole("button", { name: /^Send/ }).click();
  const START = "POST /api/media/enhance";

  it("starts one video for two presses, and the next form knows its ids", async () => {
    const start = await tried(START);
    await send(start);
    await start.getByText(/^401 in/).waitFor();
    await start.getByLabel("Key or token").fill(key);
    await send(start);
    await start.getByText(/^202 in/).waitFor();
    await send(start);
    await start.getByText(/^202 in/).waitFor();
    const started = z
      .object({ data: z.object({ mediaSpace: z.object({ id: z.string() }) }) })
      .parse(JSON.parse(await start.getByLabel("Answer").innerText()));

    const get = await tried("GET /api/spaces/{spaceId}/media/{id}");
    expect(await get.getByLabel("id", { exact: false }).nth(1).inputValue()).toBe(started.data.mediaSpace.id);
    await expect
      .poll(
        async () => {
          await send(get);
          return get.getByRole("status").innerText();
        },
        { timeout: 15_000 },
      )
      .toContain('"phase": "completed"');
    expect(server.fal.jobs().filter(({ endpointId }) => endpointId.includes("kling-video"))).toHaveLength(1);
  });

  it("keeps a key in the tab alone, and out of what is copied", async () => {
    const list = await tried("GET /api/spaces/{spaceId}/media");
    await list.getByLabel("Key or token").fill(key);
    await list.getByLabel("spaceId").fill("a b");
    for (const language of ["curl", "TypeScript", "Python"]) {
      await list.getByLabel(language, { exact: true }).check();
      const snippet = await list.getByLabel(`The call in ${language}`).innerText();
      expect(snippet).toContain("/api/spaces/a%20b/media");
      expect(snippet).toContain("KLING_MEDIA_KEY");
      expect(snippet).not.toContain("km_");
    }
    await send(list);
    await list
      .getByRole("status")
      .getByText(/in \d+ ms/)
      .waitFor();
    const kept = await page.evaluate(() => ({
      tab: JSON.stringify(sessionStorage),
      more: JSON.stringify(localStorage),
    }));
    expect(kept.tab).toContain(key);
    expect(kept.more).not.toContain("km_");
    expect(page.url()).not.toContain("km_");
  });

  it("says of a body that it is no JSON, before it is sent", async () => {
    const start = await tried(START);
    await start.getByLabel("Body").fill("{");
    await start.getByRole("alert").getByText("This is no JSON yet.").waitFor();
    expect(await start.getByRole("button", { name: /^Send/ }).isDisabled()).toBe(true);
  });

  it("offers no form for what only fal may send", async () => {
    const forms = await page
      .locator("article:has(details.try)")
      .evaluateAll((all) => all.map((it) => it.dataset.route));
    expect(forms).toContain(START);
    expect(forms.filter((route) => route?.includes("/webhooks/fal"))).toEqual([]);
  });

  it("is read and used by everybody: light and dark, on a desk and on a phone", { timeout: 120_000 }, async () => {
    const start = await tried(START);
    await start.getByLabel("Key or token").fill("km_wrong");
    await send(start);
    await start.getByText(/^401 in/).waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await screenshot(page, `try-it-${width}-${colorScheme}`);
      }
    }
  });
});
