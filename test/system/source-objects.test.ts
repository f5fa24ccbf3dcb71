// The recipe of docs/s3.md: its example puts a picture, S3's event arrives, and the video is asked for, once for each version.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { handlersFromDisk } from "../../stacks/local/aws/functions.ts";
import { startLocalMachine, type LocalMachine } from "../../stacks/local/machine.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { S3_CREDENTIALS, startS3StandIn } from "../support/s3-stand-in.ts";

const BUCKET = "acme-pictures";
const KEY = "animate/beach.jpg";
let s3: Awaited<ReturnType<typeof startS3StandIn>>;
let machine: LocalMachine;
let directory: string;
let examples: string;

beforeAll(async () => {
  s3 = await startS3StandIn(BUCKET);
  for (const [name, value] of Object.entries({ NODE_ENV: "test", FAL_KEY: "a-key", AWS_ENDPOINT_URL_S3: s3.url }))
    vi.stubEnv(name, value);
  directory = await mkdtemp(join(tmpdir(), "sources-"));
  await mkdir(join(ROOT, ".local"), { recursive: true });
  // Inside the project, so that the example finds its packages.
  examples = await mkdtemp(join(ROOT, ".local/s3-"));
  const [, code = ""] =
    /^```ts\n(\/\/ put-picture\.ts\n[^]*?)^```$/m.exec(await readFile(join(ROOT, "docs/s3.md"), "utf8")) ?? [];
  await writeFile(join(examples, "put-picture.ts"), code);
  const ours = handlersFromDisk(ROOT);
  machine = await startLocalMachine({
    port: 0,
    awsPort: 0,
    tableInMemory: true,
    dataDirectory: directory,
    // Workflows start, and their first step never ends.
    handlers: {
      resolve: (path) => (path.startsWith("functions/workflow/") ? () => new Promise(() => {}) : ours.resolve(path)),
    },
  });
});
afterAll(async () => {
  await machine.close();
  await s3.close();
  for (const it of [directory, examples]) await rm(it, { recursive: true });
  vi.unstubAllEnvs();
});

/** As S3 tells EventBridge of it (AWS: "EventBridge event message structure"), delivered to the rule's function. */
async function arrived(version: string, key = KEY): Promise<{ idempotencyKey?: string; errorMessage?: string }> {
  const client = new LambdaClient({ endpoint: machine.awsUrl, region: "us-east-1", credentials: S3_CREDENTIALS });
  const object = { key, size: 1, etag: "e", "version-id": version, sequencer: "00617F08299329D189" };
  const detail = { version: "0", bucket: { name: BUCKET }, object, "request-id": "r", reason: "PutObject" };
  const about = { version: "0", id: `event-${version}`, account: "123456789012", region: "us-east-1", resources: [] };
  const event = { ...about, "detail-type": "Object Created", source: "aws.s3", time: "2026-11-22T12:00:00Z", detail };
  const asked = { FunctionName: "request-from-object", Payload: JSON.stringify(event) };
  const { Payload } = await client.send(new InvokeCommand(asked));
  const said: unknown = JSON.parse(Buffer.from(Payload ?? []).toString());
  return z.object({ idempotencyKey: z.string().optional(), errorMessage: z.string().optional() }).parse(said);
}

async function mediaInShop() {
  const answer = await fetch(`${machine.url}/api/spaces/shop/media`);
  const media = z.looseObject({ context: z.string(), generationMode: z.string() });
  const item = z.object({ uploadedBy: z.string(), baseMediaId: z.string(), media });
  return z.object({ data: z.object({ items: z.array(item) }) }).parse(await answer.json()).data.items;
}

it(
  "a picture that is put with its words becomes a request, once for each of its versions",
  { timeout: 30_000 },
  async () => {
    const env = {
      PATH: process.env["PATH"],
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.url,
      PICTURE: join(ROOT, "stacks/local/samples/photo.jpg"),
      TENANT: "local",
    };
    await promisify(execFile)(process.execPath, [join(examples, "put-picture.ts")], { cwd: ROOT, env });
    const { idempotencyKey } = await arrived("v1");
    expect(idempotencyKey).toMatch(/^s3:[0-9a-f]{64}$/);
    await expect.poll(mediaInShop, { timeout: 10_000 }).toMatchObject([
      {
        uploadedBy: "event:s3",
        baseMediaId: "product-7",
        media: { context: "The waves roll in, the café's lights go on", generationMode: "pro" },
      },
    ]);
    expect((await arrived("v1")).idempotencyKey).toBe(idempotencyKey);
    expect((await arrived("v2")).idempotencyKey).not.toBe(idempotencyKey);
    await expect.poll(mediaInShop, { timeout: 10_000 }).toHaveLength(2);
  },
);

it("an object that does not say whose it is, or that is too large, is refused in words", async () => {
  s3.objects.set("animate/mute.jpg", { bytes: Buffer.from("x"), contentType: "image/jpeg" });
  expect((await arrived("v1", "animate/mute.jpg")).errorMessage).toMatch(/x-amz-meta-tenant: .*x-amz-meta-context: /);
  const bytes = Buffer.alloc(51 * 1024 * 1024);
  s3.objects.set("animate/huge.jpg", { bytes, contentType: "image/jpeg" });
  expect((await arrived("v1", "animate/huge.jpg")).errorMessage).toMatch(/larger|too large|MB/);
  expect(await mediaInShop()).toHaveLength(2);
});
