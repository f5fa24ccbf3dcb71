// The endpoints of tenants: what reaches them, what they answer, and what must have reached them.
import { createHmac } from "node:crypto";
import type { Invariant } from "./invariants.ts";
import type { StoredItem } from "./simulated-aws.ts";
import type { World } from "./world.ts";

/** A POST as it arrives. */
export interface Message {
  url: URL;
  headers: Record<string, string>;
  body: string;
}

/** An address that a tenant wants to be told at, and the secrets that its receiver knows. */
export interface Endpoint {
  tenant: string;
  url: string;
  webhookId?: string;
  secrets: string[];
  /** A new secret was asked for and has not come yet: meanwhile a signature may be one that the receiver does not know. */
  rotates: boolean;
}

/** The bus's name and the webhook's name of each event, stated a second time, independent of the code. */
const TYPES: Record<string, string> = {
  "Generation Started": "generation.started",
  "Generation Completed": "generation.completed",
  "Generation Failed": "generation.failed",
  "Generation Canceled": "generation.canceled",
  "Generation Refused": "generation.refused",
  "Media Analyzed": "media.analyzed",
  "Media Deleted": "media.deleted",
};
/** At once, after 5 s, then 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h. */
const TRIES = 10;
/** Three tries by the bus in three minutes, an operator's redrive after five more, three tries again; a sweep a minute. */
const HEARD_WITHIN_MS = 15 * 60_000;

const STRANGE_ANSWERS = {
  "answers 500": { statusCode: 500, headers: {} },
  "answers 410": { statusCode: 410, headers: {} },
  "asks for an hour": { statusCode: 429, headers: { "retry-after": "3600" } },
  "redirects inside": { statusCode: 307, headers: { location: "https://internal.example/hooks" } },
};

/** What a receiver that is out of order answers, without taking anything. */
export function strangelyAnswered(twist: string | undefined) {
  return STRANGE_ANSWERS[twist as keyof typeof STRANGE_ANSWERS] as
    (typeof STRANGE_ANSWERS)[keyof typeof STRANGE_ANSWERS] | undefined;
}

interface Owed {
  webhook: string;
  messageId: string;
  at: number;
}

