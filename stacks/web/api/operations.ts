// Every operation of the API, with what it takes and what it answers: what the OpenAPI document is made of.
import * as z from "zod/mini";
import {
  budgetAnswer,
  cancelAnswer,
  checkAnswer,
  checkUploadAnswer,
  createKeyAnswer,
  createWebhookAnswer,
  deliveryAnswer,
  enhanceAnswer,
  healthAnswer,
  listAnswer,
  listDeliveriesAnswer,
  listKeysAnswer,
  listSpacesAnswer,
  listWebhooksAnswer,
  mediaAnswer,
  modelsAnswer,
  oneWebhookAnswer,
  pricingAnswer,
  rotateSecretAnswer,
  spendingAnswer,
  timingsAnswer,
  uploadAnswer,
  webhookAnswer,
} from "../../../shared/contract/answers.ts";
import { createKeyRequest, keyPath } from "../../../shared/contract/api-keys.ts";
import { enhanceRequest } from "../../../shared/contract/enhance.ts";
import type { RouteKey } from "../../blueprint/routes.ts";
import {
  PICTURE_TOO_LARGE,
  STARTS_LIMITED,
  STARTS_STOPPED,
  UPLOAD_REFUSED,
  type ErrorExample,
  type EXAMPLES,
} from "./examples.ts";
import { falWebhook } from "../../../shared/contract/fal-webhook.ts";
import { anyErrorAnswer, media, mediaSpace } from "../../../shared/contract/media-space.ts";
import {
  checkRequest,
  listQuery,
  mediaPath,
  spacePath,
  spacesQuery,
  spendingQuery,
  watchQuery,
} from "../../../shared/contract/reading.ts";
import { uploadPath, uploadRequest } from "../../../shared/contract/upload.ts";
import {
  deletedVideoAnswer,
  videoAnswer,
  videoListAnswer,
  videosErrorAnswer,
} from "../../../shared/contract/video-answers.ts";
import { contentQuery, createVideoRequest, videoPath, videosQuery } from "../../../shared/contract/videos.ts";
import {
  changeWebhookRequest,
  createWebhookRequest,
  deliveriesQuery,
  deliveryPath,
  webhookPath,
} from "../../../shared/contract/webhooks.ts";

/** The schemas of what is sent, by their names in the document. */
export const REQUESTS = {
  EnhanceRequest: enhanceRequest,
  CheckGenerationRequest: checkRequest,
  UploadRequest: uploadRequest,
  CreateKeyRequest: createKeyRequest,
  CreateWebhookRequest: createWebhookRequest,
  ChangeWebhookRequest: changeWebhookRequest,
  CreateVideoRequest: createVideoRequest,
  FalWebhook: falWebhook,
};
/** The schemas of what is answered, and what they are made of. */
export const ANSWERS = {
  IMedia: media,
  MediaSpace: mediaSpace,
  Error: anyErrorAnswer,
  EnhanceAnswer: enhanceAnswer,
  CheckGenerationAnswer: checkAnswer,
  MediaAnswer: mediaAnswer,
  MediaListAnswer: listAnswer,
  SpaceListAnswer: listSpacesAnswer,
  CancelAnswer: cancelAnswer,
  UploadAnswer: uploadAnswer,
  CheckUploadAnswer: checkUploadAnswer,
  ModelsAnswer: modelsAnswer,
  PricingAnswer: pricingAnswer,
  TimingsAnswer: timingsAnswer,
  BudgetAnswer: budgetAnswer,
  SpendingAnswer: spendingAnswer,
  CreateKeyAnswer: createKeyAnswer,
  KeyListAnswer: listKeysAnswer,
  CreateWebhookAnswer: createWebhookAnswer,
  OneWebhookAnswer: oneWebhookAnswer,
  WebhookListAnswer: listWebhooksAnswer,
  RotateSecretAnswer: rotateSecretAnswer,
  DeliveryAnswer: deliveryAnswer,
  DeliveryListAnswer: listDeliveriesAnswer,
  Video: videoAnswer,
  VideoList: videoListAnswer,
  DeletedVideo: deletedVideoAnswer,
  VideosError: videosErrorAnswer,
  WebhookAnswer: webhookAnswer,
  HealthAnswer: healthAnswer,
};

