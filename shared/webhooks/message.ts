// The message to a webhook: an event of the bus, as a body of Standard Webhooks.
import type { Instant } from "../media/instant.ts";

/** By the event of the bus that it tells of. */
export const WEBHOOK_TYPE_OF = {
  "Generation Started": "generation.started",
  "Generation Completed": "generation.completed",
  "Generation Failed": "generation.failed",
  "Generation Canceled": "generation.canceled",
  "Generation Refused": "generation.refused",
  "Media Analyzed": "media.analyzed",
  "Media Deleted": "media.deleted",
} as const;
export type ToldEvent = keyof typeof WEBHOOK_TYPE_OF;

export const WEBHOOK_TYPES = [
  "generation.started",
  "generation.completed",
  "generation.failed",
  "generation.canceled",
  "generation.refused",
  "media.analyzed",
  "media.deleted",
  "webhook.test",
] as const satisfies readonly ((typeof WEBHOOK_TYPE_OF)[ToldEvent] | "webhook.test")[];
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

/** The detail of such an event, as far as we look. */
export interface ToldDetail extends Record<string, unknown> {
  /** The same over all deliveries of one event. */
  id: string;
  tenantId: string;
  spaceId?: string | undefined;
  mediaId?: string | undefined;
  at: Instant;
}

export interface Message {
  /** The header `webhook-id`: the event's id, the same over all tries. */
  id: string;
  type: WebhookType;
  at: Instant;
  mediaId?: string | undefined;
  /** The bytes that are signed and sent, in every try. */
  body: string;
}

/** Standard Webhooks: "we recommend keeping payloads smaller than 20kb". */
const BODY_MAX_BYTES = 20_000;
/** Of a detail that is larger, as much as says what it is: 20 entries of two such texts and the rest stay below the limit. */
const TEXT_KEPT_CHARACTERS = 300;
const ENTRIES_KEPT = 20;

/**
 * The message that tells of an event.
 * @param origin of the API, which `data.url` begins with
 */
export function messageOf(event: ToldEvent, detail: ToldDetail, origin: string): Message {
  const { id, spaceId, mediaId, at } = detail;
  const type = WEBHOOK_TYPE_OF[event];
  const url = spaceId !== undefined && mediaId !== undefined && `${origin}/api/spaces/${spaceId}/media/${mediaId}`;
  const data = { ...detail, ...(url && { url }) };
  const whole = JSON.stringify({ type, timestamp: at, data });
  const body =
    Buffer.byteLength(whole) < BODY_MAX_BYTES ? whole : JSON.stringify({ type, timestamp: at, data: shortened(data) });
  return { id: headerId(id), type, at, mediaId, body };
}

/** The message that a webhook is sent to be tried out. */
export function testMessage(webhookId: string, at: Instant): Message {
  const type = "webhook.test";
  const body = JSON.stringify({ type, timestamp: at, data: { webhookId } });
  return { id: headerId(`${webhookId}:test:${at}`), type, at, body };
}

/** The signed text is `id.timestamp.body`: an id with a full stop could be read as another message. */
function headerId(eventId: string): string {
  return eventId.replaceAll(".", "_");
}

function shortened(value: unknown): unknown {
  if (typeof value === "string") {
    return value.length <= TEXT_KEPT_CHARACTERS ? value : `${value.slice(0, TEXT_KEPT_CHARACTERS).toWellFormed()}...`;
  }
  if (Array.isArray(value)) return value.slice(0, ENTRIES_KEPT).map(shortened);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortened(inner)]));
}
