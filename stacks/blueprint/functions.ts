// Every function, as plain data: its size, its time limit, and the only things it may touch.

/**
 * What a function may be linked to: a resource, and one way of using it.
 * `stacks/links.ts` says which IAM actions on what each of these is.
 */
export type Link =
  | "Media.get"
  | "Media.list"
  | "Media.put"
  | "Media.update"
  | "Media.due"
  | "Media.scan"
  | "Generation.start"
  | "Generation.describe"
  | "Bus.publish"
  | "MediaFiles.link"
  | "MediaFiles.linkSource"
  | "MediaFiles.serveSource"
  | "MediaFiles.keepSource"
  | "MediaFiles.keepVideo"
  | "MediaFiles.takeUpload"
  | "MediaFiles.readUpload"
  | "ApiKeys.add"
  | "ApiKeys.get"
  | "ApiKeys.list"
  | "ApiKeys.remove"
  | "ApiKeys.noteUse"
  | "Timings.add"
  | "Timings.list"
  | "MediaFiles.delete"
  | "WebhookSecret"
  | "CursorSecret"
  | "FalKey"
  | "WorkflowAiKey";

export interface FunctionPlan {
  memoryMb: number;
  timeoutSeconds: number;
  links: readonly Link[];
  /** At most so many at once, where every call may spend money. */
  reserveConcurrency?: true;
  /** Packages with native code, installed beside the bundle. */
  install?: readonly string[];
  /** Files and directories of the project, laid beside the bundle. */
  copy?: readonly string[];
}

/** Left out of every bundle: @aws-sdk/core asks for it in a browser alone, 37 KB that no function ever reads. */
export const NOT_BUNDLED: readonly string[] = ["bowser"];

/** Lambda gives CPU by memory; below this a cold start takes longer than its cheaper second saves. */
const SMALL_MB = 512;
/** The gateway waits 30 s: a function that ends before it says why in its log. */
const API_SECONDS = 28;
const api = { memoryMb: SMALL_MB, timeoutSeconds: API_SECONDS };

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
  "functions/api/enhance-media.handler": {
    ...api,
    // No files: what has just been asked for has none yet, and a replay shows it as it was then.
    links: ["Media.get", "Media.put", "Media.update", "Generation.start"],
  },
  "functions/api/check-generation.handler": {
    ...api,
    // Writes once in the life of a record: when it takes over what the original application began.
    links: ["Media.get", "Media.update", "MediaFiles.link"],
  },
  "functions/api/list-media.handler": { ...api, links: ["Media.list", "MediaFiles.link", "CursorSecret"] },
  "functions/api/get-media.handler": { ...api, links: ["Media.get", "MediaFiles.link"] },
  "functions/api/cancel-generation.handler": {
    ...api,
    links: ["Media.get", "Media.update", "Bus.publish", "MediaFiles.linkSource", "FalKey"],
  },
  "functions/api/upload-image.handler": { ...api, links: ["MediaFiles.takeUpload"] },
  "functions/api/check-upload.handler": {
    // It decodes what submit-generation decodes.
    memoryMb: 1536,
    timeoutSeconds: API_SECONDS,
    links: ["MediaFiles.readUpload"],
    install: ["sharp"],
  },
  "functions/api/report-models.handler": { ...api, links: [] },
  "functions/api/report-pricing.handler": { ...api, links: [] },
  "functions/api/report-budget.handler": { ...api, links: ["Media.get"] },
  "functions/api/report-timings.handler": { ...api, links: ["Timings.list"] },
  "functions/api/delete-media.handler": {
    ...api,
    links: ["Media.get", "Media.update", "Bus.publish", "MediaFiles.delete"],
  },
  "functions/api/create-api-key.handler": { ...api, links: ["ApiKeys.list", "ApiKeys.add"] },
  "functions/api/list-api-keys.handler": { ...api, links: ["ApiKeys.list"] },
  "functions/api/revoke-api-key.handler": { ...api, links: ["ApiKeys.remove"] },
  "functions/api/authorize-caller.handler": {
    memoryMb: SMALL_MB,
    // "Timeout for a Lambda authorizer: 10 seconds" is the gateway's (AWS: "Quotas for HTTP APIs").
    timeoutSeconds: 10,
    links: ["ApiKeys.get", "ApiKeys.noteUse"],
  },
  "functions/api/serve-source.handler": { ...api, links: ["MediaFiles.serveSource"] },
  "functions/web/serve-console.handler": { ...api, links: [], copy: [".web"] },
  "functions/api/report-health.handler": { ...api, links: [] },

  // The four steps end when their states do (workflow.asl.ts, TimeoutSeconds).
  "functions/workflow/submit-generation.handler": {
    // A PNG of 100 megapixels peaks at 959 MB.
    memoryMb: 1536,
    timeoutSeconds: 120,
    links: [
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
    links: ["Media.get", "Media.update", "Bus.publish", "FalKey"],
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
  "functions/events/sweep-generations.handler": {
    memoryMb: SMALL_MB,
    timeoutSeconds: 60,
    links: ["Media.due", "Media.scan", "MediaFiles.delete", ...DRIVE_ON],
  },
  "functions/events/on-execution-ended.handler": { memoryMb: SMALL_MB, timeoutSeconds: 60, links: DRIVE_ON },
  "functions/events/receive-fal-webhook.handler": {
    ...api,
    links: ["Media.get", "Media.update", "Bus.publish", "Generation.start", "WebhookSecret", "FalKey"],
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
  "functions/events/set-kill-switch.handler": { memoryMb: SMALL_MB, timeoutSeconds: 30, links: ["Media.update"] },
};

/** Made under `sst dev` alone. */
const DEVELOPMENT_FUNCTIONS: Readonly<Record<string, FunctionPlan>> = {
  "functions/web/serve-sample.handler": { ...api, links: [], copy: ["stacks/local/samples"] },
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
