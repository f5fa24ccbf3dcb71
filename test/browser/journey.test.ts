// The whole journey in a real browser before the real server: a picture, a few words, a video that plays.
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage, screenshot } from "./browser.ts";
import { startServer } from "./server.ts";

it.skipIf(BROWSER === undefined)(
  "a picture from the disk becomes a video that plays",
  { timeout: 60_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.adopt(await startServer({ MONTHLY_CAP_USD: "500" }), (it) => it.close());
    const browser = stack.adopt(await launch(), (it) => it.close());
    const { page, errors } = await openPage(browser, { viewport: { width: 1440, height: 1000 } });
    await page.goto(`${server.url}/?space=journey`);
    const animate = page.getByRole("button", { name: /^Animate/ });

    await page.getByLabel(/^(Choose a picture|Change)$/).setInputFiles(join(ROOT, "stacks/local/samples/photo.jpg"));
    await page.getByText("Checked: 1600 × 1067").waitFor();
    await page.getByText("9:16", { exact: true }).click();
    // 1600 × 1067 is cut to 600 × 1067.
    await page.getByText("In 9:16 62 % is cut off, half of it on each side.").waitFor();
    await page.getByText("Pro", { exact: true }).click();
    await page.getByText("10 seconds").click();
    await animate.filter({ hasText: "$0.98" }).waitFor();
    await page.getByLabel("Describe what should happen").fill("The sun sets behind the hills");
    await screenshot(page, "composed-1440-light");
    await animate.click();

    const made = page
      .getByRole("listitem")
      .filter({ has: page.getByText("The sun sets behind the hills", { exact: true }) });
    await made.getByRole("list", { name: /^Step \d of 4$/ }).waitFor();
    await made.getByText("Ready", { exact: true }).waitFor();
    await made.getByText(/^A calm evening by a lake/).waitFor();
    await made.getByText("1080 × 1920").waitFor();
    await made.getByText("$0.98").waitFor();
    await made.getByText(/^took \d+ s$/).waitFor();
    // It plays where it is pointed at.
    await made.getByRole("link", { name: "Open: The sun sets behind the hills" }).hover();
    const played = await made.locator("video").evaluate(async (video: HTMLVideoElement) => {
      if (video.currentTime === 0) {
        await new Promise((resolve) => video.addEventListener("timeupdate", resolve, { once: true }));
      }
      return { width: video.videoWidth, height: video.videoHeight, error: video.error };
    });
    expect(played).toMatchObject({ height: expect.any(Number), error: null });
    expect(played.height).toBeGreaterThan(played.width);
    expect(server.fal.jobs().map(({ input }) => input)).toContainEqual(
      expect.objectContaining({ prompt: "The sun sets behind the hills", duration: "10" }),
    );

    expect(errors).toEqual([]);
  },
);
