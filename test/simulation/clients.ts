// The people and systems that call: they start, ask again when an answer is lost, look, cancel, and try what they must not.
import { ROUTES } from "../../stacks/blueprint/routes.ts";
import { acting, Actor } from "./gate.ts";
import type { World } from "./world.ts";

/** One wish for one video. What is unique to it stands in its words, its name and its picture's address. */
export interface Intent {
  name: string;
  tenant: string;
  spaceId: string;
  key?: string;
  body: Record<string, unknown>;
  /** Answered with 202, or taken by the bus. */
  accepted: boolean;
  mediaId?: string;
  ended: boolean;
  /** Why it was not taken: what the API said, each time. */
  refusals: string[];
}

export interface Asked {
  route: string;
  path?: Record<string, string>;
  body?: unknown;
  rawBody?: string;
  headers?: Record<string, string>;
  tenant?: string;
  /** The key that is shown, where callers have keys: the tenant's unless it is said. */
  bearer?: string;
  /** The key is right, and lacks the scope. */
  lacks?: true;
}
export interface Answered {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** Tenants whose keys would be one if names were glued together without care, in spaces of one name. */
export const TENANTS = ["acme", "acme#SPACE#holiday", "globex"] as const;
const SPACE = "holiday";

/** What must never leave our records but to its owner and to fal. */
export const wordsOf = (intent: Pick<Intent, "name">) => `SECRET-WORDS-${intent.name}.`;
export const PICTURE_SECRET = "SECRET-PICTURE-LINK";

export class Clients {
  readonly intents: Intent[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  intent(wish: { tenant?: string; key?: string; more?: Record<string, unknown> } = {}): Intent {
    const tenant = wish.tenant ?? TENANTS[0];
    const name = `${this.intents.length + 1}-of-${tenant.replaceAll("#", "-")}`;
    const link = `https://pictures.example/beach.jpg?signature=${PICTURE_SECRET}-${name}`;
    const body = {
      spaceId: SPACE,
      type: "video",
      context: `The waves roll in. ${wordsOf({ name })}`,
      mediaSpace: { media: { name, image: { link } } },
      ...wish.more,
    };
    const intent: Intent = {
      name,
      tenant,
      spaceId: SPACE,
      body,
      accepted: false,
      ended: false,
      refusals: [],
      ...(wish.key && { key: wish.key }),
    };
    this.intents.push(intent);
    return intent;
  }

  /** Runs a separate client beside the others. */
  as(work: () => Promise<unknown>): Promise<unknown> {
    return acting.run(new Actor("client"), work);
  }

  /** Sends the start; with a key again and again until an answer comes, without one once. */
  async start(intent: Intent): Promise<void> {
    for (let tried = 0; tried < (intent.key === undefined ? 1 : 5); tried++) {
      if (tried > 0) await this.#world.sleep(2000 * 2 ** tried);
      const answer = await this.send(intent, intent.body);
      if (answer?.statusCode === 202) return;
      if (answer && answer.statusCode < 500) return;
    }
  }

  /** A client that is refused for want of money or room asks again when some may have come free, with the same key. */
  async insist(intent: Intent, times: number): Promise<void> {
    for (let tried = 0; tried < times; tried++) {
      if (tried > 0) await this.#world.sleep(7_000 * tried);
      const refused = intent.refusals.length;
      await this.start(intent);
      if (intent.accepted || intent.refusals.length === refused) return;
    }
  }

  /** One POST with the intent's key. */
  async send(intent: Intent, body: Record<string, unknown>): Promise<Answered | undefined> {
    const headers: Record<string, string> = intent.key === undefined ? {} : { "idempotency-key": intent.key };
    const answer = await this.ask({ route: "POST /api/media/enhance", body, headers, tenant: intent.tenant });
    this.#world.observe({ kind: "started", intent, body, answer });
    if (answer?.statusCode === 202 && body === intent.body) {
      intent.accepted = true;
      intent.mediaId = idIn(answer.body);
    }
    const code = answer && answer.statusCode >= 400 && answer.body !== "" ? codeIn(answer.body) : undefined;
    if (code !== undefined && REFUSALS.includes(code)) intent.refusals.push(code);
    return answer;
  }

  /** The same wish by the bus, which delivers three times. */
  async startByEvent(intent: Intent): Promise<void> {
    const event = {
      version: "0",
      id: `event-${intent.name}`,
      source: "shop",
      "detail-type": "Generation Requested",
      detail: { ...intent.body, tenantId: intent.tenant, idempotencyKey: intent.key },
    };
    const delivered = async () => {
      // EventBridge tries a failed function again.
      for (let tried = 0; tried < 3; tried++) {
        if (tried > 0) await this.#world.sleep(60_000);
        const outcome = await this.#world.invoke("start-from-event", event);
        if (outcome.ok) {
          intent.accepted = true;
          return;
        }
      }
    };
    await Promise.all([delivered(), delivered(), delivered()]);
    const [record] = this.#world.recordsOf(intent);
    if (record) intent.mediaId = record.id;
  }

  /** The same wish by a bus that delivers once: three tries, and then the dead letters. */
  async startByBus(intent: Intent): Promise<void> {
    const detail = { ...intent.body, tenantId: intent.tenant, idempotencyKey: intent.key };
    const event = { id: `event-${intent.name}`, source: "shop", "detail-type": "Generation Requested", detail };
    intent.accepted = await this.#world.bus.deliver("start-from-event", event);
    const [record] = this.#world.recordsOf(intent);
    if (record) intent.mediaId = record.id;
  }

  /** Looks now and then until the video is there, or no client would wait any longer. */
  async follow(intent: Intent): Promise<void> {
    for (
      let pauseMs = 20_000;
      intent.mediaId !== undefined && !intent.ended;
      pauseMs = Math.min(pauseMs * 2, 240_000)
    ) {
      await this.#world.sleep(pauseMs);
      const body = { spaceId: intent.spaceId, mediaSpace: { id: intent.mediaId } };
      const answer = await this.ask({ route: "POST /api/media/check-generation", body, tenant: intent.tenant });
      if (answer?.statusCode === 200) intent.ended = !answer.body.includes('"status":"in_progress"');
    }
  }

  async cancel(intent: Intent): Promise<void> {
    if (intent.mediaId === undefined) return;
    const path = { spaceId: intent.spaceId, id: intent.mediaId };
    await this.ask({ route: "POST /api/spaces/{spaceId}/media/{id}/cancel", path, tenant: intent.tenant });
  }

  /** Its owner wants it gone, and says so until it is: while it is still being described, it cannot be. */
  async delete(intent: Intent): Promise<void> {
    if (intent.mediaId === undefined) return;
    this.#world.unwanted.add(intent.mediaId);
    const path = { spaceId: intent.spaceId, id: intent.mediaId };
    for (let tried = 0; tried < 5; tried++) {
      const asked = { route: "DELETE /api/spaces/{spaceId}/media/{id}", path, tenant: intent.tenant };
      if ((await this.ask(asked))?.statusCode === 204) return;
      await this.#world.sleep(20_000);
    }
  }

  /** Another tenant tries to see it and to stop it. */
  async spy(intent: Intent, tenant: string): Promise<void> {
    if (intent.mediaId === undefined) return;
    const path = { spaceId: intent.spaceId, id: intent.mediaId };
    const body = { spaceId: intent.spaceId, mediaSpace: { id: intent.mediaId }, tenantId: intent.tenant };
    await this.ask({ route: "GET /api/spaces/{spaceId}/media/{id}", path, tenant });
    await this.ask({ route: "POST /api/media/check-generation", body, tenant });
    await this.ask({ route: "GET /api/spaces/{spaceId}/media", path, tenant });
    await this.ask({ route: "POST /api/spaces/{spaceId}/media/{id}/cancel", path, tenant });
    await this.ask({ route: "DELETE /api/spaces/{spaceId}/media/{id}", path, tenant });
  }

  /** A stranger without a token tries every route that wants one. */
  async knock(intent: Intent): Promise<void> {
    const path = { spaceId: intent.spaceId, id: intent.mediaId ?? "none" };
    // A body that every route takes.
    const mediaSpace = { ...(intent.body["mediaSpace"] as object), id: path.id };
    const body = {
      ...intent.body,
      mediaSpace,
      tenantId: intent.tenant,
      size: 1000,
      name: "a key",
      url: "https://shop.example",
    };
    const keyPath = { ...path, id: "0".repeat(20) };
    const webhookPath = { ...path, id: "019b76da-b000-7000-8000-000000000003", deliveryId: "0".repeat(32) };
    const pathOf = (route: string) =>
      route.includes("/api/keys/") ? keyPath : route.includes("/api/webhooks/") ? webhookPath : path;
    for (const { route, access } of ROUTES) {
      if (access === "open") continue;
      await this.ask({ route, path: pathOf(route), body });
    }
  }

  /** One HTTP call through the gateway. Undefined when no answer came. */
  async ask(asked: Asked): Promise<Answered | undefined> {
    const { gate } = this.#world;
    const timeout = { ms: 30_000, error: () => new Error("no answer") };
    try {
      const name = `http.Invoke ${this.#world.functionOf(asked.route)}`;
      await gate.pass({ name, perform: () => {}, timeout });
      const bearer = asked.bearer ?? this.#world.owners.bearerOf(asked.tenant);
      const shown = bearer === undefined ? asked : { ...asked, bearer };
      const answer = await this.#world.http(shown, (actor) => asked.lacks && this.#world.strangers.add(actor));
      await gate.pass({ name: "http.answer", perform: () => {}, timeout, about: () => String(answer.statusCode) });
      this.#world.observe({ kind: "answer", asked, answer });
      return answer;
    } catch {
      return undefined;
    }
  }
}

/** No money left, too much open or too fast, everything stopped. */
export const REFUSALS = ["over_budget", "too_many_open", "rate_limited", "starts_stopped"];

/** The code of an answer that is an error; API Gateway's own have none. */
export function codeIn(body: string): string | undefined {
  return (JSON.parse(body) as { code?: string }).code;
}

function idIn(body: string): string {
  const { data } = JSON.parse(body) as { data: { mediaSpace: { id: string } } };
  return data.mediaSpace.id;
}
