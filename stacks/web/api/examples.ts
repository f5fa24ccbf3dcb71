// One generation told in examples: what OpenAPI shows beside the schemas, and a test holds against them.
import { imageFault, PictureTooLargeToSendError } from "../../../shared/media/errors.ts";

const id = "019b76da-a800-7000-8000-000000000001";
const uploadId = "019b76da-a7f0-7000-8000-00000000002a";
const traceId = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef";
const image = { link: "https://example.com/beach.jpg" };

const queued = {
  id,
  spaceId: "holiday-2026",
  baseMediaId: "picture-1",
  uploadedBy: "ada",
  uploadedAt: "2026-11-22T12:00:00.000Z",
  autoPlacement: false,
  media: {
    id,
    type: "video",
    usage: "media",
    name: "Beach",
    generationStatus: "generating-video",
    phase: "queued",
    model: "kling-2.1",
    generationMode: "pro",
    context: "The waves roll in, slow camera pan to the right.",
    duration: "5",
    audio: false,
    aspectRatio: "16:9",
    image,
    description: [],
    estimatedCostUsd: 0.49,
    cost: { estimatedUsd: 0.49, charged: false },
    createdAt: "2026-11-22T12:00:00.000Z",
    updatedAt: "2026-11-22T12:00:00.000Z",
    version: 1,
  },
};
const generating = {
  ...queued,
  media: {
    ...queued.media,
    phase: "generating",
    requestId: "764cabcf-b745-4b3e-ae38-1200304cf45b",
    queuePosition: 2,
    prompt: "The waves roll in, slow camera pan to the right.",
    updatedAt: "2026-11-22T12:00:12.000Z",
    version: 4,
  },
};
const completed = {
  ...generating,
  media: {
    ...queued.media,
    generationStatus: "completed",
    phase: "completed",
    requestId: "764cabcf-b745-4b3e-ae38-1200304cf45b",
    prompt: "The waves roll in, slow camera pan to the right.",
    image: { link: "https://media.example.com/sources/beach.jpg?signature=4f0c", width: 1920, height: 1080 },
    poster: { link: `https://media.example.com/videos/${id}.jpg?signature=77ab`, width: 1920, height: 1080 },
    placeholder: "data:image/webp;base64,UklGRhwAAABXRUJQVlA4TA8AAAAvD8ACAAcQ/Y/+ByKi/wEA",
    video: {
      link: `https://media.example.com/videos/${id}.mp4?signature=81ad`,
      downloadLink: `https://media.example.com/videos/${id}.mp4?saveAs=Beach-standard.mp4&signature=5c0e`,
      quality: "hd",
      file_type: "mp4",
      size: 4_718_592,
      width: 1920,
      height: 1080,
      fps: 24,
      durationInSeconds: 5.042,
      frames: [],
    },
    description: [{ start: 0, text: "Waves roll onto a beach at sunset." }],
    analysisStatus: "completed",
    cost: { estimatedUsd: 0.49, billedUsd: 0.49, charged: true },
    timeline: [
      { at: "2026-11-22T12:00:02.000Z", phase: "submitting", attempt: 1 },
      { at: "2026-11-22T12:00:03.000Z", phase: "generating" },
      { at: "2026-11-22T12:02:24.000Z", phase: "finalizing" },
      { at: "2026-11-22T12:02:27.000Z", phase: "completed" },
    ],
    completedAt: "2026-11-22T12:02:27.000Z",
    updatedAt: "2026-11-22T12:02:31.000Z",
    version: 9,
  },
};
const canceled = {
  ...queued,
  media: { ...queued.media, generationStatus: "canceled", phase: "canceled", version: 2 },
};

const apiKey = {
  id: "5f2a9c01d3e4b5a6c7d8",
  tenantId: "acme",
  name: "shop backend",
  scopes: ["read", "write"],
  createdAt: "2026-11-22T12:00:00.000Z",
  expiresAt: "2027-02-20T12:00:00.000Z",
  monthlyCapUsd: 50,
};

