// Whoever installs the package: in strict TypeScript of both kinds, on this Node, through the bundler that is here.
// Other runtimes, bundlers and the linters of packages: `npm run client:check`.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { DONE, lend, readmeExamples, run, strangersApi, strangersProject, type Project } from "./packed.ts";

const LIMIT_MS = 120_000;
let project: Project;
let api: Awaited<ReturnType<typeof strangersApi>>;
beforeAll(async () => {
  [project, api] = await Promise.all([strangersProject(), strangersApi()]);
  await lend(project, "@types/react", "@types/node", "react", "ai");
}, LIMIT_MS);
afterAll(async () => {
  api.close();
  await rm(project.directory, { recursive: true, force: true });
});

async function faultsOf(compilerOptions: object, files: string[]): Promise<string> {
  const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
  const shared = { target: "ES2022", lib: ["ES2022", "DOM", "DOM.Iterable"], jsx: "react-jsx", ...strict };
  await project.write("tsconfig.json", JSON.stringify({ compilerOptions: { ...shared, ...compilerOptions }, files }));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = run(process.execPath, [compiler, "-p", project.directory]);
  return (await compiled.catch((error: { stdout: string }) => error)).stdout;
}

describe.each([
  ["bundler", { module: "ESNext", moduleResolution: "Bundler" }],
  ["nodenext", { module: "NodeNext", moduleResolution: "NodeNext" }],
])("strict TypeScript that resolves as %s", (_, resolution) => {
  it("takes the declarations, library checks included, without Node's types", { timeout: LIMIT_MS }, async () => {
    await project.write(
      "use.ts",
      `import { subscribe, watchGeneration, type ApiError, type MediaSpace, type VideoInput } from "kling-media-client";
      import { useGeneration, useStartGeneration, type StartGeneration } from "kling-media-client/react";
      import { verifyWebhook } from "kling-media-client/webhooks";
      const input: VideoInput = { prompt: "Waves", image: new Blob([]), model: "kling-3", mode: "pro", seconds: 5 };
      export const ended: Promise<MediaSpace> = subscribe(input, { baseUrl: "https://api.example.com" });
      export const hooks: (() => StartGeneration)[] = [() => useStartGeneration()];
      export const follow = () => useGeneration({ spaceId: "s", id: "m" }).media?.video?.link satisfies string | undefined;
      export async function hear(raw: string, headers: Headers): Promise<string> {
        const event = await verifyWebhook("whsec_", headers, raw);
        return event.type === "generation.failed" ? event.data.error.message : event.type;
      }
      // @ts-expect-error a mode that there is not
      void subscribe({ ...input, mode: "turbo" });
      // @ts-expect-error a field that there is not
      void subscribe({ prompt: "Waves", image: "https://e.com/a.jpg", seconds: 5, lenght: 5 });
      export const wait = (error: ApiError): number => error.retryAfterSeconds ?? 0;
      void watchGeneration;`,
    );
    expect(await faultsOf({ ...resolution, types: [], skipLibCheck: false }, ["use.ts"])).toBe("");
  });

  it("takes every example of the README", { timeout: LIMIT_MS }, async () => {
    const examples = await readmeExamples();
    const names = examples.map(({ extension }, n) => `example-${n}.${extension}`);
    for (const [n, { text }] of examples.entries()) {
      await project.write(names[n] ?? "", `${text}\nexport {};\n`);
    }
    const options = { ...resolution, types: ["node"], skipLibCheck: true };
    expect(names.length).toBeGreaterThan(4);
    expect(await faultsOf(options, names)).toBe("");
  });
});

it("works on this Node, and through esbuild, with one start each", { timeout: LIMIT_MS }, async () => {
  const entry = join(project.directory, "run.mjs");
  expect((await run(process.execPath, [entry, api.url])).stdout.trim()).toBe(DONE);
  const outfile = join(project.directory, "bundled.mjs");
  await build({ entryPoints: [entry], outfile, bundle: true, minify: true, format: "esm", target: "es2022" });
  expect((await run(process.execPath, [outfile, api.url])).stdout.trim()).toBe(DONE);
  expect(api.starts()).toBe(2);
});
