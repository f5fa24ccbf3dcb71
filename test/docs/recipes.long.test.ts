// The pages for newcomers, carried out: each example runs as it stands there, against the real server and a fal of our own.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
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
/** A page of another origin than the API's, with routes of its own. */
let site: Awaited<ReturnType<typeof startSite>>;
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

type Route = (request: Request) => Promise<Response>;

async function startSite() {
  let page = "";
  let routes: Record<string, Route> = {};
  const http = createServer((asked, response) => void answer(asked, response));
  await once(http.listen(0, "127.0.0.1"), "listening");
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("The site has no port.");
  const origin = `http://127.0.0.1:${address.port}`;

  /** By the first route whose path the request's begins with, as Next.js would call it; else the page. */
  async function answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, route] = Object.entries(routes).find(([start]) => `${asked.method} ${asked.url}`.startsWith(start)) ?? [];
    if (!route) return void response.setHeader("content-type", "text/html").end(page);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const body = asked.method === "POST" ? await buffer(asked) : null;
    const headers = asked.headers as Record<string, string>;
    const request = new Request(origin + asked.url, {
      method: asked.method ?? "GET",
      headers,
      body,
      signal: gone.signal,
    });
    const answered = await route(request);
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    for await (const chunk of answered.body ?? []) response.write(chunk);
    response.end();
  }
  return {
    origin,
    serve: (html: string, ofItsOwn: Record<string, Route> = {}) => void ([page, routes] = [html, ofItsOwn]),
    close: () => void http.close().closeAllConnections(),
  };
}

/** A generation to look at. */
async function started(spaceId: string) {
  const image = { link: `${server.url}/samples/photo.jpg` };
  const body = { spaceId, type: "video", context: "Waves", mediaSpace: { media: { image } } } as const;
  return (await enhanceMedia(body, { baseUrl: server.url })).mediaSpace;
}

