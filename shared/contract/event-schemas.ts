// The events as JSON Schema, for senders and consumers in any language: one document for the detail of each type.
import * as z from "zod/mini";
import { KlingGenerationMode } from "../kling/models.ts";
import { HOLD_CODES } from "../media/provider-account.ts";
import { PHASES, type EventType } from "../media/status.ts";
import { DETAIL_VERSION } from "../media/event-detail.ts";
import type { ToldEvent, WEBHOOK_TYPE_OF } from "../webhooks/message.ts";
import { DIFFERENCES } from "../money/reconcile.ts";
import { generationRequestedDetail } from "./generation-requested.ts";
import { errorDetail } from "./media-space.ts";

/** How it was asked for. */
const asked = z.object({
  id: z.optional(z.string()).check(z.describe("Of the event on the bus that asked.")),
  idempotencyKey: z.optional(z.string()).check(z.describe("That was given with it.")),
});
const baseMediaId = z.optional(z.string()).check(z.describe("`mediaSpace.id` of the request."));

/** What every event of a media tells. */
const about = z.object({
  version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
  id: z.string().check(z.describe("The same over all deliveries of one event: what a consumer remembers.")),
  tenantId: z.string(),
  spaceId: z.string(),
  mediaId: z.string(),
  baseMediaId,
  request: z.optional(asked).check(z.describe("How it was asked for; absent over HTTP without a key.")),
  requestId: z.optional(z.string()).check(z.describe("fal's id of the job.")),
  model: z.optional(z.string()).check(z.describe("Of GET /api/models.")),
  generationMode: z.optional(z.enum(KlingGenerationMode)),
  at: z.iso.datetime().check(z.describe("When it happened, which may be long before it is heard.")),
});

const videoDetail = z.object({
  key: z.string().check(z.describe("In the media store.")),
  size: z.number().check(z.describe("Bytes.")),
  width: z.number(),
  height: z.number(),
  durationInSeconds: z.number(),
  audio: z.optional(z.boolean()).check(z.describe("Whether it has sound.")),
});

/** The detail of each event that goes out. Fields are added to it, never taken away: a consumer ignores what it does not know. */
const EVENT_DETAILS = {
  "Generation Started": z
    .extend(about, { status: z.literal("generating") })
    .check(z.describe("fal has taken the job: it is paid for from now on.")),
  "Generation Completed": z
    .extend(about, { status: z.literal("completed"), video: videoDetail })
    .check(z.describe("The video is in the media store.")),
  "Generation Failed": z
    .extend(about, { status: z.literal("failed"), error: z.object({ code: z.string(), message: z.string() }) })
    .check(z.describe("There will be no video.")),
  "Generation Canceled": z
    .extend(about, { status: z.literal("canceled") })
    .check(z.describe("There will be no video, as was asked.")),
  "Media Analyzed": z
    .extend(about, {
      status: z.literal("completed"),
      video: videoDetail,
      poster: z.optional(z.object({ key: z.string(), width: z.number(), height: z.number() })),
      description: z.optional(z.string()),
    })
    .check(z.describe("The video is described, and its first frame is beside it; what is missing could not be had.")),
  "Generation Orphaned": z
    .extend(about, { status: z.enum(PHASES), orphanRequestIds: z.array(z.string()) })
    .check(z.describe("fal ran jobs, and perhaps billed them, whose videos are not delivered.")),
  "Media Deleted": z
    .extend(about, { status: z.literal("deleted") })
    .check(z.describe("The media is gone, and all of its files.")),
} satisfies Record<EventType, z.ZodMiniType>;

/** Of no media, for there is none. */
const refused = z
  .object({
    version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
    id: z.string().check(z.describe("The same over all deliveries of one event: what a consumer remembers.")),
    tenantId: z.string(),
    spaceId: z.optional(z.string()),
    baseMediaId,
    request: asked,
    error: z.object({
      code: z.string().check(z.describe("The API's own, such as over_budget; invalid_request with details.")),
      message: z.string(),
      details: z.optional(z.array(errorDetail)),
    }),
    at: z.iso.datetime(),
  })
  .check(z.describe("A Generation Requested was not carried out, and will not be: the last try has failed."));

type ToldDetails = { [Event in keyof typeof EVENT_DETAILS]: z.output<(typeof EVENT_DETAILS)[Event]> } & {
  "Generation Refused": z.output<typeof refused>;
};

/** The body of a message to a tenant's webhook: what `messageOf` and `testMessage` write. */
export type WebhookMessage =
  | {
      [Event in ToldEvent]: {
        type: (typeof WEBHOOK_TYPE_OF)[Event];
        timestamp: string;
        /** The detail of the event on the bus; `url` is where the API shows the media. */
        data: ToldDetails[Event] & { url?: string };
      };
    }[ToldEvent]
  | { type: "webhook.test"; timestamp: string; data: { webhookId: string } };

