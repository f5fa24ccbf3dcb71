// The local machine in a process of its own, on a port that stays the same when it is killed and started again.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFalSimulator, type FalSimulator } from "../../stacks/fal-simulator/server.ts";
import { ROOT } from "../../stacks/offline/platform.ts";

export interface Server {
  url: string;
  awsUrl: string;
  fal: FalSimulator;
  start(): Promise<void>;
  /** kill -9: the process cannot react. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Our server before a simulator of fal whose jobs take two seconds. @param settings more environment, of the port that it listens on */
export async function startServer(
  settings: Record<string, string> | ((port: number) => Record<string, string>) = {},
): Promise<Server> {
  const fal = await startFalSimulator({ queueSeconds: 0.5, renderSeconds: 1.5 });
  const directory = await mkdtemp(join(tmpdir(), "browser-"));
  const [port, awsPort] = [await freePort(), await freePort()];
  let child: ChildProcess | undefined;

  const server: Server = {
    url: `http://127.0.0.1:${port}`,
    awsUrl: `http://127.0.0.1:${awsPort}`,
    fal,
    async start() {
      child = spawn(process.execPath, [join(ROOT, "stacks/local/main.ts")], {
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          PATH: process.env["PATH"],
          NODE_ENV: "development",
          FAL_TEST_MODE: "off",
          FAL_KEY: "a-key",
          FAL_QUEUE_URL: fal.url,
          FAL_PLATFORM_URL: fal.url,
          FAL_WEBHOOK_JWKS_URL: `${fal.url}/.well-known/jwks.json`,
          POLL_SECONDS: "1",
          PORT: String(port),
          AWS_PORT: String(awsPort),
          DATA_DIR: directory,
          POWERTOOLS_LOG_LEVEL: "SILENT",
          ...(typeof settings === "function" ? settings(port) : settings),
        },
      });
      for await (const chunk of child.stdout?.setEncoding("utf8") ?? []) if (/^ready /m.test(String(chunk))) return;
      throw new Error("The server ended before it was ready.");
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    async close() {
      await server.kill();
      await fal.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}
