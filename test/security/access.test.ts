// The matrix of access, made of the table of routes: every route with every wrong token, with too little, and with another tenant's
// right one on what is not theirs; for each route the right token first, so that a refusal means something. Run twice: where callers come
// with tokens alone, which the gateway's own authorizer judges, and (access-with-keys.test.ts) where our authorizer judges tokens and keys.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPES, type Scope } from "../../shared/access/api-key.ts";
import { createKey } from "../../shared/access/api-keys.ts";
import { listCursor } from "../../shared/adapters/list-cursor.ts";
import { webhookPath } from "../../shared/adapters/webhook-address.ts";
import { newDelivery } from "../../shared/webhooks/delivery.ts";
import { testMessage } from "../../shared/webhooks/message.ts";
import { ROUTES, type Route } from "../../stacks/blueprint/routes.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { handlersFromDisk } from "../../stacks/local/aws/functions.ts";
import { startLocalMachine, type LocalMachine } from "../../stacks/local/machine.ts";
import { photo } from "../support/media-world.ts";
import { WebhookSigner, webhookBody } from "../support/signed-webhooks.ts";
import { AUDIENCE, startTokenIssuer, type TokenIssuer } from "../support/token-issuer.ts";
import { createServer, type Server } from "node:http";
import { once } from "node:events";

const SPACE = "holiday";
const SOURCE = `019b76da-a800-7000-8000-000000000001-1-${"a".repeat(32)}.jpg`;
const BOTH = "media.read media.write";
const AUTH = process.env["ACCESS_TEST_AUTH"] ?? "jwt";

let machine: LocalMachine;
let issuer: TokenIssuer;
let directory: string;
let fal: Server;
const signer = new WebhookSigner();
/** Ada of acme, whose things these are; Eve of evil, who has her own. */
let ada: string;
let eve: string;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  directory = await mkdtemp(join(tmpdir(), "access-"));
  fal = createServer((_request, response) => response.end(JSON.stringify(signer.jwks())));
  await once(fal.listen(0, "127.0.0.1"), "listening");
  const address = fal.address();
  if (address === null || typeof address === "string") throw new Error("fal has no port.");
  const settings = {
    AUTH,
    JWT_ISSUER: issuer.issuer,
    JWT_AUDIENCE: AUDIENCE,
    JWT_JWKS_URL: issuer.jwksUrl,
    JWT_READ_SCOPE: "media.read",
    JWT_WRITE_SCOPE: "media.write",
    NODE_ENV: "test",
    FAL_KEY: "a-key",
    FAL_WEBHOOK_JWKS_URL: `http://127.0.0.1:${address.port}/jwks`,
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  const ours = handlersFromDisk(ROOT);
  machine = await startLocalMachine({
    port: 0,
    awsPort: 0,
    tableInMemory: true,
    dataDirectory: directory,
    // Workflows start, and their first step never ends: what was started stays as it is. Nothing is sent to webhooks.
    handlers: {
      resolve: (path) =>
        /^functions\/(workflow|events\/deliver-webhooks)/.test(path) ? () => new Promise(() => {}) : ours.resolve(path),
    },
    jwt: { issuer: issuer.issuer, audience: [AUDIENCE], jwksUrl: issuer.jwksUrl },
    keys: AUTH === "jwt,keys",
  });
  await mkdir(join(directory, "media/sources"), { recursive: true });
  await writeFile(join(directory, "media/sources", SOURCE), await photo(300, 300));
  ada = await issuer.token({ sub: "ada", tenant: "acme", scope: BOTH });
  eve = await issuer.token({ sub: "eve", tenant: "evil", scope: BOTH });
});
afterAll(async () => {
  await machine.close();
  issuer.close();
  fal.close();
  await rm(directory, { recursive: true });
  vi.unstubAllEnvs();
});

interface Call {
  path?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  rawBody?: string;
  headers?: Record<string, string>;
}
interface Answer {
  status: number;
  /** Without what is each answer's own. */
  text: string;
  json: Json;
}
interface Json {
  code?: string;
  error?: { code?: string };
  data?: {
    id?: string;
    key?: { id: string };
    webhook?: { id: string };
    put?: { url: string; method: string; headers: Record<string, string> };
    items?: { id: string }[];
    nextCursor?: string;
    mediaSpace?: { id: string; uploadedBy: string; media: { phase?: string; version: number } };
  };
}

