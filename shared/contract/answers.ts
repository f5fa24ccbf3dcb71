// What the routes answer: for OpenAPI, the client's types and the tests. No function reads it, so none pays for it at a cold start.
import * as z from "zod/mini";
import { SCOPES } from "../access/api-key.ts";
import { KlingGenerationMode } from "../kling/models.ts";
import { PROGRESS } from "../media/status.ts";
import { spaceId } from "./ids.ts";
import { duration, mediaSpace, modelId, shownPhase } from "./media-space.ts";
import { uploadId } from "./upload.ts";
import { deliveryId, webhookId } from "./webhooks.ts";
import { WEBHOOK_TYPES } from "../webhooks/message.ts";

export const enhanceAnswer = z.object({
  data: z.object({ success: z.literal(true), message: z.string(), mediaSpace }),
});

export const checkAnswer = z.object({
  data: z.object({
    status: z.enum(PROGRESS),
    phase: z.optional(shownPhase),
    queue_position: z.optional(z.int().check(z.nonnegative())),
    mediaSpace,
  }),
});

export const mediaAnswer = z.object({ data: z.object({ mediaSpace }) });
export const listAnswer = z.object({
  data: z.object({ items: z.array(mediaSpace), nextCursor: z.optional(z.string()) }),
});
export const listSpacesAnswer = z.object({
  data: z.object({
    items: z.array(
      z.object({
        id: spaceId,
        count: z.int().check(z.nonnegative(), z.describe("Media in it, without the deleted.")),
        more: z.optional(z.literal(true)).check(z.describe("There are more than `count`: no more are counted.")),
        lastStartedAt: z.iso.datetime(),
      }),
    ),
    nextCursor: z.optional(spaceId),
  }),
});
export const cancelAnswer = z.object({ data: z.object({ message: z.string(), mediaSpace }) });

export const uploadAnswer = z.object({
  data: z.object({
    id: uploadId,
    put: z
      .object({
        method: z.literal("PUT"),
        url: z.url(),
        headers: z.record(z.string(), z.string()).check(z.describe("To be sent with it.")),
      })
      .check(z.describe("Where the bytes go, without any other header of yours: the URL is the permission.")),
    expiresAt: z.iso.datetime().check(z.describe("The place takes bytes until then.")),
  }),
});

export const checkUploadAnswer = z.object({
  data: z.object({
    link: z.string().check(
      z.meta({
        description: "For `mediaSpace.media.image.link` and `tailImageUrl`, for a week, in any space of yours.",
        example: "upload:019b76da-a800-7000-8000-000000000001",
      }),
    ),
    width: z.int().check(z.positive()),
    height: z.int().check(z.positive()),
  }),
});

const kind = { model: modelId, mode: z.enum(KlingGenerationMode), duration };

const shownMode = z.object({
  mode: z.enum(KlingGenerationMode),
  endpointId: z.string().check(z.describe("fal's id of it.")),
  durations: z.array(z.int()).check(z.describe("Seconds.")),
  audio: z
    .enum(["none", "optional", "always"])
    .check(z.describe("Whether its videos have sound: never, when `audio` is true, or always.")),
  lastFrame: z.boolean().check(z.describe("Takes `tailImageUrl`.")),
  negativePrompt: z.boolean(),
  cfgScale: z.boolean(),
  shots: z.boolean().check(z.describe("Takes `shots`.")),
  image: z.object({
    maxBytes: z.int(),
    types: z.array(z.string()),
    minSide: z.int().check(z.describe("Pixels.")),
    maxRatio: z.number().check(z.describe("Of the long side to the short one, unless a format is asked for.")),
  }),
  prices: z.array(z.object({ audio: z.optional(z.boolean()), usdPerSecond: z.number() })),
});

export const modelsAnswer = z.object({
  data: z.object({
    models: z.array(
      z.object({
        id: modelId,
        name: z.string(),
        modes: z.array(shownMode).check(z.describe("The first is taken where no mode is named.")),
        default: z.optional(z.literal(true)).check(z.describe("Taken where no model is named.")),
      }),
    ),
  }),
});

export const pricingAnswer = z.object({
  data: z.object({
    currency: z.literal("USD"),
    prices: z.array(
      z.object({
        ...kind,
        audio: z.boolean().check(z.describe("With sound.")),
        usd: z.number().check(z.describe("For one video, by fal's price list.")),
        analysisUsd: z.number().check(z.describe("At most, beside it: for describing the video, and for its frames.")),
      }),
    ),
  }),
});

const seconds = z.number().check(z.nonnegative());

export const timingsAnswer = z.object({
  data: z.object({
    timings: z
      .array(
        z.object({
          ...kind,
          p50Seconds: seconds.check(z.describe("Half of them took no longer, from the request to the video.")),
          p90Seconds: seconds.check(z.describe("Nine of ten took no longer.")),
          of: z.int().check(z.describe("How many finished generations this is made of.")),
        }),
      )
      .check(z.describe("By model, mode and duration; one is missing until five of it have finished here.")),
  }),
});

