// The package as a stranger has it: packed, unpacked into a project outside of this one, and used by a program of theirs.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../stacks/offline/platform.ts";
import { packageClient } from "../../stacks/web/package-client.ts";
import { completed, mediaSpace } from "./fake-api.ts";

export const run = promisify(execFile);

export interface Project {
  directory: string;
  tarball: string;
  write(name: string, text: string): Promise<void>;
}

/** A project with the packed client in it, and nothing else. */
export async function strangersProject(): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), "stranger-"));
  const packed = await packageClient(join(directory, "packed"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory], { cwd: packed });
  const [{ filename = "" } = {}] = JSON.parse(stdout) as { filename?: string }[];
  const tarball = join(directory, filename);
  await mkdir(join(directory, "node_modules"), { recursive: true });
  await run("tar", ["xzf", tarball, "-C", directory]);
  await cp(join(directory, "package"), join(directory, "node_modules/kling-media-client"), { recursive: true });
  const write = (name: string, text: string) => writeFile(join(directory, name), text);
  await write("package.json", JSON.stringify({ name: "stranger", private: true, type: "module" }));
  await write("run.mjs", PROGRAM);
  return { directory, tarball, write };
}

/** Packages of ours, as if they were installed there. */
export async function lend(project: Project, ...names: string[]): Promise<void> {
  for (const name of names) {
    const place = join(project.directory, "node_modules", name);
    await mkdir(join(place, ".."), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), place);
  }
}

/** The README's examples by their language, each as a module. */
export async function readmeExamples(): Promise<{ extension: string; text: string }[]> {
  const readme = await readFile(join(ROOT, "shared/client/README.md"), "utf8");
  return [...readme.matchAll(/^```(tsx?)\n(.*?)^```$/gms)].map(([, extension = "", text = ""]) => ({
    extension,
    text,
  }));
}

/** Starts, follows to the end and checks a message; says what it has, in one line. */
const PROGRAM = `import { subscribe } from "kling-media-client";
import { signWebhook, verifyWebhook } from "kling-media-client/webhooks";

const baseUrl = (globalThis.Deno?.args ?? process.argv.slice(2))[0];
try {
  const phases = [];
  const { media } = await subscribe(
    { prompt: "The waves roll in", image: "https://example.com/photo.jpg", seconds: 5 },
    { baseUrl, token: "km_key", onUpdate: ({ media }) => phases.push(media.phase) },
  );
  const secret = "whsec_" + btoa("0123456789abcdef0123456789abcdef");
  const body = JSON.stringify({ type: "webhook.test" });
  const event = await verifyWebhook(secret, await signWebhook(secret, body), body);
  console.log([...phases, media.generationStatus, event.type].join(" "));
} catch (error) {
  console.log(error.code ?? error.message);
}
`;
/** What the program says where all is well. */
export const DONE = "queued generating completed completed webhook.test";

/** An API whose one generation takes two looks. */
export async function strangersApi(): Promise<{ url: string; starts: () => number; close: () => void }> {
  let starts = 0;
  const server = createServer((request, response) => {
    const answer = (status: number, data: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ data }));
    if (request.url === "/api/media/enhance") {
      starts++;
      return void answer(202, { success: true, message: "ok", mediaSpace: mediaSpace() });
    }
    const isFirst = request.url?.includes("sinceVersion=1&");
    answer(200, { mediaSpace: isFirst ? mediaSpace({ phase: "generating", version: 2 }) : completed(3) });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The API has no port.");
  const close = () => void server.close().closeAllConnections();
  return { url: `http://127.0.0.1:${address.port}`, starts: () => starts, close };
}