export const TAGS = {
  generations: "A picture and a few words become a video.",
  uploads: "An address to upload a picture from the user's disk to.",
  videos: "The same generations in the shapes of OpenAI's retired Videos API, for clients that speak it.",
  planning: "What it costs and how long it takes, before it is started.",
  keys: "Who else may call for a tenant: for scope `admin`, or who may write by a token.",
  webhooks: "Addresses of yours that are told what happens, signed as Standard Webhooks says.",
  service: "The service itself.",
};

/** What answers carry beside their bodies. */
export const HEADERS = {
  "Idempotent-Replayed": {
    description: "`true`: this is the answer to an earlier request with this key, and nothing was started.",
    schema: { type: "string", const: "true" },
  },
  "Retry-After": {
    description: "Seconds after which the same request may succeed.",
    schema: { type: "integer", minimum: 1 },
  },
  "apigw-requestid": {
    description: "The id of this request: the `traceId` of an error, and of the line in the log.",
    required: true,
    schema: { type: "string" },
  },
};

/** An answer that is no error: JSON of a schema, another type, or nothing. */
interface Answer {
  description: string;
  schema?: keyof typeof ANSWERS & keyof typeof EXAMPLES;
  contentType?: string | string[];
  /** Besides `apigw-requestid`, which every answer has. */
  headers?: (keyof typeof HEADERS)[];
}

export interface Operation {
  /** Called by our own pages or by fal: described apart, for no client is generated of it. */
  internal?: true;
  tag: keyof typeof TAGS;
  operationId: string;
  summary: string;
  body?: keyof typeof REQUESTS;
  /** The body may be a form too, with a file at this field. */
  formFile?: string;
  path?: z.ZodMiniObject;
  query?: z.ZodMiniType;
  /** Reads `x-space-id`. */
  spaceHeader?: true;
  /** The shape of its errors, where that is not everybody's. */
  errorSchema?: "VideosError";
  answers: Record<number, Answer>;
  /** The errors it may answer besides 429, 500 and 503, which any route may, and 401 and 403, which any closed one may. */
  errors: number[];
  /** Where it says more than any route does with this status. */
  ownErrors?: Record<number, ErrorExample>;
  idempotent?: true;
}

const IN_VIDEOS = { tag: "videos", errorSchema: "VideosError" } as const;

/** What is called by a protocol of its own describes itself: /mcp by `tools/list`. */
type SelfDescribed = Extract<RouteKey, `${string} /mcp`>;

export function isDescribed<R extends { route: RouteKey }>(entry: R): entry is R & { route: keyof typeof OPERATIONS } {
  return entry.route in OPERATIONS;
}