export class Receivers {
  readonly endpoints: Endpoint[] = [];
  /** What receivers have taken: `url id`. */
  readonly taken = new Set<string>();
  /** Of requests on the bus that were told to be refused. */
  readonly refused = new Set<string>();
  readonly owed: Owed[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** What is proven to be for this receiver is taken. */
  take(message: Message): { statusCode: number; headers: Record<string, string> } {
    this.#world.observe({ kind: "message", message });
    const endpoint = this.endpointAt(message.url);
    if (!endpoint || !isSignedFor(endpoint, message)) return { statusCode: 401, headers: {} };
    this.taken.add(`${message.url.href} ${message.headers["webhook-id"] ?? ""}`);
    return { statusCode: 204, headers: {} };
  }

  endpointAt({ href }: URL): Endpoint | undefined {
    return this.endpoints.find(({ url }) => url === href);
  }

  /** An event is on the bus: every webhook that wants it is owed it. */
  owe(type: string, detail: Record<string, unknown>): void {
    const told = TYPES[type];
    if (told === undefined) return;
    const { id, tenantId } = detail as { id: string; tenantId: string };
    for (const [key, item] of this.#world.aws.items) {
      if (!isWebhook(item) || item.tenantId !== tenantId || !item.enabled || !item.events?.includes(told)) continue;
      this.owed.push({ webhook: key, messageId: id.replaceAll(".", "_"), at: this.#world.now() });
    }
  }

  /** What is owed and has neither come nor failed; undefined where nothing is left of it. */
  left({ webhook, messageId }: Owed): { url: string; messageId: string; delivery: StoredItem | undefined } | undefined {
    const { id, url = "", enabled } = this.#world.aws.items.get(webhook) ?? {};
    // A webhook that was deleted or disabled is owed nothing any more.
    if (!enabled || this.taken.has(`${url} ${messageId}`)) return undefined;
    const delivery = this.deliveries.find((it) => it.webhookId === id && it.messageId === messageId);
    return delivery?.status === "failed" ? undefined : { url, messageId, delivery };
  }

  get deliveries(): StoredItem[] {
    return [...this.#world.aws.items.values()].filter(isDelivery);
  }
}

export function isWebhook({ sk }: StoredItem): boolean {
  return sk.startsWith("WEBHOOK#");
}

export function isDelivery({ sk }: StoredItem): boolean {
  return sk.startsWith("DELIVERY#");
}

/** Standard Webhooks, section "Verifying signatures". */
function isSignedFor({ secrets }: Endpoint, { headers, body }: Message): boolean {
  const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const signatures = (headers["webhook-signature"] ?? "").split(" ");
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace("whsec_", ""), "base64");
    return signatures.includes(`v1,${createHmac("sha256", key).update(text).digest("base64")}`);
  });
}

/** What became of what is owed, as far as it is wrong; undefined while it may still become right. */
function breach(world: World, owed: Owed): string | undefined {
  const left = world.receivers.left(owed);
  if (!left) return undefined;
  const { url, messageId, delivery } = left;
  const heardBy = Math.max(owed.at, world.quietSince, world.busBackAt) + HEARD_WITHIN_MS;
  if (world.now() < heardBy) return undefined;
  if (!delivery) return `${url} was never told ${messageId}`;
  const dueBy = delivery.sweepAt === undefined ? undefined : Date.parse(delivery.sweepAt) + HEARD_WITHIN_MS;
  if (delivery.status === "pending" && (dueBy === undefined || world.now() > dueBy)) {
    return `${url} waits for ${messageId}, which was to be tried by ${delivery.sweepAt}`;
  }
  return undefined;
}

export const TOLD: Invariant = {
  says: "Each event reaches each enabled endpoint of its tenant, signed, at least once, or is logged as failed after its last try.",
  on: {
    event({ type, detail }, world) {
      world.receivers.owe(type, detail);
    },
    message({ message }, world, check) {
      const endpoint = world.receivers.endpointAt(message.url);
      if (endpoint && !endpoint.rotates) {
        check(isSignedFor(endpoint, message), () => `${endpoint.url} cannot verify ${message.headers["webhook-id"]}`);
      }
    },
    write({ after }, world, check) {
      if (!isDelivery(after) || after.status === "pending") return;
      const webhook = [...world.aws.items.values()].find((it) => isWebhook(it) && it.id === after.webhookId);
      const { messageId = "", attempts = [], status } = after;
      if (status === "delivered") {
        const urls = webhook?.url === undefined ? world.receivers.endpoints.map(({ url }) => url) : [webhook.url];
        const isTaken = urls.some((url) => world.receivers.taken.has(`${url} ${messageId}`));
        return check(isTaken, () => `${messageId} is logged as delivered, and no receiver has taken it`);
      }
      const isOver = attempts.length >= TRIES || !webhook?.enabled || attempts.at(-1)?.statusCode === 410;
      check(isOver, () => `${messageId} was given up after ${attempts.length} tries, and its webhook is enabled`);
    },
  },
  always(world, check) {
    for (const owed of world.receivers.owed) {
      const wrong = breach(world, owed);
      check(wrong === undefined, () => wrong ?? "");
    }
  },
};

export const REFUSED: Invariant = {
  says: "Nothing that was told to be refused has been started, or is later.",
  on: {
    event({ type, detail }, world, check) {
      if (type !== "Generation Refused") return;
      const { id = "" } = detail["request"] as { id?: string };
      world.receivers.refused.add(id);
      const started = world.records().find(({ request }) => request?.id === id);
      check(started === undefined, () => `${id} is told to be refused, and is ${started?.id}`);
    },
    write({ before, after }, world, check) {
      const { id } = after.request ?? {};
      if (before || id === undefined || !after.sk.startsWith("MEDIA#")) return;
      check(!world.receivers.refused.has(id), () => `${after.id} was begun for ${id}, which was told to be refused`);
    },
  },
};