const usd = z.number().check(z.nonnegative());
const count = z.int().check(z.nonnegative());
const renewsAt = z.iso.datetime().check(z.describe("When all of it is there again."));

const budgetLeft = z.object({
  capUsd: usd,
  spentUsd: usd.check(z.describe("For videos that were delivered.")),
  reservedUsd: usd.check(z.describe("Put aside for those that are being made.")),
  leftUsd: usd,
  renewsAt,
});

export const budgetAnswer = z.object({
  data: z.object({
    currency: z.literal("USD"),
    startsStopped: z
      .boolean()
      .check(
        z.describe(
          "No start is accepted just now: stopped by the operator of the service, or the service's own budget is spent.",
        ),
      ),
    month: z
      .optional(budgetLeft)
      .check(z.describe("Your tenant's calendar month, UTC. Absent where no cap is set, as the others below.")),
    day: z.optional(budgetLeft).check(z.describe("Your tenant's day, UTC.")),
    userMonth: z.optional(budgetLeft).check(z.describe("The month of the user that asks.")),
    keyMonth: z
      .optional(budgetLeft)
      .check(z.describe("The month of the key that asks, where it has a cap of its own.")),
    openGenerations: z.optional(z.object({ open: count, limit: count })),
    starts: z.optional(z.object({ left: count, limit: count, renewsAt })).check(z.describe("Of this minute.")),
  }),
});

const spent = {
  estimatedUsd: usd.check(z.describe("By fal's price list, of all that has to be paid.")),
  billedUsd: usd.check(z.describe("By fal, discounts taken off.")),
  unbilled: usd.check(z.describe("US dollars: the estimate of what was delivered and has no bill yet.")),
};

export const spendingAnswer = z.object({
  data: z.object({
    currency: z.literal("USD"),
    from: z.iso.datetime(),
    to: z.iso.datetime().check(z.describe("Does not belong to it.")),
    ...spent,
    items: z
      .array(z.object({ date: z.iso.date(), videos: count, ...spent }))
      .check(z.describe("By the day, UTC, on which fal accepted the jobs; days of nothing are left out.")),
  }),
});

const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  tenantId: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: z.iso.datetime(),
  expiresAt: z.optional(z.iso.datetime()),
  lastUsedAt: z.optional(z.iso.datetime()).check(z.describe("To the hour; absent where it was never used.")),
  monthlyCapUsd: z.optional(usd),
});

export const createKeyAnswer = z.object({
  data: z.object({
    key: apiKey,
    secret: z.string().check(z.describe("The bearer, shown this once: `Authorization: Bearer <secret>`.")),
  }),
});
export const listKeysAnswer = z.object({ data: z.object({ items: z.array(apiKey) }) });

const webhook = z.object({
  id: webhookId,
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_TYPES)),
  description: z.optional(z.string()),
  enabled: z.boolean(),
  disabledReason: z
    .optional(z.enum(["gone", "failing"]))
    .check(z.describe("Why it was disabled, if not by you: it answered 410, or took nothing for five days.")),
  failingSince: z.optional(z.iso.datetime()).check(z.describe("Since when every try has failed.")),
  createdAt: z.iso.datetime(),
});
const webhookSecret = z
  .string()
  .check(z.describe("`whsec_...`: what messages are signed with. It is in this answer and nowhere else."));

export const createWebhookAnswer = z.object({ data: z.object({ webhook, secret: webhookSecret }) });
export const oneWebhookAnswer = z.object({ data: z.object({ webhook }) });
export const listWebhooksAnswer = z.object({ data: z.object({ items: z.array(webhook) }) });
export const rotateSecretAnswer = z.object({ data: z.object({ secret: webhookSecret }) });

const delivery = z.object({
  id: deliveryId,
  type: z.enum(WEBHOOK_TYPES),
  mediaId: z.optional(z.string()),
  status: z.enum(["pending", "delivered", "failed"]).check(z.describe("`failed` after the last try.")),
  attempts: z.array(
    z.object({
      at: z.iso.datetime(),
      statusCode: z.optional(z.int()).check(z.describe("Of the receiver's answer, where there was one.")),
      error: z.optional(z.string()),
      milliseconds: z.number().check(z.nonnegative()),
    }),
  ),
  nextAttemptAt: z.optional(z.iso.datetime()),
  createdAt: z.iso.datetime(),
});
export const deliveryAnswer = z.object({ data: z.object({ delivery }) });
export const listDeliveriesAnswer = z.object({
  data: z.object({ items: z.array(delivery), nextCursor: z.optional(z.string()) }),
});

export const webhookAnswer = z.object({ received: z.literal(true) });

export const healthAnswer = z.object({
  status: z.literal("ok"),
  testMode: z.boolean().check(z.describe("Every video is a placeholder, and nothing is billed.")),
  provider: z
    .enum(["ok", "held"])
    .check(
      z.describe("held: fal.ai takes no jobs of this service just now; what is started waits, and goes on by itself."),
    ),
});
