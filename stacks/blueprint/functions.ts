// Every function, as plain data: those behind the routes are said with their routes, the others here.
import { API_SIZE, SMALL_MB, type FunctionPlan, type Link } from "./function-plan.ts";
import { ROUTE_FUNCTIONS } from "./routes.ts";

/** Left out of every bundle: @aws-sdk/core asks for it in a browser alone, 37 KB that no function ever reads. */
export const NOT_BUNDLED: readonly string[] = ["bowser"];

/** To end or restart a generation. */
const DRIVE_ON: readonly Link[] = [
  "Media.get",
  "Media.update",
  "Bus.publish",
  "Generation.start",
  "Generation.describe",
  "FalKey",
];

export const FUNCTIONS: Readonly<Record<string, FunctionPlan>> = {
  ...ROUTE_FUNCTIONS,
  "functions/api/authorize-caller.handler": {
    memoryMb: SMALL_MB,
    // "Timeout for a Lambda authorizer: 10 seconds" is the gateway's (AWS: "Quotas for HTTP APIs").
    timeoutSeconds: 10,
    links: ["ApiKeys.get", "ApiKeys.noteUse"],
  },
  // The four steps end when their states do (workflow.asl.ts, TimeoutSeconds).
  "functions/workflow/submit-generation.handler": {
    // A PNG of 100 megapixels peaks at 959 MB.
    memoryMb: 1536,
    timeoutSeconds: 120,
    links: [
      // Of those that are parked, which one asks fal.
      "Media.due",
      "Media.get",
      "Media.update",
      "Bus.publish",
      "MediaFiles.readUpload",
      "MediaFiles.keepSource",
      "WebhookSecret",
      "FalKey",
      "WorkflowAiKey",
    ],
    reserveConcurrency: true,
    install: ["sharp"],
  },
  "functions/workflow/check-status.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Media.due", "Media.get", "Media.update", "Bus.publish", "FalKey"],
  },
  "functions/workflow/finalize-and-analyze.handler": {
    // It streams (23 MB for a video of 200) and waits for others: twice the memory made it dearer and no faster.
    memoryMb: SMALL_MB,
    timeoutSeconds: 300,
    links: [
      "Media.get",
      "Media.update",
      "Bus.publish",
      "MediaFiles.keepVideo",
      "Timings.add",
      "FalKey",
      "WorkflowAiKey",
    ],
  },
  "functions/workflow/record-failure.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 30,
    links: ["Media.get", "Media.update", "Bus.publish", "FalKey"],
  },
  "functions/events/start-from-event.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 30,
    links: ["Bus.publish", "Media.get", "Media.put", "Media.update", "Generation.start"],
  },
  "functions/events/request-from-object.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Sources.read", "MediaFiles.takeUpload", "Bus.publish"],
  },
  "functions/events/sweep-generations.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Media.due", "Media.scan", "MediaFiles.delete", ...DRIVE_ON],
  },
  "functions/events/on-execution-ended.handler": { memoryMb: SMALL_MB, timeoutSeconds: 60, links: DRIVE_ON },
  "functions/events/tell-webhooks.handler": {
    memoryMb: SMALL_MB,
    // A try of 15 s, the second at most 20 s later, and the writes between.
    timeoutSeconds: 60,
    links: ["Media.list", "Media.get", "Media.put", "Media.update", "Bus.publish", "SealSecret"],
  },
  "functions/events/deliver-webhooks.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Media.due", "Media.get", "Media.put", "Media.update", "Bus.publish", "SealSecret"],
  },
  "functions/events/sweep-webhooks.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Media.due", "Media.scan", "Media.get", "Media.put", "Bus.publish"],
  },
  "functions/events/redrive-generation.handler": {
    memoryMb: SMALL_MB,
    // It reads through the table: a million records in about two minutes.
    timeoutSeconds: 900,
    links: ["Media.scan", "Media.get", "Media.update", "Bus.publish", "Generation.start"],
  },
  "functions/events/manage-api-keys.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 30,
    links: ["ApiKeys.list", "ApiKeys.add", "ApiKeys.remove"],
  },
  "functions/events/reconcile-bills.handler": {
    memoryMb: SMALL_MB,
    // A page of 1,000 bills takes seconds; the schedule's run as many pages as three days have.
    timeoutSeconds: 900,
    links: ["Media.get", "Media.update", "Media.due", "Bus.publish", "FalAdminKey"],
  },
  "functions/events/set-kill-switch.handler": { memoryMb: SMALL_MB, timeoutSeconds: 30, links: ["Media.update"] },
};

/** Made under `sst dev` alone. */
const DEVELOPMENT_FUNCTIONS: Readonly<Record<string, FunctionPlan>> = {
  "functions/web/serve-sample.handler": { ...API_SIZE, links: [], copy: ["stacks/local/samples"] },
};

/** @throws Error for a function that a route, a rule, a schedule or the workflow names and this table does not */
export function functionPlan(handler: string): FunctionPlan {
  const plan = FUNCTIONS[handler] ?? DEVELOPMENT_FUNCTIONS[handler];
  if (!plan)
    throw new Error(`${handler} is not in stacks/blueprint/functions.ts: say how large it is and what it may touch.`);
  return plan;
}

/** `functions/api/enhance-media.handler` -> `enhance-media`: the function's name is its file's base name. */
export function functionName(handler: string): string {
  return handler.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
}
