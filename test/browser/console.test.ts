// The console in a real browser before the real server: the whole journey, and everything that comes between.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";
import { photo } from "../support/media-world.ts";
import { BROWSER, launch, openPage, screenshot } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const PHOTO = join(ROOT, "stacks/local/samples/photo.jpg");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

describe.skipIf(BROWSER === undefined)("the console", () => {
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer({ MONTHLY_CAP_USD: "500" }), launch()]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  let page: Page;
  let errors: string[];
  let close: () => Promise<void>;
  let spaceUrl: string;
  beforeEach(async ({ task }) => {
    ({ page, errors, close } = await openPage(browser, { viewport: { width: 1440, height: 1000 } }));
    spaceUrl = `${server.url}/?space=${task.id}`;
    await page.goto(spaceUrl);
  });
  afterEach(async () => {
    await close();
    expect(errors).toEqual([]);
  });

  const picture = () => page.getByLabel(/^(Choose a picture|Change)$/);
  const words = () => page.getByLabel("What happens in it?");
  const animate = () => page.getByRole("button", { name: /^Animate/ });
  const card = (text: string) => page.getByRole("listitem").filter({ has: page.getByText(text, { exact: true }) });
  const status = (text: string, of: string) => card(of).getByText(text, { exact: true });

  async function choosePhoto() {
    await picture().setInputFiles(PHOTO);
    await page.getByText("Checked: 1600 × 1067").waitFor();
  }
  /** @returns the words, by which its card is found */
  async function start(text: string) {
    await choosePhoto();
    await words().fill(text);
    await animate().click();
    await card(text).waitFor();
    return text;
  }

  it("turns a picture from the disk into a video that plays", async () => {
    await choosePhoto();
    await page.getByText("9:16", { exact: true }).click();
    // 1600 × 1067 is cut to 600 × 1067.
    await page.getByText("In 9:16 62 % is cut off, left and right alike.").waitFor();
    await page.getByText("Pro", { exact: true }).click();
    await page.getByText("10 seconds").click();
    await animate().filter({ hasText: "$0.98" }).waitFor();
    await words().fill("The sun sets behind the hills");
    await screenshot(page, "composed-1440-light");
    await animate().click();

    const made = card("The sun sets behind the hills");
    await made.getByRole("list", { name: /^Step \d of 4$/ }).waitFor();
    await made.getByText("Ready", { exact: true }).waitFor();
    await made.getByText(/^A calm evening by a lake/).waitFor();
    await made.getByText("1080 × 1920").waitFor();
    await made.getByText("$0.98").waitFor();
    await made.getByText(/^took \d+ s$/).waitFor();
    const played = await made.locator("video").evaluate(async (video: HTMLVideoElement) => {
      video.muted = true;
      await video.play();
      await new Promise((resolve) => video.addEventListener("timeupdate", resolve, { once: true }));
      return { width: video.videoWidth, height: video.videoHeight, error: video.error };
    });
    expect(played).toMatchObject({ height: expect.any(Number), error: null });
    expect(played.height).toBeGreaterThan(played.width);
    expect(server.fal.jobs().map(({ input }) => input)).toContainEqual(
      expect.objectContaining({ prompt: "The sun sets behind the hills", duration: "10" }),
    );
  });

  it("takes a link as well", async () => {
    await page.getByLabel("A link to a picture").fill(`${server.url}/samples/photo.jpg`);
    await page.getByLabel("A link to a picture").blur();
    await page.getByText("1600 × 1067. It is fetched when you start.").waitFor();
    await words().fill("By its link");
    await animate().click();
    await status("Ready", "By its link").waitFor();
  });

  it("says what is left of the month, and less of it after a start", async () => {
    const left = async () => {
      const line = page.getByText(/^\$[\d.]+ of \$500\.00 left, renews on /);
      return Number(/^\$([\d.]+)/.exec(await line.innerText())?.[1]);
    };
    const before = await left();
    await start("Nothing moves [fal: stuck-in-progress]");
    await expect.poll(left).toBeCloseTo(before - 0.28);
  });

  it("says at once what is wrong with a picture, and what is missing", async () => {
    await animate().click();
    const alert = page.getByRole("alert");
    await alert.getByText("Choose a picture first.").waitFor();
    await alert.getByText("Say what shall happen in the video.").waitFor();
    const upload = async (name: string, buffer: Buffer) =>
      picture().setInputFiles({ name, mimeType: "image/jpeg", buffer });
    await upload("small.jpg", await photo(640, 200));
    await page.getByText(/^The image is too small: .* \(this one has 640 x 200\)$/).waitFor();
    await upload("notes.jpg", Buffer.from("these are notes"));
    await page.getByText("The link does not lead to a JPEG, PNG or WebP image.").waitFor();
    await upload("panorama.jpg", await photo(1500, 400));
    await page.getByText("Checked: 1500 × 400").waitFor();
    await page.getByText("as it is").click();
    await page
      .getByText(/^This picture is too long or too tall to stay as it is/)
      .first()
      .waitFor();
    expect(server.fal.jobs().map(({ input }) => input)).not.toContainEqual(expect.objectContaining({ prompt: "" }));
  });

  it("goes on after a reload in the middle", async () => {
    const text = await start("Waves [fal: slow seconds=2]");
    await status("Being made", text).waitFor();
    await page.reload();
    await card(text)
      .getByRole("list", { name: /^Step \d of 4$/ })
      .waitFor();
    await status("Ready", text).waitFor();
    expect(server.fal.jobs().filter(({ input }) => JSON.stringify(input).includes("Waves"))).toHaveLength(1);
  });

  it("goes on after the server was killed in the middle, and says that it was gone", async () => {
    const text = await start("Clouds [fal: slow seconds=2]");
    await status("Being made", text).waitFor();
    await server.kill();
    await page.getByText("The server cannot be reached just now. Trying again.").waitFor();
    await server.start();
    await status("Ready", text).waitFor();
    await page.getByText("Trying again.").waitFor({ state: "detached" });
    expect(server.fal.jobs().filter(({ input }) => JSON.stringify(input).includes("Clouds"))).toHaveLength(1);
  });

  it("cancels", async () => {
    const text = await start("Rain [fal: stuck-in-progress, cancel-obeyed]");
    await status("Being made", text).waitFor();
    await card(text).getByRole("button", { name: "Cancel" }).click();
    await status("Canceled", text).waitFor();
    await card(text).getByRole("button", { name: "Use these words again" }).click();
    expect(await words().inputValue()).toBe(text);
  });

  it("says in words why a job failed", async () => {
    const text = await start("Snow [fal: fail-content-policy]");
    await status("Failed", text).waitFor();
    await card(text)
      .getByText(/flagged by a content checker/)
      .waitFor();
    await card(text).getByText("content_policy_violation").waitFor();
  });

  it("shows older ones on demand, and tells how long such things take after five", async () => {
    const image = { link: `${server.url}/samples/photo.jpg` };
    const space = new URL(spaceUrl).searchParams.get("space");
    for (let n = 1; n <= 14; n++) {
      const body = { spaceId: space, type: "video", context: `Number ${n}`, mediaSpace: { media: { image } } };
      const headers = { "content-type": "application/json" };
      await fetch(`${server.url}/api/media/enhance`, { method: "POST", headers, body: JSON.stringify(body) });
    }
    await page.reload();
    await card("Number 14").waitFor();
    expect(await card("Number 1").count()).toBe(0);
    await page.getByRole("button", { name: "Show older ones" }).click();
    await card("Number 1").waitFor();
    await page.getByText("Ready", { exact: true }).nth(4).waitFor();
    await page.getByText(/^Usually ready within \d+ s, nine of ten within \d+ s\.$/).waitFor();
  });

  it("can be used with the keyboard alone", async () => {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to your videos");
    await choosePhoto();
    await picture().focus();
    const seen: string[] = [];
    for (let n = 0; n < 14; n++) {
      await page.keyboard.press("Tab");
      seen.push(
        await page.evaluate(() =>
          (document.activeElement?.closest("label, button, summary, div")?.textContent ?? "").slice(0, 40),
        ),
      );
    }
    const order = ["Remove", "16:9", "What happens in it?", "Standard", "5 seconds", "More settings", "Animate"];
    const found = order.map((name) => seen.findIndex((text) => text.includes(name)));
    expect(found).not.toContain(-1);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    await page.getByRole("radio", { name: "Standard" }).focus();
    await page.keyboard.press("ArrowRight");
    await animate().filter({ hasText: "$0.49" }).waitFor();
  });

  it("is accessible in light and dark, on a desk and on a phone, and looks as its screenshots", async () => {
    const ready = await start("A calm evening");
    const failed = await start("A storm [fal: fail-content-policy]");
    const running = await start("Fog [fal: stuck-in-progress]");
    await Promise.all([
      status("Ready", ready).waitFor(),
      status("Failed", failed).waitFor(),
      status("Being made", running).waitFor(),
    ]);
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 1000 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await screenshot(page, `console-${width}-${colorScheme}`);
      }
    }
  });

  it("has a neighbour, the API for people, that is accessible too", async () => {
    await page.goto(`${server.url}/docs`);
    await page.getByRole("heading", { name: "The API" }).waitFor();
    await page.getByText("POST /api/media/enhance").first().waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
      await screenshot(page, `docs-1440-${colorScheme}`);
    }
  });
});

/** What axe finds. Its script comes in over the debugger: the page's own policy lets no foreign one in. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const found = await page.evaluate<unknown>("axe.run()");
  return axeResult
    .parse(found)
    .violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

const axeResult = z.object({
  violations: z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) })),
});
