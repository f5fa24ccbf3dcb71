// The pages for newcomers, carried out: each example runs as it stands there, against the real server and a fal of our own.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { enhanceMedia, listMedia } from "../../shared/client/calls.ts";
import { watchGeneration } from "../../shared/client/watch.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { packageClient } from "../../stacks/web/package-client.ts";
import { BROWSER, launch, openPage } from "../browser/browser.ts";
import { startServer, type Server } from "../browser/server.ts";

const run = promisify(execFile);
const PAGES = ["quick-start.md", "recipes.md", "migrating.md", "migrer.fr.md"];
const PHOTO = join(ROOT, "stacks/local/samples/photo.jpg");
const LIMIT_MS = 120_000;

let directory: string;
let server: Server;
/** A page of another origin than the API's. */
let site: { origin: string; serve: (html: string) => void; close: () => void };
const ran = new Set<string>();
const named = new Set<string>();

/** The address of an example as a file of a project that has the client installed. */
function file(name: string): string {
  ran.add(name);
  return join(directory, name);
}

beforeAll(async () => {
  site = await startSite();
  server = await startServer({ CORS_ORIGINS: site.origin });
  // Inside the project, so that the examples find its packages.
  await mkdir(join(ROOT, ".local"), { recursive: true });
  directory = await mkdtemp(join(ROOT, ".local/recipes-"));
  await packageClient(join(directory, "node_modules/kling-media-client"));
  await writeFile(join(directory, "client.js"), await (await fetch(`${server.url}/client.js`)).text());
  for (const page of PAGES) {
    const text = await readFile(join(ROOT, "docs", page), "utf8");
    for (const [, name = "", code = ""] of text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)) {
      named.add(name);
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), code.replaceAll("http://127.0.0.1:3000", server.url));
    }
  }
}, LIMIT_MS);

afterAll(async () => {
  await server.close();
  site.close();
  await rm(directory, { recursive: true, force: true });
});

async function startSite() {
  let page = "";
  const http = createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
  await once(http.listen(0, "127.0.0.1"), "listening");
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("The site has no port.");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    serve: (html: string) => void (page = html),
    close: () => void http.close().closeAllConnections(),
  };
}

/** A generation to look at. */
async function started(spaceId: string) {
  const image = { link: `${server.url}/samples/photo.jpg` };
  const body = { spaceId, type: "video", context: "Waves", mediaSpace: { media: { image } } } as const;
  return (await enhanceMedia(body, { baseUrl: server.url })).mediaSpace;
}

it("every example is correct TypeScript for whoever installs the client", { timeout: LIMIT_MS }, async () => {
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    target: "ES2024",
    lib: ["ES2024", "DOM", "DOM.Iterable"],
    module: "ESNext",
    moduleResolution: "Bundler",
    jsx: "react-jsx",
    types: ["node"],
    allowImportingTsExtensions: true,
  };
  await writeFile(
    join(directory, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["**/*.ts", "**/*.tsx"] }),
  );
  const { stdout } = await run(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    directory,
  ]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

it("the quick start makes a video in ten lines", async () => {
  const name = "quick-start.mjs";
  const { stdout } = await run(process.execPath, [file(name)]);
  expect(stdout.trim().split("\n").at(-1)).toMatch(/^http\S+\.mp4\?/);
  expect(stdout).toContain("completed");
});

it.each(["watch.mjs", "suivre.mjs"])("the way from the old polling: %s", async (name) => {
  const { spaceId, id } = await started("migrating");
  const { stdout } = await run(process.execPath, [file(name), server.url, spaceId, id]);
  expect(stdout).toBe("in_progress generating-video\ncompleted\n");
});

describe.skipIf(BROWSER === undefined)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it("a page without any tools uploads, starts, follows and plays", async () => {
    const { page, errors, close } = await openPage(browser);
    site.serve(await readFile(file("plain.html"), "utf8"));
    await page.goto(site.origin);
    await page
      .getByLabel("Picture")
      .setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no") });
    await page.getByText("does not lead to a JPEG, PNG or WebP image").waitFor();
    await page.getByLabel("Picture").setInputFiles(PHOTO);
    await page.getByText("generating").waitFor();
    await page.locator("video:not([hidden])").waitFor();
    expect(await page.locator("video").getAttribute("src")).toContain(".mp4");
    expect(errors).toEqual([]);
    await close();
  });

  it("a React component follows with the hook, and stops when it is gone", async () => {
    const contents = `
      import { createRoot } from "react-dom/client";
      import { Animate } from ${JSON.stringify(file("animate.tsx"))};
      const root = createRoot(document.body.appendChild(document.createElement("main")));
      root.render(<Animate picture="${server.url}/samples/photo.jpg" baseUrl="${server.url}" />);
    `;
    file("use-generation.tsx");
    const { outputFiles } = await build({
      stdin: { contents, loader: "tsx", resolveDir: directory },
      bundle: true,
      write: false,
      format: "esm",
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"production"' },
    });
    const { page, errors, close } = await openPage(browser);
    site.serve(
      `<!doctype html><body><script type="module">${outputFiles[0]?.text.replaceAll("</script", "<\\/script")}</script>`,
    );
    await page.goto(site.origin);
    await page.getByRole("button", { name: "Animate" }).click();
    await page.locator("video").waitFor();
    expect(errors).toEqual([]);
    await close();
  });
});

