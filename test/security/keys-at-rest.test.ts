// A key is in its own answer, and nowhere else: not in the state of the local machine, not in its log, not in what went on the bus.
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { handlersFromDisk } from "../../stacks/local/aws/functions.ts";
import { startLocalMachine, type LocalMachine } from "../../stacks/local/machine.ts";
import { ROOT } from "../../stacks/offline/platform.ts";

const created = z.object({ key: z.object({ id: z.string() }), secret: z.string() });
const logged: string[] = [];
let machine: LocalMachine;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "keys-"));
  const settings = { AUTH: "keys", NODE_ENV: "test", FAL_KEY: "a-key", POWERTOOLS_LOG_LEVEL: "DEBUG" };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => {
      logged.push(String(text));
      return true;
    });
  }
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => void logged.push(words.join(" ")));
  }
  const ours = handlersFromDisk(ROOT);
  machine = await startLocalMachine({
    port: 0,
    awsPort: 0,
    dataDirectory: directory,
    keys: true,
    // Workflows start, and their first step never ends.
    handlers: {
      resolve: (path) => (path.startsWith("functions/workflow/") ? () => new Promise(() => {}) : ours.resolve(path)),
    },
  });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
  vi.unstubAllEnvs();
});

/** As `npm run api-key` asks. */
async function operator(payload: object): Promise<unknown> {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new LambdaClient({ endpoint: machine.awsUrl, region: "us-east-1", credentials });
  const asked = { FunctionName: "manage-api-keys", Payload: JSON.stringify(payload) };
  const { Payload } = await client.send(new InvokeCommand(asked));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

async function call(method: string, path: string, bearer: string, body?: object): Promise<[number, unknown]> {
  const response = await fetch(machine.url + path, {
    method,
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return [response.status, text === "" ? undefined : (JSON.parse(text) as unknown)];
}

it("a key that was made, used, misused and revoked has left nothing but its hash", async () => {
  const admin = created.parse(
    await operator({ action: "create", tenantId: "acme", name: "admin", scopes: ["read", "write", "admin"] }),
  );
  const [made, answer] = await call("POST", "/api/keys", admin.secret, { name: "shop", monthlyCapUsd: 5 });
  const shop = z.object({ data: created }).parse(answer).data;
  const image = { link: "https://pictures.example/beach.jpg" };
  const body = { spaceId: "holiday", context: "Waves.", mediaSpace: { media: { image } } };
  const statuses = [
    made,
    (await call("POST", "/api/media/enhance", shop.secret, body))[0],
    // In places where it has no business.
    (await call("POST", "/api/media/enhance", shop.secret, { ...body, mode: shop.secret }))[0],
    (await call("GET", `/api/spaces/${shop.secret}/media?cursor=${shop.secret}`, shop.secret))[0],
    (await call("DELETE", `/api/keys/${shop.secret}`, admin.secret))[0],
    (await call("GET", "/api/budget", `${shop.secret}0`))[0],
    (await call("GET", "/api/keys", admin.secret))[0],
    (await call("DELETE", `/api/keys/${shop.key.id}`, admin.secret))[0],
    (await call("GET", "/api/budget", shop.secret))[0],
  ];
  expect(statuses).toEqual([201, 202, 400, 400, 400, 401, 200, 204, 401]);
  await operator({ action: "revoke", id: admin.secret });
  await machine.close();

  const kept = globSync("**/*", { cwd: directory, withFileTypes: true })
    .filter((it) => it.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"))
    .join("\n");
  // What is looked for would be found: the ids are there, and the log has its lines.
  expect(kept).toContain(shop.key.id);
  expect(logged.join("\n")).toContain("key revoked");
  for (const { secret } of [admin, shop]) {
    const bits = secret.split("_")[2] ?? "";
    expect([kept.includes(bits), logged.join("\n").includes(bits)]).toEqual([false, false]);
  }
});
