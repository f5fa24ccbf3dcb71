// A whole local machine with keys, caps and a fal of our own, for clients that are not ours: what they start is counted where it would be paid.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { vi } from "vitest";
import type { Scope } from "../../shared/access/api-key.ts";
import { createKey } from "../../shared/access/api-keys.ts";
import { startFalSimulator, type FalSimulator } from "../../stacks/fal-simulator/server.ts";
import { handlersFromDisk } from "../../stacks/local/aws/functions.ts";
import { startLocalMachine } from "../../stacks/local/machine.ts";
import { ROOT } from "../../stacks/offline/platform.ts";

export interface StrangerMachine {
  url: string;
  fal: FalSimulator;
  /** A key of `acme`'s as an operator makes it. */
  key(options?: { scopes?: Scope[]; monthlyCapUsd?: number; tenantId?: string }): Promise<string>;
  close(): Promise<void>;
}

/** One per test file: the functions read their settings once. */
export async function strangerMachine(settings: Record<string, string> = {}): Promise<StrangerMachine> {
  const fal = await startFalSimulator({ queueSeconds: 0, renderSeconds: 0.2 });
  const environment = {
    AUTH: "keys",
    NODE_ENV: "development",
    FAL_TEST_MODE: "off",
    FAL_KEY: "any",
    FAL_QUEUE_URL: fal.url,
    FAL_PLATFORM_URL: fal.url,
    TRUSTED_MEDIA_ORIGINS: fal.url,
    POLL_SECONDS: "1",
    ...settings,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const directory = await mkdtemp(path.join(tmpdir(), "strangers-"));
  const machine = await startLocalMachine({
    port: 0,
    awsPort: 0,
    tableInMemory: true,
    dataDirectory: directory,
    handlers: handlersFromDisk(ROOT),
    keys: true,
  });
  return {
    url: machine.url,
    fal,
    async key({ scopes, monthlyCapUsd, tenantId = "acme" } = {}) {
      const { keyDeps } = await import("../../shared/services/api-keys.ts");
      const monthlyCapMills = monthlyCapUsd === undefined ? undefined : monthlyCapUsd * 1000;
      return (await createKey(keyDeps(), { tenantId, name: "stranger", ...(scopes && { scopes }), monthlyCapMills }))
        .bearer;
    },
    async close() {
      await machine.close();
      await fal.close();
      await rm(directory, { recursive: true });
      vi.unstubAllEnvs();
    },
  };
}
