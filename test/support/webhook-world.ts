// Everything that webhooks work on: the real stores, seal and signature; only receivers, the bus and the clock are played.
import { createDynamoDeliveries } from "../../shared/adapters/dynamo-deliveries.ts";
import { createDynamoWebhooks } from "../../shared/adapters/dynamo-webhooks.ts";
import { signMessage } from "../../shared/adapters/message-signature.ts";
import { createSealedSecrets } from "../../shared/adapters/sealed-secrets.ts";
import type { LogFacts } from "../../shared/media/log-events.ts";
import { announceDue } from "../../shared/webhooks/announce.ts";
import { deliver, deliverDue, tellWebhooks, type DeliverDeps } from "../../shared/webhooks/deliver.ts";
import { createWebhook } from "../../shared/webhooks/manage.ts";
import type { ToldDetail } from "../../shared/webhooks/message.ts";
import type { WebhookBus } from "../../shared/webhooks/ports.ts";
import type { Answer } from "../../shared/webhooks/verdict.ts";
import type { Webhook, WebhookRef } from "../../shared/webhooks/webhook.ts";
import { inMemoryDynamoDb, type InMemoryOptions } from "./in-memory-dynamodb.ts";
import { ManualClock } from "./manual-clock.ts";
import { unreadableItems } from "./unreadable-items.ts";

interface Received {
  url: string;
  body: string;
  headers: Record<string, string>;
  at: number;
}

export type WebhookWorld = Awaited<ReturnType<typeof webhookWorld>>;

export const ORIGIN = "https://api.example";

/** A world in which each receiver answers 200, until `answers` says otherwise. */
export async function webhookWorld(options?: InMemoryOptions) {
  const clock = new ManualClock();
  const dynamo = await inMemoryDynamoDb(options);
  const webhooks = createDynamoWebhooks({ ...dynamo, ...unreadableItems() });
  const deliveries = createDynamoDeliveries({ ...dynamo, clock, ...unreadableItems() });
  const secrets = createSealedSecrets("seal-secret");
  const received: Received[] = [];
  const answers = new Map<string, (nth: number) => Answer | Promise<Answer>>();
  const announced: Parameters<WebhookBus["announceDue"]>[0][number][] = [];
  const disabled: { id: string; reason: string }[] = [];
  const lines: (LogFacts & { message: string })[] = [];
  let made = 0;

  const deps: DeliverDeps = {
    webhooks,
    deliveries,
    secrets,
    door: {
      async post(url, body, headers) {
        const nth = received.filter((one) => one.url === url).length + 1;
        received.push({ url, body, headers, at: clock.now() });
        return (await answers.get(url)?.(nth)) ?? { statusCode: 200 };
      },
    },
    sign: signMessage,
    bus: {
      announceDue: async (due) => void announced.push(...due),
      announceDisabled: async ({ id }, reason) => void disabled.push({ id, reason }),
    },
    clock,
    random: () => 0.5,
    log: {
      info: (message, facts) => void lines.push({ message, ...facts }),
      warn: (message, facts) => void lines.push({ message, ...facts }),
    },
  };
  const manageDeps = {
    webhooks,
    secrets,
    door: { faultOf: () => undefined },
    clock,
    newId: () => `019b76da-b000-7000-8000-${String(++made).padStart(12, "0")}`,
  };

  async function given(
    url: string,
    { tenantId = "acme", events }: { tenantId?: string; events?: Webhook["events"] } = {},
  ) {
    const { webhook, secret } = await createWebhook(manageDeps, tenantId, { url, events }, ORIGIN);
    return { secret, ref: { tenantId, webhookId: webhook.id } };
  }

  /** What the sweeper announces, each webhook tried by itself, as the bus would have it. */
  async function sweep(all = false): Promise<void> {
    announced.length = 0;
    await announceDue({ deliveries, bus: deps.bus, clock }, { all });
    for (const { deliveryId, ...ref } of announced.splice(0)) {
      await (deliveryId === undefined ? deliverDue(deps, ref) : deliver(deps, { ...ref, deliveryId }));
    }
  }

  return {
    clock,
    deps,
    manageDeps,
    received,
    answers,
    announced,
    disabled,
    lines,
    given,
    sweep,
    tell: (detail: ToldDetail = completed()) => tellWebhooks(deps, "Generation Completed", detail, undefined),
    log: async (ref: WebhookRef) => (await deliveries.list(ref, { limit: 100 })).items,
    /** Lets time pass, a sweep each minute, as the clock of a stage does. */
    async pass(minutes: number): Promise<void> {
      for (let minute = 0; minute < minutes; minute++) {
        clock.advance(60);
        await sweep();
      }
    },
  };
}

export function completed(more: Partial<ToldDetail> = {}): ToldDetail {
  return {
    version: 1,
    id: "m1:completed",
    tenantId: "acme",
    spaceId: "holiday",
    mediaId: "m1",
    status: "completed",
    at: "2026-01-01T00:00:00.000Z",
    ...more,
  };
}