const webhook = {
  id: "019b76da-b000-7000-8000-000000000003",
  url: "https://shop.example.com/hooks/kling",
  events: ["generation.completed", "generation.failed"],
  description: "shop backend",
  enabled: true,
  createdAt: "2026-11-22T12:00:00.000Z",
};
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const delivered = {
  id: "019aab9fd1385f2a9c01d3e4b5a6c7d8",
  type: "generation.completed",
  mediaId: id,
  status: "delivered",
  attempts: [
    { at: "2026-11-22T12:02:28.000Z", statusCode: 503, error: "The receiver answered 503.", milliseconds: 87 },
    { at: "2026-11-22T12:02:33.000Z", statusCode: 200, milliseconds: 41 },
  ],
  createdAt: "2026-11-22T12:02:28.000Z",
};
const pending = {
  id: "019aab9fe0d8a01b2c3d4e5f60718293",
  type: "webhook.test",
  status: "pending",
  attempts: [],
  nextAttemptAt: "2026-11-22T12:05:00.000Z",
  createdAt: "2026-11-22T12:05:00.000Z",
};

const video = {
  id: `default.${id}`,
  object: "video",
  model: "kling-2.1-pro",
  status: "completed",
  progress: 100,
  created_at: 1_795_348_800,
  completed_at: 1_795_348_947,
  expires_at: null,
  seconds: "5",
  size: "1920x1080",
  prompt: "The waves roll in, slow camera pan to the right.",
  error: null,
  remixed_from_video_id: null,
};

