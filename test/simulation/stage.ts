// What a process makes once before its first run: time taken away, the product loaded through its seams, a table, a machine.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { functionName, FUNCTIONS } from "../../stacks/blueprint/functions.ts";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { STATE_MACHINE_ARN } from "../../stacks/local/aws/arns.ts";
import { openDynamoDb } from "../../stacks/local/aws/dynamodb.ts";
import { acting } from "./gate.ts";
import { link, theWorld } from "./link.ts";
import type { Limits } from "./money.ts";
import { openSeams, type Patch } from "./seams.ts";
import { removeItem } from "./simulated-aws.ts";
import { takeTime } from "./virtual-time.ts";
import type { Settings, Stage } from "./world.ts";

const ROOT = path.join(import.meta.dirname, "../..");

/** Ended executions that stay visible: more than one run makes, and few enough not to keep the runs of before in memory. */
const EXECUTIONS_KEPT = 60;

const ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
  SST_RESOURCE_App: '{"name":"media","stage":"test"}',
  SST_RESOURCE_Media: JSON.stringify({ name: MEDIA_TABLE.name }),
  SST_RESOURCE_Bus: '{"name":"media"}',
  SST_RESOURCE_Generation: JSON.stringify({ arn: STATE_MACHINE_ARN }),
  SST_RESOURCE_CursorSecret: '{"value":"SECRET-CURSORS"}',
  SST_RESOURCE_SealSecret: '{"value":"SECRET-SEAL"}',
  NODE_ENV: "production",
  AUTH: "jwt",
  JWT_TENANT_CLAIM: "tenant",
  MEDIA_STORE: "s3://media-files",
  FAL_KEY: "SECRET-FAL-KEY",
  FAL_ADMIN_KEY: "SECRET-FAL-ADMIN-KEY",
  GENERATION_DEADLINE_SECONDS: "300",
  IN_DOUBT_SECONDS: "120",
  HOLD_SECONDS: "600",
  POLL_SECONDS: "10",
};

/** Absent where there is no limit, as in an operator's `.env`. */
function inEnvironment(limits: Limits): NodeJS.ProcessEnv {
  const { tenantCapMills, dayCapMills, userCapMills, globalCapMills, maxOpen, startsPerMinute } = limits;
  return {
    ...(tenantCapMills !== undefined && { MONTHLY_CAP_USD: String(tenantCapMills / 1000) }),
    ...(dayCapMills !== undefined && { DAILY_CAP_USD: String(dayCapMills / 1000) }),
    ...(userCapMills !== undefined && { USER_MONTHLY_CAP_USD: String(userCapMills / 1000) }),
    ...(globalCapMills !== undefined && { GLOBAL_MONTHLY_CAP_USD: String(globalCapMills / 1000) }),
    ...(maxOpen !== undefined && { MAX_OPEN_GENERATIONS: String(maxOpen) }),
    ...(startsPerMinute !== undefined && { START_RATE: String(startsPerMinute) }),
  };
}

/** Sets the stage for any number of runs, one after the other. The process is of no other use afterwards. */
export async function setStage(planted?: Patch): Promise<Stage> {
  process.env = { ...ENVIRONMENT };
  globalThis.fetch = (input, init) => theWorld().fal.fetch(input, init);
  openSeams(planted);
  const dynamoDb = await openDynamoDb();
  const { createWorkflow } = await import("../../stacks/local/aws/workflow.ts");
  const workflow = createWorkflow(
    { invoke: (name, input) => theWorld().invokeStep(name, input) },
    (execution) => link.world?.executionEnded(execution),
    EXECUTIONS_KEPT,
    (state) => link.world?.statesEntered.push(state),
  );
  const handlers = new Map<string, (event: unknown, context: unknown) => Promise<unknown>>();
  for (const handlerPath of Object.keys(FUNCTIONS)) {
    const file = handlerPath.replace(/\.handler$/, ".ts");
    const { handler } = (await import(pathToFileURL(path.join(ROOT, file)).href)) as {
      handler: (event: unknown, context: unknown) => Promise<unknown>;
    };
    handlers.set(functionName(handlerPath), handler);
  }
  // What the product reads on demand: reading takes real time.
  await import("../../shared/services/s3-media-files.ts");
  await import("../../shared/services/event-bridge.ts");
  await import("../../shared/adapters/workflow-ai.ts");
  const { Resource } = await import("sst/resource");
  const { remember } = await import("./stand-ins/source-image.ts");
  const picture = await sharp({ create: { width: 480, height: 320, channels: 3, background: "#3377aa" } })
    .jpeg()
    .toBuffer();
  const page = Buffer.from("<html>sign in</html>");
  for (const image of [picture, page, picture.subarray(0, picture.length / 2)]) await remember(image, undefined);
  const clip = await readFile(path.join(ROOT, "stacks/local/samples/placeholder-16x9-5s.mp4"));

  for (const terminal of [process.stdout, process.stderr]) {
    const write = terminal.write.bind(terminal);
    terminal.write = (text: string | Uint8Array) => {
      if (!link.world) return write(text);
      link.world.log(String(text));
      return true;
    };
  }

  // An uncaught error is a fault of the world's own, and must not be taken for a line of the product's log.
  process.on("uncaughtException", (error) => {
    link.world = undefined;
    console.error(error);
    process.exit(1);
  });

  const time = takeTime(() => link.world?.skewOf(acting.getStore()) ?? 0);
  return {
    time,
    dynamoDb,
    workflow,
    handlers,
    picture,
    clip,
    remove: (key) => removeItem(dynamoDb, key),
    linkSecret: (name, value) => void Reflect.set(Resource, name, { value }),
    environment: ({ webhooks, ai, told, places, limits = {} }: Settings) => ({
      ...ENVIRONMENT,
      ...(told && { AUTH: "keys" }),
      ...(places !== undefined && { FAL_CONCURRENCY: String(places) }),
      ...inEnvironment(limits),
      ...(webhooks && { PUBLIC_URL: "https://api.example" }),
      ...(ai && { WORKFLOWAI_API_KEY: "SECRET-AI-KEY", WORKFLOWAI_API_URL: "https://workflowai.example" }),
    }),
  };
}
