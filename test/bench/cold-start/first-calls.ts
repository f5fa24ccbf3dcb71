// One ordinary invocation of every function: its event, the record that it finds, and what its answer must look like.
import { createHash } from "node:crypto";
import { keyPartition, type ApiKey } from "../../../shared/access/api-key.ts";
import { webhookPath } from "../../../shared/adapters/webhook-address.ts";
import { uploadKey } from "../../../shared/media/upload.ts";
import { refOf, type Media } from "../../../shared/media/media.ts";
import { ROUTES } from "../../../stacks/blueprint/routes.ts";
import { functionName } from "../../../stacks/blueprint/functions.ts";
import { executionArn } from "../../../stacks/local/aws/arns.ts";
import { queuedMedia, storedVideo } from "../../support/sample-media.ts";
import { webhookBody } from "../../support/signed-webhooks.ts";
import { BUCKET, type Outside } from "./outside.ts";

export interface FirstCall {
  event: unknown;
  /** What the table holds before it. */
  record: Media;
  /** What its answer, as JSON, has in it: a call that went wrong is no measurement. */
  answers: RegExp;
}

export const WEBHOOK_SECRET = "webhook-secret";
const UPLOAD_ID = "019b76da-a800-7000-8000-00000000aaaa";
const SOURCE_NAME = `019b76da-a800-7000-8000-000000000001-1-${"a".repeat(32)}.jpg`;

const SECRET = "0".repeat(64);
/** What the table holds besides the record. */
export const KEY: ApiKey = {
  id: keyPartition(queuedMedia().tenantId) + "0".repeat(12),
  tenantId: queuedMedia().tenantId,
  name: "shop",
  scopes: ["read", "write"],
  secretHash: createHash("sha256").update(SECRET).digest("hex"),
  createdAt: "2026-01-01T00:00:00.000Z",
};
const BEARER = `km_${KEY.id}_${SECRET}`;

const WATCHED = "animate/beach.jpg";

/** What the bucket holds before each of them. */
export const PICTURES = [uploadKey(queuedMedia().tenantId, UPLOAD_ID), `sources/${SOURCE_NAME}`, WATCHED];