it("every example is correct TypeScript for a project that installs the client", { timeout: LIMIT_MS }, async () => {
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

  /** Two presses as a hand makes them: whatever the button has become after the first. */
  async function pressTwice(page: Page): Promise<void> {
    const box = await page.getByRole("button", { name: "Animate" }).boundingBox();
    if (!box) throw new Error("The button is not there.");
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  }
  /** The API's answer to a start, for as long as this is on. */
  async function refuse(page: Page, status: number, error: string): Promise<() => Promise<void>> {
    const headers = { "access-control-allow-origin": "*", "retry-after": "0" };
    await page.route("**/api/media/enhance", (route) =>
      route.request().method() === "POST"
        ? route.fulfill({ status, headers, json: { error, code: "not_now", traceId: "t" } })
        : route.fallback(),
    );
    return () => page.unroute("**/api/media/enhance");
  }
  const startedIn = async (spaceId: string) => (await listMedia(spaceId, { baseUrl: server.url })).items.length;

  /** A component of the pages as a page. */
  async function pageOf(imported: string, element: string): Promise<string> {
    const contents = `
      import { StrictMode } from "react";
      import { createRoot } from "react-dom/client";
      ${imported}
      const root = createRoot(document.body.appendChild(document.createElement("main")));
      root.render(<StrictMode>${element}</StrictMode>);
    `;
    const { outputFiles } = await build({
      stdin: { contents, loader: "tsx", resolveDir: directory },
      bundle: true,
      write: false,
      format: "esm",
      jsx: "automatic",
      // Its strict mode mounts everything twice, as on a developer's machine.
      define: { "process.env.NODE_ENV": '"development"' },
    });
    const script = outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? "";
    return `<!doctype html><body><script type="module">${script}</script>`;
  }

  it("a page without any tools uploads, starts one video for two presses, follows and plays", async () => {
    const { page, errors, close } = await openPage(browser);
    site.serve(await readFile(file("plain.html"), "utf8"));
    await page.goto(site.origin);
    await page
      .getByLabel("Picture")
      .setInputFiles({ name: "a.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no") });
    await page.getByText("JPEG, PNG or WebP").waitFor();
    await page.getByLabel("Picture").setInputFiles(PHOTO);
    await page.getByText("Ready to animate.").waitFor();
    const before = await startedIn("demo");
    for (const status of [402, 429, 503]) {
      const again = await refuse(page, status, `Not for ${status} reasons.`);
      await page.getByRole("button", { name: "Animate" }).click();
      await page.getByText(`Not for ${status} reasons.`).waitFor();
      await again();
    }
    await page.getByRole("button", { name: "Animate", disabled: false }).waitFor();
    await pressTwice(page);
    await page.getByText("generating").waitFor();
    await page.locator("video:not([hidden])").waitFor();
    expect(await page.locator("video").getAttribute("src")).toContain(".mp4");
    expect((await startedIn("demo")) - before).toBe(1);
    expect(errors).toEqual([]);
    await close();
  });

  it("a React component starts one video for two presses, in strict mode, and finds it again after a reload", async () => {
    const picture = `${server.url}/samples/photo.jpg`;
    site.serve(
      await pageOf(
        `import { Animate } from ${JSON.stringify(file("animate.tsx"))};`,
        `<Animate picture="${picture}" baseUrl="${server.url}" />`,
      ),
    );
    const { page, errors, close } = await openPage(browser);
    await page.goto(site.origin);
    const before = await startedIn("demo");
    const again = await refuse(page, 402, "This video costs $0.28, and $0.00 is left.");
    await page.getByRole("button", { name: "Animate" }).click();
    await page.getByRole("alert").getByText("This video costs $0.28, and $0.00 is left.").waitFor();
    await again();
    await pressTwice(page);
    await page.getByText("generating").waitFor();
    // The page is gone in the middle, and the two ids in its address are enough.
    await page.reload();
    await page.locator("video").waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    expect((await startedIn("demo")) - before).toBe(1);
    expect(errors).toEqual([]);
    await close();
  });

  it("a Next.js site starts one video for two presses, shows a refusal, and does not follow what is gone", async () => {
    const [animate, follow] = [await route("app/api/animate/route.ts"), await route("app/api/animate/[id]/route.ts")];
    const asked: string[] = [];
    let refusal: Response | undefined = Response.json({ error: "Nothing is left of this month." }, { status: 402 });
    const html = await pageOf(
      `import { Animate } from ${JSON.stringify(file("app/animate.tsx"))};`,
      `<Animate picture="${server.url}/samples/photo.jpg" words="It comes alive" />`,
    );
    const { page, errors, close } = await openPage(browser);
    site.serve(html, {
      "POST /api/animate": async (request) => refusal ?? animate.POST(request),
      "GET /api/animate/": async (request) => {
        asked.push(request.url);
        return follow.GET(request, { params: Promise.resolve({ id: request.url.replace(/.*\//, "") }) });
      },
    });
    await page.goto(site.origin);
    const before = await startedIn("website");
    await page.getByRole("button", { name: "Animate" }).click();
    await page.getByRole("alert").getByText("Nothing is left of this month.").waitFor();
    refusal = undefined;
    await pressTwice(page);
    await page.locator("video").waitFor();
    expect((await startedIn("website")) - before).toBe(1);
    expect(asked).toHaveLength(1);

    refusal = Response.json({ id: "019b76da-a800-7000-8000-000000000001" }, { status: 202 });
    await page.reload();
    await page.getByRole("button", { name: "Animate" }).click();
    await page.getByText("This video cannot be followed any more.").waitFor();
    expect(asked).toHaveLength(2);
    expect(errors).toEqual([]);
    await close();
  });
});

interface NextRoute {
  POST(request: Request): Promise<Response>;
  GET(request: Request, context: { params: Promise<{ id: string }> }): Promise<Response>;
}
const route = async (name: string) => {
  vi.stubEnv("KLING_MEDIA_URL", server.url);
  return (await import(/* @vite-ignore */ file(name))) as NextRoute;
};

describe("Next.js", () => {
  const post = (body: object, headers: Record<string, string> = { "idempotency-key": "another-click" }) =>
    new Request("http://site.example/api/animate", { method: "POST", headers, body: JSON.stringify(body) });
  const follow = async (id: string) => {
    const { GET } = await route("app/api/animate/[id]/route.ts");
    return GET(new Request("http://site.example/"), { params: Promise.resolve({ id }) });
  };

  it("starts through a route of one's own, once for one key, and streams what happens", async () => {
    const { POST } = await route("app/api/animate/route.ts");
    const wish = { picture: `${server.url}/samples/photo.jpg`, words: "It comes alive" };
    const key = { "idempotency-key": "one-click" };
    const idOf = async (response: Response) => z.object({ id: z.string() }).parse(await response.json()).id;
    const first = await POST(post(wish, key));
    expect(first.status).toBe(202);
    const id = await idOf(first);
    expect(await idOf(await POST(post(wish, key)))).toBe(id);

    const events = (await (await follow(id)).text()).trim().split("\n\n");
    expect(events.length).toBeGreaterThan(1);
    expect(events.at(-1)).toMatch(/^data: \{"phase":"completed","video":"http.+\.mp4/);
  });

  it("takes no wish without a key", async () => {
    const { POST } = await route("app/api/animate/route.ts");
    expect((await POST(post({ picture: `${server.url}/samples/photo.jpg`, words: "Waves" }, {}))).status).toBe(400);
  });

  it("hands on what the API refuses", async () => {
    const { POST } = await route("app/api/animate/route.ts");
    const refused = await POST(post({ picture: "not a link", words: "It comes alive" }));
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "invalid_request" }]);
  });

  it("answers for a media that is not there, instead of a stream that breaks and is opened for ever", async () => {
    const answer = await follow("019b76da-a800-7000-8000-000000000001");
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: "media_not_found" }]);
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
    // The machine's one tenant, without sign-in, is `local`; the recipe names another, whose media no caller here can see.
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
  const inBrowsers = ["plain.html", "animate.tsx"];
  const expected = [...named].filter((name) => BROWSER !== undefined || !inBrowsers.includes(name));
  expect([...ran].sort()).toEqual(expected.sort());
});

it("the client follows what it has started, from Node too", async () => {
  const { media } = await watchGeneration(await started("node"), { baseUrl: server.url });
  expect(media).toMatchObject({ phase: "completed" });
});