describe("Next.js", () => {
  interface Route {
    POST(request: Request): Promise<Response>;
    GET(request: Request, context: { params: Promise<{ id: string }> }): Promise<Response>;
  }
  const route = async (name: string) => (await import(/* @vite-ignore */ file(name))) as Route;
  const post = (body: object, headers = {}) =>
    new Request("http://site.example/api/animate", { method: "POST", headers, body: JSON.stringify(body) });
  beforeAll(() => {
    vi.stubEnv("KLING_MEDIA_URL", server.url);
  });

  it("starts through a route of one's own, once for one key, and streams what happens", async () => {
    const { POST } = await route("app/api/animate/route.ts");
    const wish = { picture: `${server.url}/samples/photo.jpg`, words: "It comes alive" };
    const key = { "idempotency-key": "one-click" };
    const idOf = async (response: Response) => z.object({ id: z.string() }).parse(await response.json()).id;
    const first = await POST(post(wish, key));
    expect(first.status).toBe(202);
    const id = await idOf(first);
    expect(await idOf(await POST(post(wish, key)))).toBe(id);

    const { GET } = await route("app/api/animate/[id]/route.ts");
    const stream = await GET(new Request("http://site.example/"), { params: Promise.resolve({ id }) });
    const events = (await stream.text()).trim().split("\n\n");
    expect(events.at(-1)).toMatch(/^data: \{"phase":"completed","video":"http.+\.mp4/);
  });

  it("hands on what the API refuses", async () => {
    const { POST } = await route("app/api/animate/route.ts");
    const refused = await POST(post({ picture: "not a link", words: "It comes alive" }));
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "invalid_request" }]);
  });
});

describe("another AWS service", () => {
  it("asks on the bus, once however often, and hears the end", async () => {
    const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
    const settings = { AWS_ENDPOINT_URL: server.awsUrl, AWS_REGION: "us-east-1", BUS: "media", ...credentials };
    for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
    const { requestVideo } = (await import(/* @vite-ignore */ file("request-video.ts"))) as {
      requestVideo(orderId: string, picture: string): Promise<void>;
    };
    // The machine's one tenant, where nobody signs in, is `local`; the recipe names another, whom nobody here can see.
    const source = await readFile(join(directory, "request-video.ts"), "utf8");
    expect(source).toContain('tenantId: "shop"');
    await requestVideo("4711", `${server.url}/samples/photo.jpg`);
    await requestVideo("4711", `${server.url}/samples/photo.jpg`);
    const jobs = () => server.fal.jobs().filter(({ input }) => JSON.stringify(input).includes("turns slowly"));
    await expect.poll(() => jobs().length, { timeout: 15_000 }).toBe(1);
    expect((await listMedia("orders", { baseUrl: server.url })).items).toEqual([]);

    const { handler } = (await import(/* @vite-ignore */ file("on-generation-ended.ts"))) as {
      handler(event: object): Promise<string>;
    };
    const ended = {
      "detail-type": "Generation Completed",
      detail: { id: "m:completed", video: { key: "videos/m.mp4" } },
    };
    expect(await handler(ended)).toBe("ready: videos/m.mp4");
    expect(await handler(ended)).toBe("already done");
  });
});

it("no example was forgotten", () => {
  const inBrowsers = ["plain.html", "animate.tsx", "use-generation.tsx"];
  const expected = [...named].filter((name) => BROWSER !== undefined || !inBrowsers.includes(name));
  expect([...ran].sort()).toEqual(expected.sort());
});

it("the client follows what it has started, from Node too", async () => {
  const { media } = await watchGeneration(await started("node"), { baseUrl: server.url });
  expect(media).toMatchObject({ phase: "completed" });
});
