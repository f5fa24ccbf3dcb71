// Canaries in what a deploy makes: planted where secrets come from, and looked for in every bundle and in the whole graph of resources.
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FUNCTIONS, functionName } from "../../stacks/blueprint/functions.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { bundleHandler, type Bundle } from "../../stacks/offline/bundle.ts";
import { definitionOf, functionsOf, graphOf, WITH_KEYS, type Graph } from "../support/resource-graph.ts";

/** In the environment of the operator who deploys, as a `.env` or a shell gives them. */
const IN_ENVIRONMENT = {
  FAL_KEY: "canary-fal-key-of-the-environment",
  WORKFLOWAI_API_KEY: "canary-workflowai-key-of-the-environment",
  AWS_SECRET_ACCESS_KEY: "canary-aws-secret-of-the-environment",
  AWS_SESSION_TOKEN: "canary-aws-token-of-the-environment",
  SST_RESOURCE_LinkSecret: '{"value":"canary-link-secret-of-the-environment"}',
  SST_RESOURCE_WebhookSecret: '{"value":"canary-webhook-secret-of-the-environment"}',
};
/** As `sst secret set` keeps them. */
const KEPT = { SST_SECRET_FalKey: "canary-kept-fal-key", SST_SECRET_WorkflowAiKey: "canary-kept-workflowai-key" };

const CANARY = /canary-[\w-]*/g;

afterAll(() => vi.unstubAllEnvs());

describe("the bundles", () => {
  const bundles = new Map<string, Bundle>();
  let directory: string;
  /** What stands in the `.env` of this very machine, if there is one: longer than a word, so that it is not found by chance. */
  let ownSecrets: string[];

  beforeAll(async () => {
    for (const [name, value] of Object.entries(IN_ENVIRONMENT)) vi.stubEnv(name, value);
    directory = await mkdtemp(join(tmpdir(), "artefacts-"));
    await Promise.all(
      Object.keys(FUNCTIONS).map(async (handler) => {
        bundles.set(handler, await bundleHandler(handler, join(directory, functionName(handler)), { minify: false }));
      }),
    );
    const ownEnv = await readFile(join(ROOT, ".env"), "utf8").catch(() => "");
    ownSecrets = ownEnv.split("\n").flatMap((line) => /^\w*(?:KEY|SECRET|TOKEN)\w*=(\S{12,})$/.exec(line)?.[1] ?? []);
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("are of every function, and are made of our own code and of packages, of no .env and of no state", () => {
    expect(bundles.size).toBe(Object.keys(FUNCTIONS).length);
    for (const [handler, { sources }] of bundles) {
      expect(sources).toContain(handler.replace(/\.handler$/, ".ts"));
      const others = sources.filter((file) => !/^(functions|shared|stacks\/blueprint|node_modules)\//.test(file));
      expect([handler, others]).toEqual([handler, []]);
      expect(sources.filter((file) => /(^|\/)\.(env|local)/.test(file))).toEqual([]);
    }
  });

  it("hold nothing of the environment that they were made in", async () => {
    const files = globSync("**/*", { cwd: directory, withFileTypes: true }).filter((it) => it.isFile());
    expect(files.length).toBeGreaterThanOrEqual(bundles.size);
    for (const { parentPath, name } of files) {
      const code = await readFile(join(parentPath, name), "utf8");
      const found = [...(code.match(CANARY) ?? []), ...ownSecrets.filter((secret) => code.includes(secret))];
      expect([name, found]).toEqual([name, []]);
    }
  });

  it("take beside them the console alone, which holds nothing of it either", async () => {
    const beside = Object.values(FUNCTIONS).flatMap(({ copy = [] }) => copy);
    expect(beside).toEqual([".web"]);
    const files = globSync("**/*", { cwd: join(ROOT, ".web"), withFileTypes: true }).filter((it) => it.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const { parentPath, name } of files) {
      const text = await readFile(join(parentPath, name), "utf8");
      expect([name, ownSecrets.filter((secret) => text.includes(secret))]).toEqual([name, []]);
    }
  });
});

describe("the resources of a stage", () => {
  let graph: Graph;
  beforeAll(async () => {
    graph = await graphOf("production", { ...WITH_KEYS, ...IN_ENVIRONMENT, ...KEPT });
  });

  it("know the kept secrets where they are linked: the canaries are there to be found", () => {
    expect([...new Set(JSON.stringify(graph.functions).match(CANARY))].toSorted()).toEqual(
      Object.values(KEPT).toSorted(),
    );
  });

  it("have no secret in the environment of any function", () => {
    const functions = functionsOf(graph);
    expect(functions).toHaveLength(Object.keys(FUNCTIONS).length);
    for (const { name, environment } of functions)
      expect([name, JSON.stringify(environment).match(CANARY)]).toEqual([name, null]);
  });

  it("have none in the definition of the workflow", () => {
    const definition = JSON.stringify(definitionOf(graph));
    expect(definition).toContain("SubmitGeneration");
    expect(definition.match(CANARY)).toBeNull();
  });

  it("have none anywhere but where it is kept encrypted", () => {
    const open = graph.resources.flatMap(({ type, name, inputs, secretPaths }) =>
      places(inputs)
        .filter(([path, text]) => text.match(CANARY) && !secretPaths.some((secret) => path.startsWith(secret)))
        .map(([path]) => `${type} ${name}: ${path}`),
    );
    expect(open).toEqual([]);
    expect(JSON.stringify(graph.outputs).match(CANARY)).toBeNull();
  });
});

/** Every text in a value, with its path as `secretPaths` writes it. */
function places(value: unknown, path = ""): [path: string, text: string][] {
  if (typeof value === "string") return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, n) => places(item, `${path}[${n}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => places(inner, path ? `${path}.${name}` : name));
}
