// The console in a real browser before the real server: everything that comes between (the journey itself: journey.test.ts).
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { photo } from "../support/media-world.ts";
import { BROWSER, launch, openPage, screenshot, violations } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const PHOTO = join(ROOT, "stacks/local/samples/photo.jpg");

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
  const words = () => page.getByLabel("Describe what should happen");
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

  /** Starts of these words, the last of them the newest, without the form. */
  async function post(all: string[]) {
    const image = { link: `${server.url}/samples/photo.jpg` };
    const spaceId = new URL(spaceUrl).searchParams.get("space");
    for (const context of all) {
      const body = { spaceId, context, mediaSpace: { media: { name: context, image } } };
      const headers = { "content-type": "application/json" };
      await fetch(`${server.url}/api/media/enhance`, { method: "POST", headers, body: JSON.stringify(body) });
    }
  }

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
      const line = page.getByText(/\$[\d.]+ of \$500\.00 left, renews on /);
      return Number(/\$([\d.]+) of/.exec(await line.innerText())?.[1]);
    };
    const before = await left();
    await start("Nothing moves [fal: stuck-in-progress]");
    await expect.poll(left).toBeCloseTo(before - 0.28);
  });

  it("says at once what is wrong with a picture, and what is missing", async () => {
    await animate().click();
    const alert = page.getByRole("alert");
    await alert.getByText("Choose a picture first.").waitFor();
    await alert.getByText("Describe what should happen in the video.").waitFor();
    const upload = async (name: string, buffer: Buffer) =>
      picture().setInputFiles({ name, mimeType: "image/jpeg", buffer });
    await upload("small.jpg", await photo(640, 200));
    await page.getByText(/^The picture is too small: .* \(this one has 640 x 200\)$/).waitFor();
    await upload("notes.jpg", Buffer.from("these are notes"));
    await page.getByText("The picture is not a JPEG, PNG or WebP. Save it as one of them, and send that.").waitFor();
    await upload("panorama.jpg", await photo(1500, 400));
    await page.getByText("Checked: 1500 × 400").waitFor();
    await page.getByText("as it is").click();
    await page
      .getByText(/^This picture is too long or too tall to stay as it is/)
      .first()
      .waitFor();
    expect(server.fal.jobs().map(({ input }) => input)).not.toContainEqual(expect.objectContaining({ prompt: "" }));
  });

  it("starts one video for two presses, and shows for a second at least that it is under way", async () => {
    await choosePhoto();
    await words().fill("Pressed twice");
    const starts = startsOf(page);
    const shownMs = await page.evaluate(async () => {
      const button = document.querySelector<HTMLElement>(".go button");
      if (!button) throw new Error("There is no button.");
      const says = (text: string) => button.textContent?.startsWith(text) ?? false;
      button.click();
      button.click();
      const changedTo = (text: string) =>
        new Promise<number>((resolve) => {
          const look = () => says(text) && (observer.disconnect(), resolve(performance.now()));
          const observer = new MutationObserver(look);
          observer.observe(button, { childList: true, characterData: true, subtree: true });
          look();
        });
      const begun = await changedTo("Starting...");
      button.click();
      return (await changedTo("Animate")) - begun;
    });
    expect(shownMs).toBeGreaterThan(900);
    await card("Pressed twice").waitFor();
    expect(starts).toHaveLength(1);
  });

  it("buys nothing by Enter in a field, and one video by Ctrl+Enter in the words", async () => {
    await choosePhoto();
    await words().fill("By the keyboard");
    await page.getByText("More settings").click();
    const starts = startsOf(page);
    const fields = [
      page.getByRole("radio", { name: "as it is" }),
      page.getByRole("radio", { name: "Standard" }),
      page.getByRole("radio", { name: "5 seconds" }),
      page.getByLabel("What should not appear"),
      page.getByLabel("How closely it follows the words"),
      words(),
    ];
    for (const field of fields) await field.press("Enter");
    expect(await words().inputValue()).toBe("By the keyboard\n");
    await words().press("Backspace");
    // A key that is held down is one wish too.
    await page.keyboard.down("Control");
    for (let n = 0; n < 5; n++) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await page.keyboard.up("Control");
    await card("By the keyboard").waitFor();
    expect(starts).toHaveLength(1);
  });

  it("buys one video by an Enter that is held down on the button", async () => {
    await choosePhoto();
    await words().fill("Held down");
    const starts = startsOf(page);
    await animate().focus();
    await page.keyboard.down("Enter");
    await page.getByRole("button", { name: /^Starting/ }).waitFor();
    for (let n = 0; n < 5; n++) await page.keyboard.down("Enter");
    await card("Held down").waitFor();
    await animate().waitFor();
    for (let n = 0; n < 5; n++) await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await page
      .getByRole("button", { name: "Cancel" })
      .or(page.getByText("Ready", { exact: true }))
      .first()
      .waitFor();
    expect(starts).toHaveLength(1);
  });

  it.each([
    [402, "This video costs $0.28, and $0.10 of this month's budget is left."],
    [429, "As many videos as may be made at once are being made."],
    [503, "New videos are stopped for now."],
  ])("shows a refusal (%d) at the button, under one key, and no longer than its cause", async (status, error) => {
    await choosePhoto();
    await words().fill(`Refused by ${status}`);
    const starts = startsOf(page);
    const json = { error, code: "not_now", traceId: "t" };
    await page.route("**/api/media/enhance", (route) =>
      route.fulfill({ status, json, headers: { "retry-after": "0" } }),
    );
    await animate().click();
    await page.getByRole("alert").getByText(error).waitFor();
    await page.unroute("**/api/media/enhance");
    await words().fill(`Refused by ${status}, and said otherwise`);
    expect(await page.getByRole("alert").innerText()).toBe("");
    await words().fill(`Refused by ${status}`);
    await page.getByRole("button", { name: /^Animate/, disabled: false }).click();
    await card(`Refused by ${status}`).waitFor();
    expect(await page.getByRole("alert").innerText()).toBe("");
    expect(new Set(starts).size).toBe(1);
  });

  it("says what is missing no longer than it is missing", async () => {
    await animate().click();
    const alert = page.getByRole("alert");
    await alert.getByText("Choose a picture first.").waitFor();
    await choosePhoto();
    await alert.getByText("Describe what should happen in the video.").waitFor();
    expect(await alert.innerText()).not.toContain("picture");
    await words().fill("All is there");
    await expect.poll(() => alert.innerText()).toBe("");
  });

  it("leaves a link that is being typed alone while the list is read anew", async () => {
    const field = page.getByLabel("A link to a picture");
    await field.pressSequentially(`${server.url}/samp`);
    const read = page.waitForResponse((response) => response.url().includes("/media?"));
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await read;
    expect(await field.inputValue()).toBe(`${server.url}/samp`);
    await field.pressSequentially("les/photo.jpg");
    await field.press("Enter");
    await page.getByText("1600 × 1067. It is fetched when you start.").waitFor();
  });

  it("keeps a picture as it is unless Kling would not take it so", async () => {
    const upload = async (width: number, height: number) => {
      await picture().setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: await photo(width, height) });
      await page.getByText(`Checked: ${width} × ${height}`).waitFor();
    };
    const chosen = () => page.locator("input[name=format]:checked").locator("..").innerText();
    await upload(900, 1600);
    expect(await chosen()).toBe("as it is");
    await upload(400, 1200);
    expect(await chosen()).toBe("9:16");
    await upload(1200, 400);
    expect(await chosen()).toBe("16:9");
    await page.getByText("1:1", { exact: true }).click();
    await upload(900, 1600);
    expect(await chosen()).toBe("1:1");
  });

  it("keeps the draft through a reload, its picture too", async () => {
    await choosePhoto();
    await words().fill("Not started yet");
    await page.getByText("Pro", { exact: true }).click();
    await page.getByText("10 seconds").click();
    await page.getByText("More settings").click();
    await page.getByLabel("What should not appear").fill("blur");
    await page.reload();
    await page.getByText("Checked: 1600 × 1067").waitFor();
    expect(await words().inputValue()).toBe("Not started yet");
    await page.getByText("More settings").click();
    expect(await page.getByLabel("What should not appear").inputValue()).toBe("blur");
    const shown = page.getByAltText("The picture to animate");
    await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    await animate().filter({ hasText: "$0.98" }).click();
    await card("Not started yet").waitFor();
  });

  it("makes another draft of a finished one: picture, format, what should not appear, last frame", async () => {
    await choosePhoto();
    await page.getByText("9:16", { exact: true }).click();
    await page.getByText("Pro", { exact: true }).click();
    await page.getByText("More settings").click();
    const [not, last] = [page.getByLabel("What should not appear"), page.getByLabel("A link to the last frame")];
    await not.fill("blur");
    await last.fill(`${server.url}/samples/photo.jpg`);
    await words().fill("Once [fal: fail-content-policy]");
    await animate().click();
    await status("Failed", "Once [fal: fail-content-policy]").waitFor();
    for (const field of [words(), not, last]) await field.fill("");
    await page.getByText("Standard", { exact: true }).click();
    await page.getByRole("button", { name: "Remove" }).click();

    await card("Once [fal: fail-content-policy]").getByRole("button", { name: "Use again" }).click();
    await page.getByText("The earlier picture, shown as it was cropped.").waitFor();
    expect(await not.inputValue()).toBe("blur");
    expect(await last.inputValue()).toBe(`${server.url}/samples/photo.jpg`);
    expect(await page.getByRole("radio", { name: "9:16" }).isChecked()).toBe(true);
    await words().fill("Twice");
    await animate().click();
    await status("Ready", "Twice").waitFor();
  });

  it("animates the sample of an empty space, with a last frame from the disk", async () => {
    await page.getByRole("button", { name: "Or animate the sample" }).click();
    await page.getByText("Checked: 1280 × 720").waitFor();
    const text = await words().inputValue();
    expect(text).not.toBe("");
    await page.getByText("Pro", { exact: true }).click();
    await page.getByText("More settings").click();
    await page.getByLabel("Choose a last frame").setInputFiles(PHOTO);
    await page.getByRole("group", { name: "Last frame" }).getByText("Checked: 1600 × 1067").waitFor();
    await animate().click();
    await status("Ready", text).waitFor();
    const sent = server.fal.jobs().map(({ input }) => input);
    expect(sent).toContainEqual(expect.objectContaining({ prompt: text, tail_image_url: expect.anything() }));
    await card(text).getByRole("button", { name: "Use again" }).click();
    await page.getByText("The last frame of before.").waitFor();
  });

  it("tells a video shot by shot where the model can, as long as its shots together", async () => {
    await choosePhoto();
    await page.getByLabel("Model", { exact: true }).selectOption("Kling 3");
    await words().fill("A storm comes");
    await page.getByLabel("Tell it shot by shot").check();
    await page.getByLabel("Shot 1: what happens").fill("The wind rises");
    await page.getByRole("button", { name: "Another shot" }).click();
    await page.getByLabel("Shot 2: seconds").fill("30");
    await animate().click();
    const alert = page.getByRole("alert");
    await alert.getByText("Describe each of the shots, or remove it.").waitFor();
    await alert.getByText("The shots last 35 s together; this mode makes 3 to 15 s.").waitFor();
    await page.getByLabel("Shot 2: what happens").fill("Rain falls");
    await page.getByLabel("Shot 2: seconds").fill("4");
    await page.getByText("9 seconds, the length of all shots.").waitFor();
    await animate().click();
    await status("Ready", "A storm comes").waitFor();
    await card("A storm comes").getByRole("link", { name: /^Open/ }).click();
    await page.getByText("The wind rises 5 s").waitFor();
  });

  it("shows no broken image where the picture was not to be had", async () => {
    await page.getByLabel("A link to a picture").fill(`${server.url}/samples/not-there.jpg`);
    await words().fill("Of nothing");
    await animate().click();
    await status("Failed", "Of nothing").waitFor();
    await card("Of nothing").getByText("No picture to show").waitFor();
    expect(await card("Of nothing").locator("img").count()).toBe(0);
  });

  it("keeps the focus on the card after a cancel, and hands it on after a delete", { timeout: 60_000 }, async () => {
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest("li, button, section")?.textContent ?? "");
    const [first, second] = ["First [fal: stuck-in-progress, cancel-obeyed]", "Second [fal: fail-content-policy]"];
    await start(first);
    await status("Being made", first).waitFor();
    await card(first).getByRole("button", { name: "Cancel" }).press("Enter");
    await status("Canceled", first).waitFor();
    expect(await focused()).toContain(first);
    await words().fill(second);
    await animate().click();
    await status("Failed", second).waitFor();

    const button = (name: string) => card(second).getByRole("button", { name, exact: true });
    await button("Delete").press("Enter");
    await expect.poll(focused).toBe("Keep");
    await button("Keep").press("Enter");
    await expect.poll(focused).toBe("Delete");
    await button("Delete").press("Enter");
    await button("Delete for good").press("Enter");
    await card(second).waitFor({ state: "detached" });
    await expect.poll(focused).toContain(first);
    await card(first).getByRole("button", { name: "Delete" }).press("Enter");
    await card(first).getByRole("button", { name: "Delete for good" }).press("Enter");
    await page.getByText("Nothing here yet.").waitFor();
    await expect.poll(focused).toContain("Your videos");
  });

  it("takes a picture that is dropped beside the box, and stays", async () => {
    const bytes = [...(await readFile(PHOTO))];
    const stayed = await page.evaluate((bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(bytes)], "photo.jpg", { type: "image/jpeg" }));
      const heading = document.querySelector("#list-title");
      const events = ["dragover", "drop"].map(
        (type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
      );
      for (const event of events) heading?.dispatchEvent(event);
      return events.map(({ defaultPrevented }) => defaultPrevented);
    }, bytes);
    expect(stayed).toEqual([true, true]);
    await page.getByText("Checked: 1600 × 1067").waitFor();
  });

  it("shows mode and length on a laptop of 1366 x 768, with a picture too", async () => {
    await page.setViewportSize({ width: 1366, height: 768 });
    const bottomOf = async (text: string) => {
      const box = await page.getByText(text, { exact: true }).boundingBox();
      return (box?.y ?? Infinity) + (box?.height ?? 0);
    };
    for (const prepare of [async () => {}, choosePhoto]) {
      await prepare();
      // Models, prices and the budget come one after the other, and each moves what is below it.
      await expect
        .poll(
          async () => {
            const go = await page.locator(".go").boundingBox();
            const [mode, length] = [await bottomOf("Standard"), await bottomOf("5 seconds")];
            const [top, bottom] = [go?.y ?? 0, (go?.y ?? Infinity) + (go?.height ?? 0)];
            return { mode: mode < top, length: length < top, button: bottom <= 768 };
          },
          { timeout: 15_000 },
        )
        .toEqual({ mode: true, length: true, button: true });
    }
    await screenshot(page, "composed-1366-light");
  });

  it("starts one video though the page was reloaded before the answer came, and the button pressed again", async () => {
    await choosePhoto();
    await words().fill("The answer is lost");
    const starts = startsOf(page);
    const arrived = Promise.withResolvers<void>();
    // The server answers, and the answer does not reach the page.
    await page.route("**/api/media/enhance", async (route) => {
      await route.fetch();
      arrived.resolve();
    });
    await animate().click();
    await arrived.promise;
    await page.unroute("**/api/media/enhance");
    await page.reload();
    await page.getByText("Checked: 1600 × 1067").waitFor();
    await animate().click();
    await expect.poll(() => starts.length).toBe(2);
    await page.getByRole("button", { name: /^Starting/ }).waitFor({ state: "detached" });
    expect(new Set(starts).size).toBe(1);
    expect(await card("The answer is lost").count()).toBe(1);
  });

  it.each([
    ["submit-402", "provider_payment_required", /account at fal\.ai cannot start videos just now\. Nothing is wrong/],
  ])("tells a maker whose fault it is when fal refuses the operator (%s)", async (fault, code, words) => {
    const text = await start(`Mist [fal: ${fault}]`);
    await status("Failed", text).waitFor();
    await card(text).getByText(words).waitFor();
    await card(text).getByText(code).waitFor();
    await card(text).getByText("nothing was billed").waitFor();
    expect(await card(text).innerText()).not.toMatch(/top up|generation_failed/i);
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
    await card(text).getByRole("button", { name: "Use again" }).click();
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

  it(
    "reads on when one comes to the end of the list, and tells how long such things take after five",
    { timeout: 60_000 },
    async () => {
      await post(Array.from({ length: 30 }, (_, n) => `Number ${n + 1}`));
      const pages: string[] = [];
      page.on("request", (request) => {
        if (request.url().includes("cursor=")) pages.push(request.url());
      });
      await page.reload();
      await card("Number 30").waitFor();
      await page.getByRole("button", { name: "Show older ones" }).scrollIntoViewIfNeeded();
      await card("Number 1").waitFor();
      expect(pages).toHaveLength(1);
      await page.getByRole("button", { name: "Show older ones" }).waitFor({ state: "detached" });
      await page.getByText("Ready", { exact: true }).nth(4).waitFor();
      await page.getByText(/^Ready in about \d+ s \(9 of 10 within \d+ s\)\./).waitFor();
    },
  );

  it("narrows the list by status, model, time, words and favourites, keeps that in the address, and Back undoes it", async () => {
    await post(["A calm lake", "A storm at sea [fal: fail-content-policy]", "A calm sea [fal: stuck-in-progress]"]);
    await page.reload();
    const [calm, storm, stuck] = [
      "A calm lake",
      "A storm at sea [fal: fail-content-policy]",
      "A calm sea [fal: stuck-in-progress]",
    ];
    await Promise.all([status("Ready", calm).waitFor(), status("Failed", storm).waitFor()]);
    const shown = () => page.locator(".card .words").allInnerTexts();
    const query = () => new URL(page.url()).searchParams;

    await page.getByLabel("Status").selectOption("Only failed");
    await expect.poll(shown).toEqual([storm]);
    expect(query().get("status")).toBe("failed");
    await page.getByLabel("Model of the video").selectOption("Kling 3");
    await page.getByText("No video matches.").waitFor();
    await page.goBack();
    await expect.poll(shown).toEqual([storm]);
    await page.getByRole("button", { name: "Show all" }).click();
    await expect.poll(shown).toEqual([stuck, storm, calm]);

    await page.getByLabel("Search the prompts").fill("CALM");
    await expect.poll(shown).toEqual([stuck, calm]);
    await page.getByText("2 found in the 3 videos.").waitFor();
    await page.getByLabel("When it was started").selectOption("Today");
    await card(calm).getByRole("button", { name: "Favourite" }).click();
    await page.getByRole("button", { name: "Favourites" }).click();
    await expect.poll(shown).toEqual([calm]);
    await page.reload();
    await expect.poll(shown).toEqual([calm]);
    expect(await page.getByLabel("Search the prompts").inputValue()).toBe("CALM");
    await page.getByLabel("When it was started").selectOption("Between two days");
    await page.getByLabel("to", { exact: true }).fill("2020-01-02");
    await page.getByText("No video matches.").waitFor();
  });

  it(
    "gives each video a page with an address: what it was made of, what happened, and the same request as code",
    { timeout: 60_000 },
    async () => {
      await page.getByText("9:16", { exact: true }).click();
      const text = await start("It's a page of its own");
      await card(text)
        .getByText(/^A calm evening by a lake/)
        .waitFor();
      await card(text)
        .getByRole("link", { name: `Open: ${text}` })
        .press("Enter");
      const title = page.getByRole("heading", { name: text });
      await title.waitFor();
      const heading = () => page.evaluate(() => document.activeElement?.id);
      await expect.poll(heading).toBe("video-title");
      const address = page.url();
      expect(new URL(address).searchParams.get("media")).toMatch(/^[\w-]+$/);

      const happened = page.getByRole("region", { name: "What happened" }).getByRole("listitem");
      await expect
        .poll(() => happened.evaluateAll((rows) => rows.map((row) => row.children[1]?.textContent)))
        .toEqual([
          "Asked for",
          "Being sent to fal.ai",
          "Accepted by fal.ai",
          "Made; the video is fetched and stored",
          "Ready",
        ]);
      const facts = page.getByRole("region", { name: "Facts" });
      for (const fact of ["Kling 2.1, Standard", "9:16", "1080 × 1920, 24 fps"]) await facts.getByText(fact).waitFor();

      await page.getByText("This request as code").click();
      await page.getByText(String.raw`"context": "It'\''s a page of its own"`).waitFor();
      await page.getByText("TypeScript", { exact: true }).click();
      await page.getByText('import { enhanceMedia, watchGeneration } from "kling-media-client"').waitFor();
      await page.getByText("JSON", { exact: true }).click();
      await page.getByText('"phase": "completed"').first().waitFor();
      for (const [width, colorScheme] of [
        [1440, "light"],
        [390, "dark"],
      ] as const) {
        await page.setViewportSize({ width, height: 1000 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        expect(await violations(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await screenshot(page, `video-${width}-${colorScheme}`);
      }
      await page.setViewportSize({ width: 1440, height: 1000 });

      await page.reload();
      await title.waitFor();
      await page.getByRole("button", { name: "Again, with changes" }).click();
      await page.getByText("The earlier picture, shown as it was cropped.").waitFor();
      expect(await words().inputValue()).toBe(text);
      expect(await page.getByRole("radio", { name: "9:16" }).isChecked()).toBe(true);

      // In a field Escape is the field's; on the page it leads back, and so does the browser's Back.
      await words().press("Escape");
      await title.waitFor();
      await title.press("Escape");
      await title.waitFor({ state: "detached" });
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain(text);
      await page.goBack();
      await title.waitFor();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete for good" }).click();
      await page.getByText("Nothing here yet.").waitFor();
      await page.goto(address);
      await page.getByRole("heading", { name: "No such video" }).waitFor();
    },
  );

  it("offers the spaces there are with what is in them, and opens one", async () => {
    await post(["Only one"]);
    await page.getByLabel("Space", { exact: true }).focus();
    const name = new URL(spaceUrl).searchParams.get("space") ?? "";
    await page.locator(`#spaces option[value="${name}"]`).getByText("1 video").waitFor({ state: "attached" });
    await page.getByLabel("Space", { exact: true }).fill("another");
    await page.getByLabel("Space", { exact: true }).press("Enter");
    await page.getByText("Nothing here yet.").waitFor();
    expect(new URL(page.url()).searchParams.get("space")).toBe("another");
    await page.goBack();
    await card("Only one").waitFor();
  });

  it("deletes and downloads those that are chosen, and nothing else", async () => {
    await post(["One", "Two", "Three", "Four [fal: stuck-in-progress]"]);
    await page.reload();
    for (const text of ["One", "Two", "Three"])
      await card(text)
        .getByText(/^A calm evening by a lake/)
        .waitFor();
    await page.getByRole("button", { name: "Choose several" }).click();
    for (const text of ["Two", "Three", "Four [fal: stuck-in-progress]"]) {
      await page.getByRole("checkbox", { name: `Choose: ${text}` }).check();
    }
    const files: string[] = [];
    page.on("download", (download) => files.push(download.suggestedFilename()));
    await page.getByRole("button", { name: "Download 2" }).click();
    await expect.poll(() => files.toSorted()).toEqual(["Three-standard.mp4", "Two-standard.mp4"]);
    await page.getByRole("button", { name: "Delete 2" }).click();
    await page.getByText("Delete 2 and their files for good? 1 are still being made and stay.").waitFor();
    await page.getByRole("button", { name: "Delete 2 for good" }).click();
    await card("Two").waitFor({ state: "detached" });
    await card("Three").waitFor({ state: "detached" });
    await page.getByText("2 deleted.").first().waitFor();
    expect(await card("One").count()).toBe(1);
    await page.locator("#generations").press("Escape");
    await page.getByRole("group", { name: "Chosen videos" }).waitFor({ state: "detached" });
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
    const order = [
      "Remove",
      "as it is",
      "Describe what should happen",
      "Standard",
      "5 seconds",
      "More settings",
      "Animate",
    ];
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

  // A page of a thousand lines is looked at twice: on a busy machine that takes its time.
  it("has a neighbour, the API for people, that is accessible too", { timeout: 60_000 }, async () => {
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

/** The key of each start that the page sends from now on. */
function startsOf(page: Page): string[] {
  const keys: string[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/api/media/enhance")) keys.push(request.headers()["idempotency-key"] ?? "none");
  });
  return keys;
}