async function call(route: string, { path = {}, query = {}, body, rawBody, headers = {} }: Call, token?: string) {
  const [method = "", template = ""] = route.split(" ");
  const address = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const search = new URLSearchParams(query).toString();
  const sent = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${machine.url}${address}${search && `?${search}`}`, {
    method,
    headers: {
      ...(sent !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
  const text = (await response.text()).replace(/"traceId":"[^"]*"/, "");
  const isJson = response.headers.get("content-type")?.includes("json") && text !== "";
  const json: Json = isJson ? (JSON.parse(text.replace(/,\}/, "}").replace(/\{,/, "{")) as Json) : {};
  // Where another's shapes are spoken, the code lies one level deeper.
  const code = json.code ?? json.error?.code;
  return { status: response.status, text, json: code === undefined ? json : { ...json, code } } satisfies Answer;
}

const ENHANCE = "POST /api/media/enhance";
const LIST = "GET /api/spaces/{spaceId}/media";
const GET = "GET /api/spaces/{spaceId}/media/{id}";
const CANCEL = "POST /api/spaces/{spaceId}/media/{id}/cancel";

const request = {
  spaceId: SPACE,
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: "https://pictures.example/beach.jpg" } } },
};

/** A media of Ada's, which waits for its submit. */
async function startedByAda(): Promise<string> {
  const { status, json } = await call(ENHANCE, { body: request }, ada);
  expect(status).toBe(202);
  return json.data?.mediaSpace?.id ?? "";
}
async function canceledByAda(): Promise<string> {
  const id = await startedByAda();
  await call(CANCEL, { path: { spaceId: SPACE, id } }, ada);
  return id;
}
async function uploadedByAda(): Promise<string> {
  const picture = await photo(400, 400);
  const { json } = await call("POST /api/uploads", { body: { size: picture.length } }, ada);
  const { id = "", put } = json.data ?? {};
  const stored = await fetch(put?.url ?? "", {
    method: put?.method ?? "",
    headers: put?.headers ?? {},
    body: new Uint8Array(picture),
  });
  expect(stored.ok).toBe(true);
  return id;
}
const secretNamed = (name: string) =>
  (JSON.parse(process.env[`SST_RESOURCE_${name}`] ?? "{}") as { value: string }).value;

/** A report of fal's for a claim of Ada's. */
async function reportOf(mediaId: string, secret: string): Promise<Call> {
  const body = webhookBody("r1");
  const path = webhookPath(secret, { tenantId: "acme", spaceId: SPACE, mediaId, attempt: 1 });
  return {
    path: { token: path.replace(/^.*\//, "") },
    rawBody: body,
    headers: signer.headers(body, Date.now()),
  };
}

interface Entry {
  /** A request that is right in everything, and what it is answered with the right token. */
  right: () => Promise<Call>;
  status: number;
  /**
   * For routes on a thing of a tenant's: the same request for a thing that there is not, to whose answer another
   * tenant's on Ada's thing is held, byte for byte.
   */
  missing?: (right: Call) => Call;
}

const NO_ID = "019b76da-a800-7000-8000-00000000ffff";
const ofMedia = (start: () => Promise<string>): Pick<Entry, "right" | "missing"> => ({
  right: async () => ({ path: { spaceId: SPACE, id: await start() } }),
  missing: ({ path }) => ({ path: { ...path, id: NO_ID } }),
});

const ofVideo = (start: () => Promise<string>): Pick<Entry, "right" | "missing"> => ({
  right: async () => ({ path: { id: `${SPACE}.${await start()}` } }),
  missing: () => ({ path: { id: `${SPACE}.${NO_ID}` } }),
});

/** Each in the place of the one before: a tenant has twenty at most. */
async function webhookOfAda(): Promise<string> {
  const { json: before } = await call("GET /api/webhooks", {}, ada);
  for (const { id } of before.data?.items ?? []) await call("DELETE /api/webhooks/{id}", { path: { id } }, ada);
  const { json } = await call("POST /api/webhooks", { body: { url: "https://shop.example/hooks" } }, ada);
  return json.data?.webhook?.id ?? "";
}
/** A delivery that has ended, so that nothing of it runs while it is asked for. */
async function keptDelivery(webhookId: string): Promise<string> {
  const { deliveries } = await import("../../shared/services/tenant-webhooks.ts");
  const now = Date.now();
  const message = testMessage(webhookId, new Date(now).toISOString());
  const delivery = newDelivery({ tenantId: "acme", webhookId }, message, now);
  await deliveries().add({ ...delivery, status: "delivered", nextAttemptAt: undefined });
  return delivery.id;
}
const ofWebhook = {
  right: async (): Promise<Call> => ({ path: { id: await webhookOfAda() } }),
  missing: (): Call => ({ path: { id: NO_ID } }),
};

/** One entry for every route. */
const ENTRIES: Record<string, Entry> = {
  [ENHANCE]: { right: async () => ({ body: request }), status: 202 },
  "POST /api/media/check-generation": {
    right: async () => ({ body: { spaceId: SPACE, mediaSpace: { id: await startedByAda() } } }),
    status: 200,
    missing: () => ({ body: { spaceId: SPACE, mediaSpace: { id: NO_ID } } }),
  },
  [LIST]: { right: async () => ({ path: { spaceId: SPACE } }), status: 200 },
  [GET]: { ...ofMedia(startedByAda), status: 200 },
  "DELETE /api/spaces/{spaceId}/media/{id}": { ...ofMedia(canceledByAda), status: 204 },
  [CANCEL]: { ...ofMedia(startedByAda), status: 200 },
  "POST /api/uploads": { right: async () => ({ body: { size: 1000 } }), status: 201 },
  "POST /api/uploads/{id}/check": {
    right: async () => ({ path: { id: await uploadedByAda() } }),
    status: 200,
    missing: () => ({ path: { id: NO_ID } }),
  },
  "POST /api/keys": { right: async () => ({ body: { name: "shop" } }), status: 201 },
  "GET /api/keys": { right: async () => ({}), status: 200 },
  "DELETE /api/keys/{id}": {
    right: async () => ({
      path: { id: (await call("POST /api/keys", { body: { name: "shop" } }, ada)).json.data?.key?.id ?? "" },
    }),
    status: 204,
    missing: () => ({ path: { id: "0".repeat(20) } }),
  },
  "GET /api/models": { right: async () => ({}), status: 200 },
  "POST /api/webhooks": { right: async () => ({ body: { url: "https://shop.example/hooks" } }), status: 201 },
  "GET /api/webhooks": { right: async () => ({}), status: 200 },
  "GET /api/webhooks/{id}": { ...ofWebhook, status: 200 },
  "PATCH /api/webhooks/{id}": {
    ...ofWebhook,
    right: async () => ({ ...(await ofWebhook.right()), body: { enabled: false } }),
    missing: () => ({ path: { id: NO_ID }, body: { enabled: false } }),
    status: 200,
  },
  "DELETE /api/webhooks/{id}": { ...ofWebhook, status: 204 },
  "POST /api/webhooks/{id}/rotate-secret": { ...ofWebhook, status: 200 },
  "POST /api/webhooks/{id}/test": { ...ofWebhook, status: 202 },
  "GET /api/webhooks/{id}/deliveries": { ...ofWebhook, status: 200 },
  "POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver": {
    right: async () => {
      const id = await webhookOfAda();
      return { path: { id, deliveryId: await keptDelivery(id) } };
    },
    missing: ({ path }) => ({ path: { ...path, id: NO_ID } }),
    status: 202,
  },
  "GET /api/pricing": { right: async () => ({}), status: 200 },
  "GET /api/budget": { right: async () => ({}), status: 200 },
  "GET /api/spaces": { right: async () => ({}), status: 200 },
  "GET /api/spending": { right: async () => ({}), status: 200 },
  "GET /api/timings": { right: async () => ({}), status: 200 },
  "POST /webhooks/fal/{token}": {
    // Of a record that is gone: proven, and without effect.
    right: async () => reportOf("019b76da-a800-7000-8000-00000000dead", secretNamed("WebhookSecret")),
    status: 200,
  },
  "POST /v1/videos": {
    right: async () => ({
      body: { prompt: "Waves.", input_reference: { image_url: "https://pictures.example/beach.jpg" } },
    }),
    status: 200,
  },
  "GET /v1/videos": { right: async () => ({}), status: 200 },
  "GET /v1/videos/{id}": { ...ofVideo(startedByAda), status: 200 },
  // What is not finished has no content yet.
  "GET /v1/videos/{id}/content": { ...ofVideo(startedByAda), status: 409 },
  "DELETE /v1/videos/{id}": { ...ofVideo(canceledByAda), status: 200 },
  "POST /mcp": {
    right: async () => ({
      body: { jsonrpc: "2.0", id: 1, method: "tools/list" },
      headers: { accept: "application/json, text/event-stream" },
    }),
    status: 200,
  },
  // There are no sessions to listen to, or to end.
  "GET /mcp": { right: async () => ({}), status: 405 },
  "DELETE /mcp": { right: async () => ({}), status: 405 },
  "GET /sources/{name}": { right: async () => ({ path: { name: SOURCE } }), status: 200 },
  "GET /": { right: async () => ({}), status: 200 },
  "GET /docs": { right: async () => ({}), status: 200 },
  "GET /client.js": { right: async () => ({}), status: 200 },
  "GET /assets/{name}": { right: async () => ({ path: { name: "none.js" } }), status: 404 },
  "GET /openapi.json": { right: async () => ({}), status: 200 },
  "GET /llms.txt": { right: async () => ({}), status: 200 },
  "GET /health": { right: async () => ({}), status: 200 },
};

/** Open to every caller that knows the address, and why that is right. Nothing else is. */
const OPEN: Record<string, string> = {
  "GET /api/models": "the catalogue",
  "GET /api/pricing": "a price list",
  "POST /webhooks/fal/{token}": "fal proves itself by its signature, and the address by ours",
  "GET /sources/{name}": "128 random bits are in the name",
  "GET /": "a page without data",
  "GET /docs": "a page without data",
  "GET /client.js": "a page without data",
  "GET /assets/{name}": "a page without data",
  "GET /openapi.json": "the contract",
  "GET /llms.txt": "the contract, for models",
  "GET /health": "that it answers",
};

const entryOf = ({ route }: Route): Entry => {
  const entry = ENTRIES[route];
  if (!entry) throw new Error(`${route} has no entry: say here what is right on it, and who may not.`);
  return entry;
};
const closed = ROUTES.filter(({ access }) => access !== "open");
function scopeOf({ access, route }: Route): Scope {
  if (access === "open") throw new Error(`${route} is open.`);
  return access;
}

it("every route has an entry, and those that are open are meant to be", () => {
  expect(Object.keys(ENTRIES).toSorted()).toEqual(ROUTES.map(({ route }) => route).toSorted());
  const open = ROUTES.filter(({ access }) => access === "open").map(({ route }) => route);
  expect(open.toSorted()).toEqual(Object.keys(OPEN).toSorted());
});

describe.each(ROUTES)("$route", (route) => {
  it("answers the right request", async () => {
    const { right, status } = entryOf(route);
    const token = route.access === "open" ? undefined : ada;
    expect((await call(route.route, await right(), token)).status).toBe(status);
  });
});

describe.each(closed)("$route refuses a caller", (route) => {
  it("without a token, or with one that is wrong", async () => {
    const right = await entryOf(route).right();
    const wrong = await issuer.wrongTokens({ sub: "ada", tenant: "acme", scope: BOTH });
    const answers: Record<string, unknown> = { "no token": await call(route.route, right) };
    for (const [name, token] of Object.entries(wrong)) answers[name] = await call(route.route, right, token);
    for (const [name, answer] of Object.entries(answers))
      expect([name, answer]).toMatchObject([name, { status: 401, json: { code: "unauthorized" } }]);
    // None of them has done anything: the right token is answered as if it were the first.
    expect((await call(route.route, right, ada)).status).toBe(entryOf(route).status);
  });

  it("whose token names no tenant", async () => {
    const right = await entryOf(route).right();
    for (const claims of [{ scope: BOTH }, { scope: BOTH, tenant: "", sub: "ada" }, { scope: BOTH, tenant: "acme" }]) {
      const answer = await call(route.route, right, await issuer.token(claims));
      expect(answer).toMatchObject({ status: 401, json: { code: "unauthorized" } });
    }
  });

  it("without the scope that it needs", async () => {
    const right = await entryOf(route).right();
    const [needed, other] = route.access === "read" ? ["read", "write"] : ["write", "read"];
    for (const scope of [
      undefined,
      "",
      `media.${other}`,
      `media.${needed}x`,
      `media`,
      `MEDIA.${needed}`,
      `openid ${other}`,
    ]) {
      const token = await issuer.token({ sub: "ada", tenant: "acme", scope });
      const answer = await call(route.route, right, token);
      expect([scope, answer.status, answer.json.code]).toEqual([scope, 403, "missing_scope"]);
    }
    const enough = await issuer.token({ sub: "ada", tenant: "acme", scope: `openid media.${needed}` });
    expect((await call(route.route, right, enough)).status).toBe(entryOf(route).status);
  });
});

describe.runIf(AUTH === "jwt,keys")("keys", () => {
  const keys = async () => (await import("../../shared/services/api-keys.ts")).keyDeps();
  /** A key as an operator makes it. */
  const made = async (tenantId: string, scopes?: Scope[]) =>
    createKey(await keys(), { tenantId, name: "shop", ...(scopes && { scopes }) });
  const secretOf = (bearer: string) => bearer.split("_")[2] ?? "";

  /** Keys of Ada's tenant, and what looks like one, that are refused, by what is wrong with them. */
  async function wrongKeys(scope: Scope): Promise<Record<string, string>> {
    const { keys: store } = await keys();
    const [right, expired, revoked] = [
      await made("acme", [scope]),
      await made("acme", [scope]),
      await made("acme", [scope]),
    ];
    await store.remove(expired.key.id, undefined);
    await store.add({ ...expired.key, expiresAt: new Date(Date.now() - 1).toISOString() });
    await store.remove(revoked.key.id, "acme");
    const ofEve = await made("evil", [scope]);
    return {
      expired: expired.bearer,
      revoked: revoked.bearer,
      "altered in its last digit": right.bearer.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
      "with the secret of another tenant's key": `km_${right.key.id}_${secretOf(ofEve.bearer)}`,
      "of an id that there is not": `km_${"0".repeat(20)}_${secretOf(right.bearer)}`,
      "with its hash for its secret": `km_${right.key.id}_${right.key.secretHash}`,
      "without its secret": `km_${right.key.id}`,
      "in capitals": right.bearer.toUpperCase(),
    };
  }

  it.each(closed)("$route answers the right request with a key of its scope", async (route) => {
    const { right, status } = entryOf(route);
    const { bearer } = await made("acme", [scopeOf(route)]);
    expect((await call(route.route, await right(), bearer)).status).toBe(status);
  });

  it.each(closed)("$route answers a key that is wrong as it answers a wrong token", async (route) => {
    const right = await entryOf(route).right();
    const toToken = await call(route.route, right, "hello");
    expect(toToken).toMatchObject({ status: 401, json: { code: "unauthorized" } });
    for (const [name, bearer] of Object.entries(await wrongKeys(scopeOf(route))))
      expect([name, await call(route.route, right, bearer)]).toEqual([name, toToken]);
    // None of them has done anything.
    expect((await call(route.route, right, ada)).status).toBe(entryOf(route).status);
  });

  it.each(closed)("$route refuses a key with all scopes but the one that it needs", async (route) => {
    const right = await entryOf(route).right();
    const others = SCOPES.filter((scope) => scope !== scopeOf(route));
    const { status, json } = await call(route.route, right, (await made("acme", others)).bearer);
    expect([status, json.code]).toEqual([403, "missing_scope"]);
    expect((await call(route.route, right, ada)).status).toBe(entryOf(route).status);
  });

  it.each(ROUTES.filter(({ route }) => ENTRIES[route]?.missing !== undefined))(
    "$route answers another tenant's key as if there were no such thing, byte for byte",
    async (route) => {
      const { right, missing, status } = entryOf(route);
      const ofAda = await right();
      const { bearer } = await made("evil", [...SCOPES]);
      const onAda = await call(route.route, ofAda, bearer);
      expect(onAda.status).toBe(404);
      expect(onAda).toEqual(await call(route.route, missing?.(ofAda) ?? {}, bearer));
      expect((await call(route.route, ofAda, ada)).status).toBe(status);
    },
  );

  it("list and make keys of their own tenant alone", async () => {
    const admin = await made("evil", ["admin"]);
    const { json } = await call("POST /api/keys", { body: { name: "mine", tenantId: "acme" } }, admin.bearer);
    const own = (await call("GET /api/keys", {}, admin.bearer)).json.data?.items ?? [];
    expect(own.map(({ id }) => id)).toEqual(expect.arrayContaining([json.data?.key?.id, admin.key.id]));
    const ofAda = (await call("GET /api/keys", {}, ada)).json.data?.items ?? [];
    expect(ofAda.map(({ id }) => id)).not.toContain(admin.key.id);
  });

  it("are who has started a generation: by their id and their name", async () => {
    const { key, bearer } = await made("acme");
    const { json } = await call(ENHANCE, { body: request }, bearer);
    expect(json.data?.mediaSpace?.uploadedBy).toBe(`key:${key.id}/shop`);
  });
});

describe("another tenant, with a right token of their own,", () => {
  const onThings = ROUTES.filter(({ route }) => ENTRIES[route]?.missing !== undefined);

  it.each(onThings)("is answered on $route as if there were no such thing, byte for byte", async (route) => {
    const { right, missing, status } = entryOf(route);
    const ofAda = await right();
    const onAda = await call(route.route, ofAda, eve);
    const onNothing = await call(route.route, missing?.(ofAda) ?? {}, eve);
    expect(onAda.status).toBe(404);
    expect(onAda).toEqual(onNothing);
    // Ada herself, in another space, finds nothing either.
    if (ofAda.path?.["spaceId"] !== undefined) {
      const elsewhere = { ...ofAda, path: { ...ofAda.path, spaceId: "elsewhere" } };
      expect(await call(route.route, elsewhere, ada)).toEqual(onNothing);
    }
    expect((await call(route.route, ofAda, ada)).status).toBe(status);
  });

  it("finds a space of the same name empty, and its own things in it alone", async () => {
    await startedByAda();
    expect((await call(LIST, { path: { spaceId: SPACE } }, eve)).json.data).toEqual({ items: [] });
    const { json } = await call(ENHANCE, { body: { ...request, tenantId: "acme", uploadedBy: "ada" } }, eve);
    expect(json.data?.mediaSpace?.uploadedBy).toBe("eve");
    const items = (await call(LIST, { path: { spaceId: SPACE } }, eve)).json.data?.items ?? [];
    expect(items.map(({ id }) => id)).toEqual([json.data?.mediaSpace?.id]);
  });

  it("sees none of Ada's spaces", async () => {
    await startedByAda();
    const ofEve = (await call("GET /api/spaces", {}, eve)).json.data?.items ?? [];
    expect((await call("GET /api/spaces", {}, ada)).json.data?.items?.map(({ id }) => id)).toContain(SPACE);
    await call(ENHANCE, { body: { ...request, spaceId: "of-eve" } }, eve);
    const after = (await call("GET /api/spaces", {}, eve)).json.data?.items ?? [];
    expect(after.map(({ id }) => id).toSorted()).toEqual([...ofEve.map(({ id }) => id), "of-eve"].toSorted());
  });

  it("cannot use Ada's cursor, nor make one, nor use its own in another space", async () => {
    const path = { spaceId: SPACE };
    const older = await startedByAda();
    const id = await startedByAda();
    const cursor = (await call(LIST, { path, query: { limit: "1" } }, ada)).json.data?.nextCursor ?? "";
    expect((await call(LIST, { path, query: { cursor } }, ada)).status).toBe(200);
    const nothing = await call(LIST, { path, query: { cursor: `bm90aGluZw.${"A".repeat(43)}` } }, eve);
    expect(nothing).toMatchObject({ status: 400, json: { code: "invalid_request" } });
    expect(await call(LIST, { path, query: { cursor } }, eve)).toEqual(nothing);
    expect(await call(LIST, { path: { spaceId: "elsewhere" }, query: { cursor } }, ada)).toEqual(nothing);
    const forged = [
      listCursor("another secret", { tenantId: "acme", spaceId: SPACE, mediaId: id }),
      `${Buffer.from(older).toString("base64url")}.${cursor.split(".")[1]}`,
      `${cursor.split(".")[0]}.${"A".repeat(43)}`,
    ];
    for (const cursorOfOurs of forged) {
      expect(await call(LIST, { path, query: { cursor: cursorOfOurs } }, ada)).toEqual(nothing);
    }
  });

  it("has an Idempotency-Key of its own, though it is the same", async () => {
    const headers = { "idempotency-key": "the-same" };
    const first = await call(ENHANCE, { body: request, headers }, ada);
    const other = await call(ENHANCE, { body: request, headers }, eve);
    expect([first.status, other.status]).toEqual([202, 202]);
    expect(other.json.data?.mediaSpace).toMatchObject({ uploadedBy: "eve" });
    expect(other.json.data?.mediaSpace?.id).not.toBe(first.json.data?.mediaSpace?.id);
    const different = { ...request, context: "Something else." };
    expect((await call(ENHANCE, { body: different, headers: { "idempotency-key": "ada's" } }, ada)).status).toBe(202);
    expect((await call(ENHANCE, { body: request, headers: { "idempotency-key": "ada's" } }, eve)).status).toBe(202);
  });

  it("cannot start anything from Ada's upload", async () => {
    const link = `upload:${await uploadedByAda()}`;
    const body = { ...request, mediaSpace: { media: { image: { link } } } };
    const { status, json } = await call(ENHANCE, { body }, eve);
    // Whether it is there is found out by the submit, in the tenant's own folder; the file adapter's tests hold that.
    expect(status).toBe(202);
    expect(JSON.stringify(json)).not.toContain(link);
  });
});

describe("a webhook", () => {
  const HOOK = "POST /webhooks/fal/{token}";

  it("that is not fal's, or whose address is not ours, is refused, and changes nothing", async () => {
    const id = await startedByAda();
    const before = await call(GET, { path: { spaceId: SPACE, id } }, ada);
    const right = await reportOf(id, secretNamed("WebhookSecret"));
    const stranger = new WebhookSigner();
    const body = right.rawBody ?? "";
    const hostile: Record<string, Call> = {
      "an address signed with another secret": await reportOf(id, "another secret"),
      "an address without its proof": { ...right, path: { token: right.path?.["token"]?.split(".")[0] ?? "" } },
      "no signature": { ...right, headers: {} },
      "a stranger's signature": { ...right, headers: stranger.headers(body, Date.now()) },
      "an old signature": { ...right, headers: signer.headers(body, Date.now() - 3_600_000) },
      "another body": { ...right, rawBody: webhookBody("r2") },
      "a token of Eve's in its place": { path: { token: eve }, rawBody: body, headers: right.headers ?? {} },
    };
    for (const [name, report] of Object.entries(hostile)) {
      expect([name, await call(HOOK, report)]).toMatchObject([
        name,
        { status: 401, json: { code: "webhook_refused" } },
      ]);
    }
    expect(await call(GET, { path: { spaceId: SPACE, id } }, ada)).toEqual(before);
  });
});

describe("a machine's token, by client credentials,", () => {
  it("names its tenant, and its client where there is no person", async () => {
    const token = await issuer.token({ tenant: "acme", client_id: "importer", scope: "media.write" });
    const { status, json } = await call(ENHANCE, { body: request }, token);
    expect([status, json.data?.mediaSpace?.uploadedBy]).toEqual([202, "importer"]);
  });

  it("may be meant for us by its client_id, where it has no audience", async () => {
    const token = await issuer.token({ tenant: "acme", client_id: AUDIENCE, aud: undefined, scope: "media.write" });
    expect((await call(ENHANCE, { body: request }, token)).status).toBe(202);
  });

  it("has its scopes in a list as well", async () => {
    const token = await issuer.token({ tenant: "acme", sub: "m", scope: ["openid", "media.write"] });
    expect((await call(ENHANCE, { body: request }, token)).status).toBe(202);
  });
});