/** By route: one without its operation does not compile. */
export const OPERATIONS: Record<Exclude<RouteKey, SelfDescribed>, Operation> = {
  "POST /api/media/enhance": {
    tag: "generations",
    operationId: "enhanceMedia",
    summary: "Start a generation: a picture and a few words become a video.",
    body: "EnhanceRequest",
    answers: {
      202: { description: "Saved and started.", schema: "EnhanceAnswer", headers: ["Idempotent-Replayed"] },
    },
    errors: [400, 402, 413, 415, 422],
    ownErrors: { 429: STARTS_LIMITED, 503: STARTS_STOPPED },
    idempotent: true,
  },
  "POST /api/media/check-generation": {
    tag: "generations",
    operationId: "checkGeneration",
    summary: "Where a generation stands. Reads the record; fal is not asked.",
    body: "CheckGenerationRequest",
    answers: { 200: { description: "Its status and the media.", schema: "CheckGenerationAnswer" } },
    errors: [400, 404, 413, 415],
  },
  "GET /api/spaces": {
    tag: "generations",
    operationId: "listSpaces",
    summary: "The spaces of your tenant by their names, each with how much is in it.",
    query: spacesQuery,
    answers: { 200: { description: "One page of them.", schema: "SpaceListAnswer" } },
    errors: [400],
  },
  "GET /api/spaces/{spaceId}/media": {
    tag: "generations",
    operationId: "listMedia",
    summary: "The media of a space, newest first.",
    path: spacePath,
    query: listQuery,
    answers: { 200: { description: "One page.", schema: "MediaListAnswer" } },
    errors: [400],
  },
  "GET /api/spaces/{spaceId}/media/{id}": {
    tag: "generations",
    operationId: "getMedia",
    summary: "One media; with sinceVersion and waitSeconds, as soon as it has changed.",
    path: mediaPath,
    query: watchQuery,
    answers: {
      200: { description: "The media.", schema: "MediaAnswer" },
      204: { description: "It did not change within waitSeconds." },
    },
    errors: [400, 404],
  },
  "DELETE /api/spaces/{spaceId}/media/{id}": {
    tag: "generations",
    operationId: "deleteMedia",
    summary: "Delete a media and its files. One that is still running is canceled first (409).",
    path: mediaPath,
    answers: { 204: { description: "It is gone, or was already." } },
    errors: [400, 404, 409],
  },
  "POST /api/spaces/{spaceId}/media/{id}/cancel": {
    tag: "generations",
    operationId: "cancelGeneration",
    summary: "Stop a generation, at fal too. A finished one stays finished (409).",
    path: mediaPath,
    answers: { 200: { description: "Canceled, or fal was asked to stop.", schema: "CancelAnswer" } },
    errors: [400, 404, 409],
  },
  "POST /api/uploads": {
    tag: "uploads",
    operationId: "uploadImage",
    summary: "A place for a picture: put its bytes there, then have it checked.",
    body: "UploadRequest",
    answers: { 201: { description: "The place.", schema: "UploadAnswer" } },
    errors: [400, 413, 415],
  },
  "POST /api/uploads/{id}/check": {
    tag: "uploads",
    operationId: "checkUpload",
    summary: "Look at the picture that came. Its link is then good for any generation of yours.",
    path: uploadPath,
    answers: { 200: { description: "It can be animated.", schema: "CheckUploadAnswer" } },
    errors: [404],
    ownErrors: { 400: UPLOAD_REFUSED },
  },
  "GET /api/models": {
    tag: "planning",
    operationId: "reportModels",
    summary: "The models that are offered here, and what each of their modes can do.",
    answers: { 200: { description: "Model by model.", schema: "ModelsAnswer" } },
    errors: [],
  },
  "GET /api/pricing": {
    tag: "planning",
    operationId: "reportPricing",
    summary: "What one video costs, by model, mode, duration and sound.",
    answers: { 200: { description: "The price list.", schema: "PricingAnswer" } },
    errors: [],
  },
  "GET /api/timings": {
    tag: "planning",
    operationId: "reportTimings",
    summary: "How long generations have taken here, by model, mode and duration.",
    answers: { 200: { description: "From the latest two hundred of each model and mode.", schema: "TimingsAnswer" } },
    errors: [],
  },
  "GET /api/budget": {
    tag: "planning",
    operationId: "reportBudget",
    summary: "What the caller's tenant may still spend and start.",
    answers: { 200: { description: "What is left, and when it renews.", schema: "BudgetAnswer" } },
    errors: [],
  },
  "GET /api/spending": {
    tag: "planning",
    operationId: "reportSpending",
    summary: "What the caller's tenant has spent, by the price list and by fal's bill.",
    query: spendingQuery,
    answers: { 200: { description: "The sums, and each day's.", schema: "SpendingAnswer" } },
    errors: [400],
  },
  "POST /api/keys": {
    tag: "keys",
    operationId: "createKey",
    summary: "Make a key of your own tenant. It is shown in this answer and never again.",
    body: "CreateKeyRequest",
    answers: { 201: { description: "The key.", schema: "CreateKeyAnswer" } },
    errors: [400, 409, 413, 415],
  },
  "GET /api/keys": {
    tag: "keys",
    operationId: "listKeys",
    summary: "The keys of your own tenant, newest first, without their secrets.",
    answers: { 200: { description: "All of them.", schema: "KeyListAnswer" } },
    errors: [],
  },
  "DELETE /api/keys/{id}": {
    tag: "keys",
    operationId: "revokeKey",
    summary: "Revoke a key of your own tenant: it is refused within a minute.",
    path: keyPath,
    answers: { 204: { description: "It is revoked." } },
    errors: [400, 404],
  },
  "POST /api/webhooks": {
    tag: "webhooks",
    operationId: "createWebhook",
    summary: "Have an address told of what happens. The secret is in this answer and nowhere else.",
    body: "CreateWebhookRequest",
    answers: { 201: { description: "The webhook, and its secret.", schema: "CreateWebhookAnswer" } },
    errors: [400, 409, 413, 415],
  },
  "GET /api/webhooks": {
    tag: "webhooks",
    operationId: "listWebhooks",
    summary: "The webhooks of your own tenant, newest first, without their secrets.",
    answers: { 200: { description: "All of them: 20 at most.", schema: "WebhookListAnswer" } },
    errors: [],
  },
  "GET /api/webhooks/{id}": {
    tag: "webhooks",
    operationId: "getWebhook",
    summary: "One webhook, without its secret.",
    path: webhookPath,
    answers: { 200: { description: "The webhook.", schema: "OneWebhookAnswer" } },
    errors: [400, 404],
  },
  "PATCH /api/webhooks/{id}": {
    tag: "webhooks",
    operationId: "changeWebhook",
    summary: "Change what is named; disable it, or enable it again.",
    path: webhookPath,
    body: "ChangeWebhookRequest",
    answers: { 200: { description: "As it is now.", schema: "OneWebhookAnswer" } },
    errors: [400, 404, 413, 415],
  },
  "DELETE /api/webhooks/{id}": {
    tag: "webhooks",
    operationId: "deleteWebhook",
    summary: "It is told nothing any more, and what was still to be tried is not.",
    path: webhookPath,
    answers: { 204: { description: "It is gone." } },
    errors: [400, 404],
  },
  "POST /api/webhooks/{id}/rotate-secret": {
    tag: "webhooks",
    operationId: "rotateWebhookSecret",
    summary: "A new secret. The old one signs along for 24 hours.",
    path: webhookPath,
    answers: { 200: { description: "The new secret, in this answer and nowhere else.", schema: "RotateSecretAnswer" } },
    errors: [400, 404],
  },
  "POST /api/webhooks/{id}/test": {
    tag: "webhooks",
    operationId: "testWebhook",
    summary: "Send `webhook.test` now, though it may be disabled.",
    path: webhookPath,
    answers: { 202: { description: "It is being sent: the log shows how it went.", schema: "DeliveryAnswer" } },
    errors: [400, 404],
  },
  "GET /api/webhooks/{id}/deliveries": {
    tag: "webhooks",
    operationId: "listWebhookDeliveries",
    summary: "What it was told in the last 30 days, newest first, with each try.",
    path: webhookPath,
    query: deliveriesQuery,
    answers: { 200: { description: "One page.", schema: "DeliveryListAnswer" } },
    errors: [400, 404],
  },
  "POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver": {
    tag: "webhooks",
    operationId: "redeliverWebhook",
    summary: "One more try of a delivery, now, with the same `webhook-id`.",
    path: deliveryPath,
    answers: { 202: { description: "It is being sent: the log shows how it went.", schema: "DeliveryAnswer" } },
    errors: [400, 404, 409],
  },
  "POST /v1/videos": {
    ...IN_VIDEOS,
    operationId: "createVideo",
    summary:
      "Start a generation. A repeat that says so (`x-stainless-retry-count`) finds the first within ten minutes.",
    body: "CreateVideoRequest",
    formFile: "input_reference",
    spaceHeader: true,
    answers: { 200: { description: "Saved and started.", schema: "Video", headers: ["Idempotent-Replayed"] } },
    errors: [400, 402, 413, 415, 422],
    ownErrors: { 413: PICTURE_TOO_LARGE, 429: STARTS_LIMITED, 503: STARTS_STOPPED },
    idempotent: true,
  },
  "GET /v1/videos": {
    ...IN_VIDEOS,
    operationId: "listVideos",
    summary: "The videos of a space, newest first unless asked otherwise.",
    query: videosQuery,
    spaceHeader: true,
    answers: { 200: { description: "One page.", schema: "VideoList" } },
    errors: [400],
  },
  "GET /v1/videos/{id}": {
    ...IN_VIDEOS,
    operationId: "getVideo",
    summary: "Where a video stands.",
    path: videoPath,
    answers: { 200: { description: "The video.", schema: "Video" } },
    errors: [400, 404],
  },
  "GET /v1/videos/{id}/content": {
    ...IN_VIDEOS,
    operationId: "getVideoContent",
    summary: "Where the finished video, or its first frame, is to be had: a signed link.",
    path: videoPath,
    query: contentQuery,
    answers: {
      200: { description: "The file, for a client that follows the link.", contentType: ["video/mp4", "image/jpeg"] },
      302: { description: "The file is at `Location`, without a header." },
    },
    errors: [400, 404, 409],
  },
  "DELETE /v1/videos/{id}": {
    ...IN_VIDEOS,
    operationId: "deleteVideo",
    summary: "Delete a video and its files. One that is still running is canceled first (409).",
    path: videoPath,
    answers: { 200: { description: "It is gone, or was already.", schema: "DeletedVideo" } },
    errors: [400, 404, 409],
  },
  "POST /webhooks/fal/{token}": {
    internal: true,
    tag: "service",
    operationId: "receiveFalWebhook",
    summary:
      "Where fal says that a job has ended. Believed only with fal's signature, and then only as a reason to look.",
    body: "FalWebhook",
    path: z.object({ token: z.string().check(z.regex(/^[\w-]+\.[\w-]+$/)) }),
    answers: { 200: { description: "Heard.", schema: "WebhookAnswer" } },
    errors: [400, 401, 413, 415],
  },
  "GET /sources/{name}": {
    internal: true,
    tag: "service",
    operationId: "serveSource",
    summary: "Where fal fetches a source image.",
    path: z.object({ name: z.string().check(z.regex(/^[\w-]+\.jpg$/)) }),
    answers: { 200: { description: "The image.", contentType: "image/jpeg" } },
    errors: [404],
  },
  "GET /": {
    internal: true,
    tag: "service",
    operationId: "serveConsole",
    summary: "The console.",
    answers: { 200: { description: "A page.", contentType: "text/html" } },
    errors: [],
  },
  "GET /docs": {
    internal: true,
    tag: "service",
    operationId: "serveDocs",
    summary: "This document for people.",
    answers: { 200: { description: "A page.", contentType: "text/html" } },
    errors: [],
  },
  "GET /client.js": {
    internal: true,
    tag: "service",
    operationId: "serveClient",
    summary: "The client library as a module, for browsers and Node.",
    answers: { 200: { description: "An ES module.", contentType: "text/javascript" } },
    errors: [],
  },
  "GET /assets/{name}": {
    internal: true,
    tag: "service",
    operationId: "serveAsset",
    summary: "What the pages are made of.",
    path: z.object({ name: z.string().check(z.regex(/^[\w-]+\.(js|css)$/)) }),
    answers: { 200: { description: "A script or a style sheet.", contentType: ["text/javascript", "text/css"] } },
    errors: [404],
  },
  "GET /openapi.json": {
    internal: true,
    tag: "service",
    operationId: "describeApi",
    summary: "This document.",
    answers: { 200: { description: "OpenAPI 3.1.", contentType: "application/json" } },
    errors: [],
  },
  "GET /llms.txt": {
    internal: true,
    tag: "service",
    operationId: "serveForModels",
    summary: "What a language model needs to know of this API.",
    answers: { 200: { description: "Markdown.", contentType: "text/plain" } },
    errors: [],
  },
  "GET /health": {
    tag: "service",
    operationId: "reportHealth",
    summary: "That the API answers.",
    answers: { 200: { description: "It does.", schema: "HealthAnswer" } },
    errors: [],
  },
};
