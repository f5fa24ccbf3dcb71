// Test mode, plain to see: the queue, the prices, and whose film it is.
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage, screenshot } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

describe.skipIf(BROWSER === undefined)("the console in test mode", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([
      startServer({ FAL_TEST_MODE: "on", POLL_SECONDS: "10", MONTHLY_CAP_USD: "500" }),
      launch(),
    ]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  // Ten seconds of queue and ten of work, as the original application has them.
  it(
    "shows the queue, says at each price that nothing is billed, and whose film it is",
    { timeout: 90_000 },
    async () => {
      const { page, errors, close } = await openPage(browser, { viewport: { width: 1366, height: 768 } });
      page.setDefaultTimeout(60_000);
      await page.goto(server.url);
      await page.getByRole("note").getByText("Nothing is billed").waitFor();
      await page.locator("input[type=file]").setInputFiles(join(ROOT, "stacks/local/samples/photo.jpg"));
      await page.getByText("Checked: 1600 × 1067").waitFor();
      await page.getByLabel("Describe what should happen").fill("A rehearsal");
      await page.getByRole("button", { name: "Animate $0.28, not billed" }).click();

      const made = page.getByRole("listitem").filter({ has: page.getByText("A rehearsal", { exact: true }) });
      await made.getByText("Next in line at fal.ai").waitFor();
      await made.getByText("test mode: nothing is billed").waitFor();
      await made.getByText("Being made").waitFor();
      await made.getByText("Ready", { exact: true }).waitFor();
      await made.getByText("Placeholder film").waitFor();
      await made.getByText("test mode: nothing was billed").waitFor();

      const poster = await made.locator(".screen img").last().getAttribute("src");
      const picture = await page.evaluate(async (link) => {
        const image = Object.assign(new Image(), { src: link });
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
      }, poster ?? "");
      expect(picture).toEqual([1600, 1067]);

      const money = await page.evaluate(() =>
        [...document.querySelectorAll("p, span, button")]
          .filter(
            (element) =>
              element.textContent?.includes("$") &&
              ![...element.children].some((child) => child.textContent?.includes("$")),
          )
          .map((element) => element.textContent ?? ""),
      );
      expect(money.length).toBeGreaterThan(4);
      expect(money.filter((text) => !/(not|nothing is|nothing was) billed/.test(text))).toEqual([]);
      await screenshot(page, "test-mode-1366-light");
      await page.emulateMedia({ colorScheme: "dark" });
      await screenshot(page, "test-mode-1366-dark");
      expect(errors).toEqual([]);
      await close();
    },
  );
});
