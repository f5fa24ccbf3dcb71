// A program of ours in a process of its own: started, waited for, watched from outside, stopped.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../../../stacks/offline/platform.ts";

export interface Program {
  /** What it says it listens on. */
  url: string;
  /** Resident memory in MB. */
  residentMb(): Promise<number>;
  /** Open files and sockets. */
  handles(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a TypeScript file of the repository and waits for its line `ready <url>`. Its memory and handles are read where
 * Linux shows them, and are NaN elsewhere.
 */
export async function startProgram(
  file: string,
  args: readonly string[],
  settings: Record<string, string> = {},
): Promise<Program> {
  const child = spawn(process.execPath, [path.join(ROOT, file), ...args], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + String(chunk)).slice(-10_000);
      const [, url] = /^ready (\S+)$/m.exec(said) ?? [];
      if (url !== undefined) ready.resolve(url);
    });
  }
  const ended = once(child, "close");
  void ended.then(() => ready.reject(new Error(`${file} has ended: ${said}`)));
  const url = await ready.promise;
  const proc = `/proc/${child.pid}`;
  return {
    url,
    async residentMb() {
      const status = await readFile(`${proc}/status`, "utf8").catch(() => "");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    async handles() {
      return (await readdir(`${proc}/fd`).catch(() => undefined))?.length ?? NaN;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
