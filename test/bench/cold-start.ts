// Cold start: from the start of a process to a function's first answer, beside a bare handler that makes the same calls; and the bundles' sizes.
import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import * as z from "zod";
import { functionName, FUNCTIONS } from "../../stacks/blueprint/functions.ts";
import type { FunctionPlan } from "../../stacks/blueprint/function-plan.ts";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { STATE_MACHINE_ARN } from "../../stacks/local/aws/arns.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { buildWeb } from "../../stacks/web/build.ts";
import { bundleHandler, installBeside, type Bundle } from "../../stacks/offline/bundle.ts";
import { bareHandler } from "./cold-start/bare-handler.ts";
import { firstCalls, KEY, PICTURES, WEBHOOK_SECRET, type FirstCall } from "./cold-start/first-calls.ts";
import { BUCKET, startOutside, type Outside } from "./cold-start/outside.ts";
import { median, type Row } from "./table.ts";

const PART = "cold-start";
/** Alternating, so that whatever else the machine does befalls both alike. */
const STARTS = { quick: 5, full: 15 };
const RATIO_GOAL = 1.3;
export const BUNDLE_MAX_BYTES = 1024 * 1024;
/** Native code does not count: it is installed beside the bundle. */
const SETTINGS = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
  SST_RESOURCE_App: '{"name":"media","stage":"bench"}',
  SST_RESOURCE_Media: JSON.stringify({ name: MEDIA_TABLE.name }),
  SST_RESOURCE_Bus: '{"name":"media"}',
  SST_RESOURCE_Generation: JSON.stringify({ arn: STATE_MACHINE_ARN }),
  SST_RESOURCE_WebhookSecret: JSON.stringify({ value: WEBHOOK_SECRET }),
  SST_RESOURCE_CursorSecret: '{"value":"cursor-secret"}',
  SST_RESOURCE_SealSecret: '{"value":"seal-secret"}',
  MEDIA_STORE: `s3://${BUCKET}`,
  NODE_ENV: "test",
  FAL_KEY: "fal-key",
  FAL_ADMIN_KEY: "fal-admin-key",
  AUTH: "jwt,keys",
  POWERTOOLS_LOG_LEVEL: "WARN",
};

interface Started {
  result?: unknown;
  error?: string;
  /** From the start of the process to the answer. */
  milliseconds: number;
  /** Of the process, on all of its threads: hardly touched by other load on the machine. */
  processorMs: number;
}
const started = z.object({
  result: z.unknown().optional(),
  error: z.string().optional(),
  milliseconds: z.number(),
  processorMs: z.number(),
});

/** Every function, or those named. */
export async function measure({ quick }: { quick: boolean }, only?: readonly string[]): Promise<Row[]> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), "cold-start-"));
  parts.defer(() => rm(directory, { recursive: true }));
  await buildWeb();
  const outside = await startOutside();
  parts.defer(() => outside.close());
  const runner = await buildRunner(directory);
  const calls = firstCalls(outside);

  const rows: Row[] = [];
  for (const [handler, plan] of Object.entries(FUNCTIONS)) {
    const name = functionName(handler);
    if (only && !only.includes(name)) continue;
    const call = calls[name];
    if (!call) throw new Error(`test/bench/cold-start/first-calls.ts does not say how ${name} is called.`);
    const room = path.join(directory, name);
    const bundle = await layOut(handler, plan, room);
    const start = async (file: string) => {
      await outside.prepare(call.record, KEY, PICTURES);
      return startOnce(runner, file, room, call.event, outside);
    };
    const first = await start(bundle.file);
    const floor = await layOutFloor(room, first, outside, plan, call);
    const [ours, bare]: [Started[], Started[]] = [[], []];
    for (let n = 0; n < (quick ? STARTS.quick : STARTS.full); n++) {
      ours.push(await succeeded(start(bundle.file)));
      bare.push(await succeeded(start(floor)));
    }
    rows.push(...rowsOf(name, bundle, plan, ours, bare));
  }
  return rows;
}

/** A call that went wrong is no measurement. */
async function succeeded(starting: Promise<Started>): Promise<Started> {
  const { error, ...started } = await starting;
  if (error !== undefined) throw new Error(error);
  return started;
}

