// The routes of webhooks: what they take; and the events of the bus that their functions hear.
import * as z from "zod/mini";
import { DELIVERY_ID } from "../webhooks/delivery.ts";
import { WEBHOOK_TYPE_OF, WEBHOOK_TYPES, type ToldEvent } from "../webhooks/message.ts";
import { decimal, maybe, text } from "./text.ts";

const DESCRIPTION_MAX_CHARACTERS = 256;

const fields = {
  url: text(2048).check(z.describe("Where messages are sent, by POST: https, at a public address.")),
  events: maybe(z.array(z.enum(WEBHOOK_TYPES)).check(z.minLength(1))).check(
    z.describe("What it is told; all of them unless given. A test is sent in any case."),
  ),
  description: maybe(text(DESCRIPTION_MAX_CHARACTERS)).check(z.describe("For you alone.")),
};

export const createWebhookRequest = z.object(fields);

export const changeWebhookRequest = z.object({
  ...fields,
  url: maybe(fields.url),
  enabled: maybe(z.boolean()).check(z.describe("Disabled, nothing is sent. Enabled again, it has five days anew.")),
});

export const webhookId = z
  .string()
  .check(
    z.regex(/^[0-9a-f-]{36}$/, "must be the id of a webhook"),
    z.meta({ description: "Of the webhook.", example: "019b76da-b000-7000-8000-000000000003" }),
  );

export const deliveryId = z
  .string()
  .check(
    z.regex(DELIVERY_ID, "must be the id of a delivery"),
    z.meta({ description: "Of the delivery.", example: "019b76daa8005f2a9c01d3e4b5a6c7d8" }),
  );

export const webhookPath = z.object({ id: webhookId });
export const deliveryPath = z.object({ id: webhookId, deliveryId });

const PAGE = 20;

export const deliveriesQuery = z.object({
  limit: z._default(decimal(z.int().check(z.minimum(1), z.maximum(100))), PAGE).check(z.meta({ default: PAGE })),
  cursor: z
    .optional(z.string().check(z.regex(DELIVERY_ID, "must be a nextCursor of this list")))
    .check(z.describe("`nextCursor` of the page before.")),
});

const toldEvents = Object.keys(WEBHOOK_TYPE_OF).filter((type): type is ToldEvent => type in WEBHOOK_TYPE_OF);

/** An event that goes out, as EventBridge delivers it; its detail is handed on as it is. */
export const toldEvent = z.object({
  "detail-type": z.enum(toldEvents),
  detail: z.looseObject({
    id: z.string(),
    tenantId: z.string(),
    spaceId: z.optional(z.string()),
    mediaId: z.optional(z.string()),
    at: z.iso.datetime(),
  }),
});

/** `Webhook Due`, which our own functions say to one another. */
export const webhookDue = z.object({
  detail: z.object({ tenantId: z.string(), webhookId: z.string(), deliveryId: z.optional(z.string()) }),
});