/** Told by shared/adapters/webhook-bus.ts. */
const webhookDisabled = z
  .object({
    version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
    id: z.string().check(z.describe("The same over all deliveries of one event: what a consumer remembers.")),
    tenantId: z.string(),
    webhookId: z.string(),
    reason: z.enum(["gone", "failing"]).check(z.describe("It answered 410, or has taken nothing for five days.")),
    failingSince: z.optional(z.iso.datetime()),
    at: z.iso.datetime(),
  })
  .check(z.describe("A tenant's webhook was disabled, and not by its owner."));

/** Told by shared/money/hold.ts. */
const account = z.object({
  version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
  id: z.string().check(z.describe("The same over all deliveries of one event: what a consumer remembers.")),
  code: z.enum(HOLD_CODES).check(z.describe("Why fal takes, or took, no job of this service.")),
  since: z.iso.datetime().check(z.describe("When the hold began.")),
  at: z.iso.datetime(),
});
const accountHeld = z
  .extend(account, {})
  .check(z.describe("fal takes no job of this service: what is queued waits, and goes on by itself."));
const accountReleased = z
  .extend(account, {})
  .check(z.describe("fal takes jobs of this service again: what has waited goes on."));
/** Announced by shared/money/reconcile.ts. */
const billingUnmatched = z
  .object({
    version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
    id: z.string().check(z.describe("The same over all deliveries of one event: what a consumer remembers.")),
    kind: z
      .enum(DIFFERENCES)
      .check(
        z.describe(
          "Another price than the catalogue's; one video paid twice; a job that nothing of ours knows; a delivered video without a bill; a bill for what was never delivered.",
        ),
      ),
    requestId: z.string().check(z.describe("fal's id of the job.")),
    tenantId: z.optional(z.string()).check(z.describe("With the two below: whose it is, where that is known.")),
    spaceId: z.optional(z.string()),
    mediaId: z.optional(z.string()),
    endpointId: z.optional(z.string()),
    estimatedUsd: z.optional(z.number()).check(z.describe("By the catalogue.")),
    billedUsd: z
      .optional(z.number())
      .check(z.describe("By fal, all entries of its bill for this job, discount taken off.")),
    discountUsd: z.optional(z.number()),
    orphan: z.optional(z.literal(true)).check(z.describe("No generation follows the job.")),
    at: z.iso.datetime(),
  })
  .check(z.describe("fal's bill and our books differ. Told once for each job and kind."));

/** Told by shared/money/warnings.ts. */
const budgetWarning = z
  .object({
    version: z.literal(DETAIL_VERSION).check(z.describe("Of this schema.")),
    id: z.string().check(z.describe("The same over all deliveries of one event: one for each cap and period.")),
    tenantId: z.optional(z.string()).check(z.describe("Absent where the cap is that of all tenants together.")),
    scope: z.enum(["everybody", "tenant", "user", "key"]).check(z.describe("Whose cap it is.")),
    cap: z.string().check(z.describe("As a 402 names it, such as MONTHLY_CAP_USD.")),
    userId: z.optional(z.string()),
    keyId: z.optional(z.string()),
    period: z.string().check(z.describe("The month or the day, UTC: 2026-11, 2026-11-28.")),
    capUsd: z.number(),
    committedUsd: z.number().check(z.describe("Spent or reserved, with the start that crossed the share.")),
    share: z.number().check(z.describe("Of the cap, that was crossed: 0.8, or BUDGET_WARNING_SHARE.")),
    at: z.iso.datetime(),
  })
  .check(z.describe("So much of a cap is committed that its owner wants to know, once for each cap and period."));

/** `Generation Completed` -> `generation-completed`. */
export function schemaName(detailType: string): string {
  return detailType.toLowerCase().replaceAll(" ", "-");
}

/** Draft 2020-12, by detail type. Open for further fields: consumers ignore what they do not know. */
export function eventSchemas(): Record<string, Record<string, unknown>> {
  const details = Object.entries({
    "Generation Requested": generationRequestedDetail,
    "Generation Refused": refused,
    "Webhook Disabled": webhookDisabled,
    "Provider Account Held": accountHeld,
    "Provider Account Released": accountReleased,
    "Budget Warning": budgetWarning,
    "Billing Unmatched": billingUnmatched,
    ...EVENT_DETAILS,
  });
  return Object.fromEntries(details.map(([detailType, schema]) => [detailType, schemaOf(detailType, schema)]));
}

function schemaOf(detailType: string, schema: z.ZodMiniType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { $schema, $id: `urn:kling-media:${schemaName(detailType)}:${DETAIL_VERSION}`, title: detailType, ...rest };
}