function rowsOf(name: string, bundle: Bundle, plan: FunctionPlan, ours: Started[], bare: Started[]): Row[] {
  const beside = (what: string, of: (started: Started) => number) => {
    const [value, floor] = [median(ours.map(of)), median(bare.map(of))];
    return {
      part: PART,
      what,
      value,
      unit: "ms",
      beside: { what: "bare handler", value: floor },
      ratio: value / floor,
    };
  };
  const time = beside(name, ({ milliseconds }) => milliseconds);
  const bytes = bundle.entryBytes + bundle.chunkBytes;
  return [
    { ...time, goal: `at most ${RATIO_GOAL} of it`, met: time.ratio <= RATIO_GOAL },
    beside(`${name}: processor`, ({ processorMs }) => processorMs),
    {
      part: PART,
      what: `${name}: bundle`,
      value: bytes / 1024,
      unit: "KB",
      beside: { what: "KB read at the start", value: bundle.entryBytes / 1024 },
      goal: plan.install ? "native code apart" : "at most 1 MB",
      met: bytes <= BUNDLE_MAX_BYTES,
    },
  ];
}

/** What starts a handler, as JavaScript: stripping types would be a part of every start. */
async function buildRunner(directory: string): Promise<string> {
  const outfile = path.join(directory, "lambda-process.mjs");
  const source = path.join(ROOT, "test/support/lambda-process.ts");
  await build({ entryPoints: [source], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return outfile;
}

/** The bundle with what lies beside it. */
async function layOut(handler: string, { install = [], copy = [] }: FunctionPlan, room: string): Promise<Bundle> {
  const bundle = await bundleHandler(handler, room, { install: [...install] });
  await installBeside(install, room);
  for (const it of copy) await cp(path.join(ROOT, it), path.join(room, it), { recursive: true });
  return bundle;
}

async function layOutFloor(
  room: string,
  { result, error }: Started,
  outside: Outside,
  { install }: FunctionPlan,
  { answers }: FirstCall,
): Promise<string> {
  const text = JSON.stringify(result) ?? "";
  if (error !== undefined || !answers.test(text)) throw new Error(`${room} answered ${error ?? text}`);
  const { s3, calls, origin } = outside;
  const source = bareHandler({
    calls: [...calls],
    s3: s3.requests.map((it) => ({ ...it, bytes: s3.objects.get(it.key)?.bytes.length ?? 0 })),
    links: text.split("X-Amz-Signature").length - 1,
    result,
    ...(install?.includes("sharp") && { decodes: { picture: `${origin}/picture.jpg` } }),
    ...(text.includes("done") && s3.requests.some(({ key }) => key.endsWith(".mp4")) && { decodes: { video: true } }),
  });
  await writeFile(path.join(room, "bare.ts"), source);
  const floor = await bundleHandler(path.join(room, "bare.handler"), path.join(room, "floor"), {
    install: [...(install ?? [])],
  });
  return floor.file;
}

async function startOnce(
  runner: string,
  file: string,
  cwd: string,
  event: unknown,
  { origin, s3 }: Outside,
): Promise<Started> {
  const child = fork(runner, {
    cwd,
    execArgv: [],
    stdio: ["pipe", "ignore", "pipe", "ipc"],
    env: {
      ...SETTINGS,
      LAMBDA_TASK_ROOT: cwd,
      AWS_ENDPOINT_URL: origin,
      AWS_ENDPOINT_URL_S3: s3.url,
      FAL_QUEUE_URL: origin,
      FAL_PLATFORM_URL: origin,
      FAL_WEBHOOK_JWKS_URL: `${origin}/.well-known/jwks.json`,
      PUBLIC_URL: origin,
      TRUSTED_MEDIA_ORIGINS: origin,
    },
  });
  child.stdin?.end(JSON.stringify({ file, functionName: path.basename(cwd), event }));
  let [log, answer]: [string, unknown] = ["", undefined];
  child.stderr?.on("data", (chunk: Buffer) => (log += String(chunk)));
  child.once("message", (message) => (answer = message));
  await once(child, "close");
  const found = started.safeParse(answer).data;
  if (!found) throw new Error(`${file} ended without an answer: ${log}`);
  return found;
}
