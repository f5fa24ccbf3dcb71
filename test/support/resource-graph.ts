// The graph that SST would deploy, for tests: drawn by `npm run synth` in a process of its own.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { Graph } from "../../stacks/offline/graph.ts";
import { ROOT } from "../../stacks/offline/platform.ts";

export type { Graph, GraphResource } from "../../stacks/offline/graph.ts";
export * from "../../stacks/offline/resources.ts";

/** What a deploy needs, and nothing more. */
export const NEEDED_SETTINGS = {
  JWT_ISSUER: "https://issuer.example.com",
  JWT_AUDIENCE: "media-callers",
  SST_SECRET_FalKey: "a-key-that-must-not-show",
};

/** A deploy with all that may be turned on: it has every function there is. */
export const WITH_KEYS = {
  ...NEEDED_SETTINGS,
  AUTH: "jwt,keys",
  SST_SECRET_FalAdminKey: "an-admin-key-that-must-not-show",
  SOURCES_BUCKET: "acme-pictures",
  SOURCES_PREFIX: "animate/",
};

/**
 * The graph of a stage, with these settings and no others.
 * @throws Error with what the deploy would say
 */
export async function graphOf(
  stage: string,
  settings: Record<string, string> = NEEDED_SETTINGS,
  { dev = false } = {},
): Promise<Graph> {
  const directory = await mkdtemp(join(tmpdir(), "graph-"));
  const file = join(directory, "graph.json");
  try {
    const env = { PATH: process.env["PATH"], ...settings };
    const args = [join(ROOT, "stacks/offline/synth.ts"), file, "--stage", stage, "--strict", ...(dev ? ["--dev"] : [])];
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return JSON.parse(await readFile(file, "utf8")) as Graph;
  } catch (error) {
    throw new Error(z.object({ stderr: z.string() }).parse(error).stderr, { cause: error });
  } finally {
    await rm(directory, { recursive: true });
  }
}