/** By the name of the schema. */
export const EXAMPLES = {
  EnhanceRequest: {
    spaceId: "holiday-2026",
    type: "video",
    context: "The waves roll in, slow camera pan to the right.",
    mediaSpace: { id: "picture-1", media: { name: "Beach", image } },
    mode: "pro",
    duration: "5",
    aspectRatio: "16:9",
  },
  EnhanceAnswer: { data: { success: true, message: "The generation has started.", mediaSpace: queued } },
  CheckGenerationRequest: { spaceId: "holiday-2026", mediaSpace: { id } },
  CheckGenerationAnswer: {
    data: { status: "in_progress", phase: "generating", queue_position: 2, mediaSpace: generating },
  },
  MediaAnswer: { data: { mediaSpace: completed } },
  MediaListAnswer: { data: { items: [completed], nextCursor: "MDE5Yjc2ZGEtYTgwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx" } },
  SpaceListAnswer: {
    data: { items: [{ id: "holiday-2026", count: 42, lastStartedAt: "2026-11-22T12:00:00.000Z" }] },
  },
  CancelAnswer: { data: { message: "The generation is canceled.", mediaSpace: canceled } },
  UploadRequest: { size: 2_345_678 },
  UploadAnswer: {
    data: {
      id: uploadId,
      put: { method: "PUT", url: `https://media.example.com/uploads/5c0e/${uploadId}?signature=9be2`, headers: {} },
      expiresAt: "2026-11-22T12:15:00.000Z",
    },
  },
  CheckUploadAnswer: { data: { link: `upload:${uploadId}`, width: 4032, height: 3024 } },
  FalWebhook: {
    request_id: "764cabcf-b745-4b3e-ae38-1200304cf45b",
    gateway_request_id: "764cabcf-b745-4b3e-ae38-1200304cf45b",
  },
  ModelsAnswer: {
    data: {
      models: [
        {
          id: "kling-3",
          name: "Kling 3",
          modes: [
            {
              mode: "pro",
              endpointId: "fal-ai/kling-video/v3/pro/image-to-video",
              durations: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
              audio: "optional",
              lastFrame: true,
              negativePrompt: true,
              cfgScale: true,
              shots: true,
              image: {
                maxBytes: 10_485_760,
                types: ["image/jpeg", "image/png", "image/webp"],
                minSide: 300,
                maxRatio: 2.5,
              },
              prices: [
                { audio: false, usdPerSecond: 0.112 },
                { audio: true, usdPerSecond: 0.168 },
              ],
            },
          ],
        },
      ],
    },
  },
  PricingAnswer: {
    data: {
      currency: "USD",
      prices: [
        { model: "kling-2.1", mode: "standard", duration: "5", audio: false, usd: 0.28, analysisUsd: 0.013 },
        { model: "kling-3", mode: "pro", duration: "10", audio: true, usd: 1.68, analysisUsd: 0.026 },
      ],
    },
  },
  TimingsAnswer: {
    data: {
      timings: [{ model: "kling-2.1", mode: "standard", duration: "5", p50Seconds: 131, p90Seconds: 212, of: 37 }],
    },
  },
  SpendingAnswer: {
    data: {
      currency: "USD",
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-22T12:00:00.000Z",
      estimatedUsd: 1.47,
      billedUsd: 0.931,
      unbilled: 0.49,
      items: [
        { date: "2026-11-20", videos: 2, estimatedUsd: 0.98, billedUsd: 0.931, unbilled: 0 },
        { date: "2026-11-22", videos: 1, estimatedUsd: 0.49, billedUsd: 0, unbilled: 0.49 },
      ],
    },
  },
  BudgetAnswer: {
    data: {
      currency: "USD",
      startsStopped: false,
      month: {
        capUsd: 50,
        spentUsd: 12.6,
        reservedUsd: 0.98,
        leftUsd: 36.42,
        renewsAt: "2026-12-01T00:00:00.000Z",
      },
      day: {
        capUsd: 5,
        spentUsd: 1.4,
        reservedUsd: 0.98,
        leftUsd: 2.62,
        renewsAt: "2026-11-23T00:00:00.000Z",
      },
      openGenerations: { open: 1, limit: 5 },
      starts: { left: 9, limit: 10, renewsAt: "2026-11-22T12:01:00.000Z" },
    },
  },
  CreateKeyRequest: { name: "shop backend", scopes: ["read", "write"], expiresInDays: 90, monthlyCapUsd: 50 },
  CreateKeyAnswer: { data: { key: apiKey, secret: `km_${apiKey.id}_${"0".repeat(64)}` } },
  KeyListAnswer: { data: { items: [{ ...apiKey, lastUsedAt: "2026-11-22T14:03:00.000Z" }] } },
  CreateWebhookRequest: { url: webhook.url, events: webhook.events, description: webhook.description },
  ChangeWebhookRequest: { enabled: false },
  CreateWebhookAnswer: { data: { webhook, secret: webhookSecret } },
  OneWebhookAnswer: { data: { webhook } },
  WebhookListAnswer: { data: { items: [webhook] } },
  RotateSecretAnswer: { data: { secret: webhookSecret } },
  DeliveryAnswer: { data: { delivery: pending } },
  DeliveryListAnswer: { data: { items: [pending, delivered], nextCursor: delivered.id } },
  CreateVideoRequest: {
    prompt: "The waves roll in, slow camera pan to the right.",
    input_reference: { image_url: image.link },
    model: "kling-2.1-pro",
    seconds: "5",
    size: "1920x1080",
  },
  Video: video,
  VideoList: { object: "list", data: [video], first_id: video.id, last_id: video.id, has_more: false },
  DeletedVideo: { id: video.id, object: "video.deleted", deleted: true },
  WebhookAnswer: { received: true },
  HealthAnswer: { status: "ok", testMode: false, provider: "ok" },
};

export interface ErrorExample {
  description: string;
  example: object;
  headers?: "Retry-After"[];
}