/** By the function's name. */
export function firstCalls({ origin, signer }: Outside): Record<string, FirstCall> {
  const image = { link: `${origin}/picture.jpg` };
  const queued = queuedMedia({ image, deadlineAt: "2999-01-01T00:00:00.000Z" });
  const source = { key: `sources/${SOURCE_NAME}`, width: 1600, height: 900 };
  const submitted = { attempt: 1, requestId: "r1", submittedAt: queued.createdAt, claimedAt: queued.createdAt, source };
  const generating: Media = { ...queued, ...submitted, phase: "generating", version: 3 };
  const completed: Media = {
    ...generating,
    phase: "completed",
    video: storedVideo(queued.id),
    completedAt: queued.createdAt,
    analysisStatus: "completed",
    description: [{ start: 0, text: "Waves at a beach." }],
  };
  const lost: Media = { ...generating, phase: "failed", error: { code: "delivery_failed", message: "No." } };
  const location = { spaceId: queued.spaceId };
  const path = { ...location, id: queued.id };
  const video = { id: `${queued.spaceId}.${queued.id}` };
  const start = {
    ...location,
    type: "video",
    context: queued.context,
    mediaSpace: { media: { name: "Beach", image } },
  };
  const input = { ...refOf(queued), enter: "submit", lap: true, pollSeconds: 10 };

  const report = webhookBody("r1");
  const token = webhookPath(WEBHOOK_SECRET, { ...refOf(queued), attempt: 1 }).replace(/^.*\//, "");
  const webhook = http("receive-fal-webhook", { path: { token }, headers: signer.headers(report, Date.now()) });
  const ended = {
    name: queued.id,
    status: "TIMED_OUT",
    executionArn: executionArn(queued.id),
    input: JSON.stringify(input),
    startDate: Date.now() - 90_000,
    stopDate: Date.now(),
  };
  return {
    "enhance-media": { event: http("enhance-media", { body: start }), record: queued, answers: /"statusCode":202/ },
    "check-generation": {
      event: http("check-generation", { body: { ...location, mediaSpace: { id: queued.id } } }),
      record: completed,
      answers: /X-Amz-Signature/,
    },
    "list-media": { event: http("list-media", { path: location }), record: completed, answers: /X-Amz-Signature/ },
    "get-media": { event: http("get-media", { path }), record: completed, answers: /X-Amz-Signature/ },
    "cancel-generation": { event: http("cancel-generation", { path }), record: generating, answers: /200/ },
    "upload-image": {
      event: http("upload-image", { body: { size: 1000 } }),
      record: queued,
      answers: /X-Amz-Signature/,
    },
    "check-upload": {
      event: http("check-upload", { path: { id: UPLOAD_ID } }),
      record: queued,
      answers: /\\"width\\":1600/,
    },
    "create-video": {
      event: http("create-video", { body: { prompt: queued.context, input_reference: { image_url: image.link } } }),
      record: queued,
      answers: /\\"status\\":\\"queued\\"/,
    },
    "list-videos": {
      event: http("list-videos", { headers: { "x-space-id": queued.spaceId } }),
      record: completed,
      answers: /\\"has_more\\":false/,
    },
    "get-video": { event: http("get-video", { path: video }), record: completed, answers: /\\"progress\\":100/ },
    "get-video-content": {
      event: http("get-video-content", { path: video }),
      record: completed,
      answers: /X-Amz-Signature/,
    },
    "delete-video": { event: http("delete-video", { path: video }), record: completed, answers: /video\.deleted/ },
    "serve-agents": {
      event: http("serve-agents", {
        body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "get_video", arguments: video } },
        headers: { accept: "application/json, text/event-stream" },
      }),
      record: completed,
      answers: /X-Amz-Signature/,
    },
    "report-pricing": { event: http("report-pricing"), record: queued, answers: /0\.28/ },
    "report-budget": { event: http("report-budget"), record: queued, answers: /"statusCode":200/ },
    "list-spaces": { event: http("list-spaces"), record: queued, answers: /items/ },
    "report-spending": { event: http("report-spending"), record: queued, answers: /"billedUsd":0/ },
    "report-timings": { event: http("report-timings"), record: queued, answers: /timings/ },
    "delete-media": { event: http("delete-media", { path }), record: completed, answers: /204/ },
    "create-api-key": {
      event: http("create-api-key", { body: { name: "shop" } }),
      record: queued,
      answers: /"statusCode":201/,
    },
    "list-api-keys": { event: http("list-api-keys"), record: queued, answers: /"statusCode":200/ },
    "revoke-api-key": {
      event: http("revoke-api-key", { path: { id: KEY.id } }),
      record: queued,
      answers: /"statusCode":204/,
    },
    // With a key, whose use is noted: a read and a write.
    "authorize-caller": {
      event: { version: "2.0", type: "REQUEST", identitySource: [`Bearer ${BEARER}`] },
      record: queued,
      answers: /"isAuthorized":true/,
    },
    "manage-api-keys": {
      event: { action: "create", tenantId: queued.tenantId, name: "shop" },
      record: queued,
      answers: /"secret":"km_/,
    },
    "serve-source": {
      event: http("serve-source", { path: { name: SOURCE_NAME } }),
      record: queued,
      answers: /image\/jpeg/,
    },
    "serve-console": { event: http("serve-console"), record: queued, answers: /text\/html/ },
    "report-health": { event: http("report-health"), record: queued, answers: /ok/ },
    "submit-generation": { event: input, record: queued, answers: /"requestId":"r1"/ },
    "check-status": { event: input, record: generating, answers: /"next":"wait"/ },
    "finalize-and-analyze": { event: input, record: generating, answers: /"next":"done"/ },
    "record-failure": { event: { ...input, failure: { Error: "E" } }, record: queued, answers: /"next":"done"/ },
    "start-from-event": {
      event: {
        "detail-type": "Generation Requested",
        version: "0",
        id: "7bf73129-1428-4cd3-a780-95db273d1602",
        source: "cms",
        detail: { ...start, tenantId: queued.tenantId },
      },
      record: queued,
      answers: /"replayed":false/,
    },
    "request-from-object": {
      event: {
        "detail-type": "Object Created",
        id: "17793124-05d4-b198-2fde-7ededc63b103",
        source: "aws.s3",
        detail: { bucket: { name: BUCKET }, object: { key: WATCHED, sequencer: "1" } },
      },
      record: queued,
      answers: /"idempotencyKey":"s3:/,
    },
    "sweep-generations": { event: { detail: "{}" }, record: generating, answers: /"restarted":0/ },
    "on-execution-ended": {
      event: { "detail-type": "Step Functions Execution Status Change", source: "aws.states", detail: ended },
      record: generating,
      answers: /^null$/,
    },
    "receive-fal-webhook": { event: { ...webhook, body: report }, record: generating, answers: /received/ },
    "redrive-generation": { event: { mediaId: queued.id }, record: lost, answers: /"phase":"finalizing"/ },
    "reconcile-bills": {
      event: { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z", cursor: "unbilled:" },
      record: queued,
      answers: /"entries":\[\]/,
    },
    "set-kill-switch": { event: { stopped: false }, record: queued, answers: /"stopped":false/ },
  };
}

interface EventParts {
  path?: Record<string, string>;
  body?: object;
  headers?: Record<string, string>;
}

/** Payload format 2.0 of API Gateway's HTTP API, as far as functions look at it, with a verified token. */
function http(name: string, { path, body, headers }: EventParts = {}) {
  const route = ROUTES.find(({ handler }) => functionName(handler) === name)?.route ?? "";
  const [method = "", template = ""] = route.split(" ");
  const rawPath = template.replace(/\{(\w+)\}/g, (_, part: string) => path?.[part] ?? "");
  return {
    version: "2.0",
    routeKey: route,
    rawPath,
    rawQueryString: "",
    headers: { host: "api.example", "content-type": "application/json", ...headers },
    pathParameters: path,
    requestContext: {
      requestId: "trace-1",
      routeKey: route,
      http: { method, path: rawPath },
      authorizer: { jwt: { claims: { tenant: "acme", sub: "ada" }, scopes: null } },
    },
    body: body && JSON.stringify(body),
    isBase64Encoded: false,
  };
}
