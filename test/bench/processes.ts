// The processes that a bench measures, and the directories they live in: each is gone when the bench leaves its scope.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Launch {
  /** Under the repository. */
  file: string;
  args?: string[];
  environment?: Record<string, string>;
  /** For Node itself. */
  flags?: string[];
}

export interface Server extends AsyncDisposable {
  url: string;
  /** Milliseconds of processor that it has used so far; only of a server that called `tellCpuTime`. */
  cpuMs(): Promise<number>;
}

const CPU_USAGE = z.object({ user: z.number(), system: z.number() });

/** Lets `cpuMs` ask this process. */
export function tellCpuTime(): void {
  process.on("message", () => process.send?.(process.cpuUsage()));
}

function launch({ file, args = [], environment = {}, flags = [] }: Launch) {
  const child = spawn(process.execPath, [...flags, path.join(ROOT, file), ...args], {
    cwd: ROOT,
    // Nothing of this terminal's settings: every run is the same run.
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["pipe", "pipe", "inherit", "ipc"],
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error(`${file} has no pipes`);
  return { child, stdin, stdout };
}

/** Starts a server, which says `ready <url>` when it listens. @throws Error when it ends before that */
export async function startServer(what: Launch): Promise<Server> {
  const { child, stdout } = launch(what);
  const exited = once(child, "exit");
  const ready = Promise.withResolvers<string>();
  let printed = "";
  stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
    const [, url] = /^ready (http\S+)$/m.exec(printed) ?? [];
    if (url !== undefined) ready.resolve(url);
  });
  const gone = exited.then(() => Promise.reject(new Error(`${what.file} has ended: ${printed}`)));
  const url = await Promise.race([ready.promise, gone]);
  gone.catch(() => {});
  return {
    url,
    async cpuMs() {
      const answer = once(child, "message");
      child.send("cpu time");
      const { user, system } = CPU_USAGE.parse((await answer)[0]);
      return (user + system) / 1000;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** Runs a program to its end and reads the JSON that it prints. @throws Error when it fails */
export async function runProgram<T>(what: Launch, input: unknown, answer: z.ZodType<T>): Promise<T> {
  const { child, stdin, stdout } = launch(what);
  stdin.end(JSON.stringify(input));
  const [printed, [code]] = await Promise.all([text(stdout), once(child, "exit")]);
  if (code !== 0) throw new Error(`${what.file} ${what.args?.join(" ")} has failed: ${printed}`);
  return answer.parse(JSON.parse(printed));
}

/** What a program of `runProgram` was given. */
export async function readInput<T>(shape: z.ZodType<T>): Promise<T> {
  return shape.parse(JSON.parse(await text(process.stdin)));
}

/** A directory of its own. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), "bench-"));
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** A port for a process that has to know it before it listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  server.close();
  await once(server, "close");
  return port;
}