/** What each status means everywhere, with an answer. */
export const ERROR_EXAMPLES: Record<number, ErrorExample> = {
  400: {
    description: "The request is malformed or not valid; `details` says where.",
    example: {
      error: "The request is not valid; `details` says where.",
      code: "invalid_request",
      details: [{ path: "mode", message: 'Invalid option: expected one of "standard"|"pro"|"master"' }],
      traceId,
    },
  },
  401: {
    description: "The caller is not signed in, the token has expired, or the key is wrong, has expired or was revoked.",
    example: { error: "Sign in first.", code: "unauthorized", traceId },
  },
  402: {
    description:
      "A budget does not hold this price any more: the tenant's of the month or the day, the user's, the key's, or that of the whole service; `details` says which.",
    example: {
      error: "This video costs $0.98, and $0.40 of this month's budget is left. It renews on 2026-12-01.",
      code: "over_budget",
      details: [
        {
          path: "MONTHLY_CAP_USD",
          message: "has $0.40 left, and renews on 2026-12-01T00:00:00.000Z",
          leftUsd: 0.4,
          renewsAt: "2026-12-01T00:00:00.000Z",
        },
      ],
      budget: { leftUsd: 0.4, renewsAt: "2026-12-01T00:00:00.000Z" },
      traceId,
    },
  },
  403: {
    description: "The token or the key does not hold the scope that this needs.",
    example: {
      error: 'The token lacks the scope "media.write", which this needs.',
      code: "missing_scope",
      traceId,
    },
  },
  404: {
    description: "There is no such thing, or it is another tenant's.",
    example: { error: "There is no such media in this space.", code: "media_not_found", traceId },
  },
  409: {
    description: "It cannot be done any more.",
    example: { error: "This generation has already ended: it is completed.", code: "already_ended", traceId },
  },
  413: {
    description: "The body is larger than 1 MB.",
    example: { error: "The body is larger than 1 MB.", code: "body_too_large", traceId },
  },
  415: {
    description: "The body is not said to be JSON.",
    example: {
      error: "Send the body as JSON, with Content-Type: application/json.",
      code: "unsupported_media_type",
      traceId,
    },
  },
  422: {
    description: "The Idempotency-Key was used with another body.",
    example: {
      error: "This Idempotency-Key was used with a different request. Send the same body again, or a new key.",
      code: "idempotency_key_reused",
      traceId,
    },
  },
  429: {
    description:
      "Too many just now: starts of this minute or open generations, or requests, which API Gateway itself answers with a `message` alone.",
    example: {
      error: "The maximum number of videos was started within a minute: try again in 48 s.",
      code: "rate_limited",
      traceId,
    },
  },
  500: {
    description:
      "Something went wrong on our side; where a function has died, API Gateway itself answers with a `message` alone.",
    example: {
      error: "Something went wrong on our side. Give the traceId to the operator of this service.",
      code: "internal_error",
      traceId,
    },
  },
  503: {
    description: "Busy just now; the same request may succeed later.",
    example: { error: "Busy just now; try again in a moment.", code: "unavailable", traceId },
  },
};

/** The answer to a start that is one too many. */
export const STARTS_LIMITED: ErrorExample = {
  description:
    "Too many starts of this minute or too many open generations (`Retry-After` says when to come again); or too many requests, which API Gateway itself answers with a `message` alone.",
  example: {
    error: "The maximum number of videos was started within a minute: try again in 48 s.",
    code: "rate_limited",
    traceId,
  },
  headers: ["Retry-After"],
};

/** The answer to a start while the kill switch is on. */
export const STARTS_STOPPED: ErrorExample = {
  description: "Starts are stopped (`Retry-After` says when to come again), or it is busy just now.",
  example: {
    error: "New videos are stopped for now by the operator of this service. Those that are being made go on.",
    code: "starts_stopped",
    traceId,
  },
  headers: ["Retry-After"],
};

/** What a request with a picture in it says of one that is too large. */
export const PICTURE_TOO_LARGE: ErrorExample = {
  description:
    "The picture is larger than a request may carry; over 6 MB in all, API Gateway itself says so with a `message` alone.",
  example: {
    error: new PictureTooLargeToSendError(4 * 1024 * 1024).message,
    code: "picture_too_large_to_send",
    traceId,
  },
};

/** The answer of an upload's check to a picture that cannot be used. */
export const UPLOAD_REFUSED: ErrorExample = {
  description: "The picture cannot be animated; `code` and `error` say why.",
  example: { error: imageFault("image_too_small", "this one has 200 x 150"), code: "image_too_small", traceId },
};
