// What tenants do about keys and webhooks: they are given a key, listen, rotate, look, and are tried out by others.
import type { Answered } from "./clients.ts";
import type { Endpoint } from "./receivers.ts";
import type { World } from "./world.ts";

interface Key {
  id: string;
  bearer: string;
}

/** An owner who gets no answer asks again, with longer and longer pauses, for some minutes. */
const PAUSES_MS = [0, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000];

const DELIVERY = "0".repeat(32);

export class Owners {
  readonly #world: World;
  readonly #bearers = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** What a tenant shows with every call, unless it shows another. */
  bearerOf(tenant: string | undefined): string | undefined {
    return this.#bearers.get(tenant ?? "");
  }

  /** An operator makes a key, as `npm run api-key` does; its owner keeps it to itself. */
  async makeKey(tenantId: string, scopes = ["read", "write", "admin"]): Promise<Key> {
    const wish = { action: "create", tenantId, name: "shop backend", scopes };
    const made = await this.#world.operate("manage-api-keys", wish);
    if (made === undefined) throw new Error(`there is no key for ${tenantId}`);
    const { key, secret: bearer } = JSON.parse(made) as { key: { id: string }; secret: string };
    this.#world.keepSecret(bearer.split("_")[2] ?? "");
    if (!this.#bearers.has(tenantId)) this.#bearers.set(tenantId, bearer);
    return { id: key.id, bearer };
  }

  /** Its every use is refused once the gateway has forgotten what it knew of it. */
  async revoke({ id, bearer }: Key, spaceId: string): Promise<void> {
    await this.#world.operate("manage-api-keys", { action: "revoke", id }).catch(() => {});
    await this.#world.sleep(60_000);
    await this.#world.clients.ask({ route: "GET /api/spaces/{spaceId}/media", path: { spaceId }, bearer });
  }

  /** An endpoint is told from now on. A webhook whose making was not heard of is deleted: its secret is lost. */
  async listen(tenant: string, url: string): Promise<Endpoint> {
    const endpoint: Endpoint = { tenant, url, secrets: [], rotates: true };
    this.#world.receivers.endpoints.push(endpoint);
    const made = await this.#insist(() => this.#ask(tenant, "POST /api/webhooks", {}, { url }), 201);
    const { webhook, secret } = dataIn<{ webhook: { id: string }; secret: string }>(made);
    endpoint.webhookId = webhook.id;
    this.#know(endpoint, secret);
    const listed = await this.#insist(() => this.#ask(tenant, "GET /api/webhooks"), 200);
    for (const { id, url: where } of dataIn<{ items: { id: string; url: string }[] }>(listed).items) {
      if (where === url && id !== webhook.id) await this.#delete(tenant, id);
    }
    endpoint.rotates = false;
    return endpoint;
  }

  async rotate(endpoint: Endpoint): Promise<void> {
    endpoint.rotates = true;
    const { tenant, webhookId: id = "" } = endpoint;
    const rotated = await this.#insist(() => this.#ask(tenant, "POST /api/webhooks/{id}/rotate-secret", { id }), 200);
    this.#know(endpoint, dataIn<{ secret: string }>(rotated).secret);
    endpoint.rotates = false;
  }

  /** Is it there, and does it answer? */
  async test({ tenant, webhookId: id = "" }: Endpoint): Promise<void> {
    await this.#ask(tenant, "POST /api/webhooks/{id}/test", { id });
    await this.#ask(tenant, "GET /api/webhooks/{id}/deliveries", { id });
  }

  async stopListening({ tenant, webhookId = "" }: Endpoint): Promise<void> {
    await this.#delete(tenant, webhookId);
  }

  /** Another tenant tries to see a webhook and to get hold of it. */
  async spy({ webhookId: id = "" }: Endpoint, tenant: string): Promise<void> {
    const path = { id, deliveryId: DELIVERY };
    await this.#ask(tenant, "GET /api/webhooks");
    await this.#ask(tenant, "GET /api/webhooks/{id}", path);
    await this.#ask(tenant, "GET /api/webhooks/{id}/deliveries", path);
    await this.#ask(tenant, "PATCH /api/webhooks/{id}", path, { url: "https://thief.example" });
    await this.#ask(tenant, "POST /api/webhooks/{id}/rotate-secret", path);
    await this.#ask(tenant, "POST /api/webhooks/{id}/test", path);
    await this.#ask(tenant, "DELETE /api/webhooks/{id}", path);
  }

  /** A key that was altered opens nothing, and one that may read alone changes nothing. */
  async misuse(tenant: string, body: object): Promise<void> {
    const { bearer } = await this.makeKey(tenant, ["read"]);
    const altered = bearer.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
    const { clients } = this.#world;
    for (const route of ["POST /api/media/enhance", "POST /api/webhooks", "POST /api/keys"]) {
      const asked = { ...body, url: "https://thief.example", name: "another key" };
      await clients.ask({ route, body: asked, bearer: altered });
      await clients.ask({ route, body: asked, tenant, bearer, lacks: true });
    }
  }

  #ask(tenant: string, route: string, path: Record<string, string> = {}, body?: object): Promise<Answered | undefined> {
    return this.#world.clients.ask({ route, path, tenant, ...(body && { body }) });
  }

  async #delete(tenant: string, id: string): Promise<void> {
    await this.#insist(() => this.#ask(tenant, "DELETE /api/webhooks/{id}", { id }), 204, 404);
  }

  #know(endpoint: Endpoint, secret: string): void {
    endpoint.secrets.push(secret);
    this.#world.keepSecret(secret.replace("whsec_", ""));
  }

  /** Asks until one of these statuses is the answer. @throws Error when it never is */
  async #insist(ask: () => Promise<Answered | undefined>, ...statuses: number[]): Promise<Answered> {
    for (const pauseMs of PAUSES_MS) {
      await this.#world.sleep(pauseMs);
      const answer = await ask();
      if (answer && statuses.includes(answer.statusCode)) return answer;
    }
    throw new Error(`nothing answered ${statuses.join(" or ")}`);
  }
}

function dataIn<T>({ body }: Answered): T {
  return (JSON.parse(body) as { data: T }).data;
}
