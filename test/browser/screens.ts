// `npm run screens`: the pictures of the console that README and documents show, made of the console itself.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { ROOT } from "../../stacks/offline/platform.ts";
import { BROWSER, launch, openPage } from "./browser.ts";
import { startServer } from "./server.ts";

const IMAGES = join(ROOT, "docs/images");
const PHOTO = join(ROOT, "stacks/local/samples/photo.jpg");
/** A page that is read on a phone, too. */
const WIDTH = 1200;

if (BROWSER === undefined) throw new Error("Install Chromium, or set CHROMIUM to where it is.");
await using stack = new AsyncDisposableStack();
const server = stack.adopt(await startServer({ MONTHLY_CAP_USD: "50" }), (it) => it.close());
const browser = stack.adopt(await launch(), (it) => it.close());
const { page } = await openPage(browser, { viewport: { width: 1366, height: 860 }, colorScheme: "light" });
await page.goto(`${server.url}/?space=lake`);
for (const words of [
  "Clouds drift over the hills",
  "The camera glides slowly towards the light",
  "Mist rises from the water",
]) {
  await page.getByLabel(/^(Choose a picture|Change)$/).setInputFiles(PHOTO);
  await page.getByText("Checked: 1600 × 1067").waitFor();
  await page.getByLabel("Describe what should happen").fill(words);
  await page.getByRole("button", { name: /^Animate/ }).click();
  const card = page.getByRole("listitem").filter({ has: page.getByText(words, { exact: true }) });
  await card.getByText(/^A calm evening by a lake/).waitFor();
}
await page.getByLabel(/^(Choose a picture|Change)$/).setInputFiles(PHOTO);
await page.getByText("Checked: 1600 × 1067").waitFor();
await page.getByLabel("Describe what should happen").fill("Birds cross the sky");
await mkdir(IMAGES, { recursive: true });
await picture("console");
await page.getByRole("link", { name: "Open: Mist rises from the water" }).click();
await page.getByRole("region", { name: "What happened" }).waitFor();
await page.setViewportSize({ width: 1366, height: 1240 });
await picture("video");

/** The page from its top, once its pictures are there. */
async function picture(name: string): Promise<void> {
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForFunction(
    () =>
      [...document.images].every(({ complete }) => complete) &&
      [...document.querySelectorAll("video")].every(
        ({ readyState }) => readyState === HTMLMediaElement.HAVE_ENOUGH_DATA,
      ),
  );
  const file = join(IMAGES, `${name}.webp`);
  await sharp(await page.screenshot())
    .resize({ width: WIDTH })
    .webp({ quality: 72 })
    .toFile(file);
  console.log(file);
}
