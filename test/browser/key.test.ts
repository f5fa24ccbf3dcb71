// The console where callers come with keys: it asks for one, keeps it in the tab, and forgets it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage, screenshot } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(BROWSER === undefined)("the console, with keys", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer({ AUTH: "keys" }), launch()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  /** As a person at a terminal makes it. */
  async function makeKey(): Promise<{ id: string; key: string }> {
    const words = ["create", "--tenant", "acme", "--name", "console", "--json"];
    const env = { PATH: process.env["PATH"], AWS_PORT: new URL(server.awsUrl).port };
    const { stdout } = await promisify(execFile)(process.execPath, ["stacks/operator/api-key.ts", ...words], {
      cwd: ROOT,
      env,
    });
    return z.object({ id: z.string(), key: z.string() }).parse(JSON.parse(stdout));
  }

  it("opens with a right key, stays open through a reload, and forgets it at once when asked", async () => {
    const { key } = await makeKey();
    const { page } = await openPage(browser);
    await page.goto(server.url);
    const field = page.getByLabel(/A key of this service/);
    await field.fill(`${key.slice(0, -1)}x`);
    await page.getByRole("button", { name: "Open" }).click();
    await expect.poll(() => page.getByRole("alert").textContent()).toContain("does not work");
    await screenshot(page, "key-refused");
    await field.fill(key);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: "Your videos" }).waitFor();
    await screenshot(page, "key-open");
    expect(await page.evaluate(() => JSON.stringify([localStorage, document.cookie]))).not.toContain("km_");
    await page.reload();
    await page.getByRole("heading", { name: "Your videos" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    expect(await page.evaluate(() => JSON.stringify(sessionStorage))).not.toContain("km_");
  });
});
