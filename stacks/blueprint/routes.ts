// Every HTTP route, as plain data: which function answers it, who may call it, how large the function is and what it may touch.
// Read by the cloud and by the local machine alike.
import { API_SECONDS, API_SIZE, type FunctionPlan } from "./function-plan.ts";

export interface Route {
  /** Method and path in the notation of API Gateway's HTTP API. */
  route: string;
  /** The function, as the path of its file. */
  handler: string;
  /** `open` routes carry their own proof (a token or a signature in the URL) or reveal nothing. */
  access: "read" | "write" | "admin" | "open";
  /**
   * The function judges the caller itself, and the gateway lets all pass: the clients it is for want a refusal in a shape that API
   * Gateway cannot give (a body of theirs, or `WWW-Authenticate`).
   */
  judgedByFunction?: true;
}

/** What one route is: all that is said of it here. */
type RouteEntry = Omit<Route, "route"> & FunctionPlan;

/** Of the tools of agents: the calls that read and those that write come over one address. */
const AGENTS = {
  handler: "functions/api/serve-agents.handler",
  access: "read",
  judgedByFunction: true,
  ...API_SIZE,
  links: [
    "Media.get",
    "Media.list",
    "Media.put",
    "Media.update",
    "Generation.start",
    "Bus.publish",
    "MediaFiles.link",
    "FalKey",
    "ApiKeys.get",
    "ApiKeys.noteUse",
  ],
} as const satisfies RouteEntry;

/** Of what another's clients call: their shapes, and callers judged by the function. */
const FOREIGN = { judgedByFunction: true, ...API_SIZE } as const;
/** What that takes. */
const JUDGING = ["ApiKeys.get", "ApiKeys.noteUse"] as const;

const CONSOLE = {
  handler: "functions/web/serve-console.handler",
  access: "open",
  ...API_SIZE,
  links: [],
  copy: [".web"],
} as const satisfies RouteEntry;

/** By method and path. What callers read of it stands under the same key in `stacks/web/api/operations.ts`. */
const ROUTE_TABLE = {
  "POST /api/media/enhance": {
    handler: "functions/api/enhance-media.handler",
    access: "write",
    ...API_SIZE,
    // No files: a new generation has none yet, and a replay shows it as it was then.
    links: ["Media.get", "Media.put", "Media.update", "Generation.start"],
  },
  "POST /api/media/check-generation": {
    handler: "functions/api/check-generation.handler",
    access: "read",
    ...API_SIZE,
    // Writes once in the life of a record: when it takes over a job that the original application began.
    links: ["Media.get", "Media.update", "MediaFiles.link"],
  },
  "GET /api/spaces": {
    handler: "functions/api/list-spaces.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.list"],
  },
  "GET /api/spaces/{spaceId}/media": {
    handler: "functions/api/list-media.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.list", "MediaFiles.link", "CursorSecret"],
  },
  "GET /api/spaces/{spaceId}/media/{id}": {
    handler: "functions/api/get-media.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.get", "MediaFiles.link"],
  },
  "DELETE /api/spaces/{spaceId}/media/{id}": {
    handler: "functions/api/delete-media.handler",
    access: "write",
    ...API_SIZE,
    links: ["Media.get", "Media.update", "Bus.publish", "MediaFiles.delete"],
  },
  "POST /api/spaces/{spaceId}/media/{id}/cancel": {
    handler: "functions/api/cancel-generation.handler",
    access: "write",
    ...API_SIZE,
    links: ["Media.get", "Media.update", "Bus.publish", "MediaFiles.linkSource", "FalKey"],
  },
  "POST /api/uploads": {
    handler: "functions/api/upload-image.handler",
    access: "write",
    ...API_SIZE,
    links: ["MediaFiles.takeUpload"],
  },
  "POST /api/uploads/{id}/check": {
    handler: "functions/api/check-upload.handler",
    access: "write",
    // It decodes what submit-generation decodes.
    memoryMb: 1536,
    timeoutSeconds: API_SECONDS,
    links: ["MediaFiles.readUpload"],
    install: ["sharp"],
  },
  "GET /api/models": {
    handler: "functions/api/report-models.handler",
    access: "open",
    ...API_SIZE,
    links: [],
  },
  "GET /api/pricing": {
    handler: "functions/api/report-pricing.handler",
    access: "open",
    ...API_SIZE,
    links: [],
  },
  "GET /api/timings": {
    handler: "functions/api/report-timings.handler",
    access: "read",
    ...API_SIZE,
    links: ["Timings.list"],
  },
  "GET /api/budget": {
    handler: "functions/api/report-budget.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.get"],
  },
  "GET /api/spending": {
    handler: "functions/api/report-spending.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.list"],
  },
  "POST /api/keys": {
    handler: "functions/api/create-api-key.handler",
    access: "admin",
    ...API_SIZE,
    links: ["ApiKeys.list", "ApiKeys.add"],
  },
  "GET /api/keys": {
    handler: "functions/api/list-api-keys.handler",
    access: "admin",
    ...API_SIZE,
    links: ["ApiKeys.list"],
  },
  "DELETE /api/keys/{id}": {
    handler: "functions/api/revoke-api-key.handler",
    access: "admin",
    ...API_SIZE,
    links: ["ApiKeys.remove"],
  },
  "POST /api/webhooks": {
    handler: "functions/api/create-webhook.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Media.list", "Media.put", "SealSecret"],
  },
  "GET /api/webhooks": {
    handler: "functions/api/list-webhooks.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.list"],
  },
  "GET /api/webhooks/{id}": {
    handler: "functions/api/get-webhook.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.get"],
  },
  "PATCH /api/webhooks/{id}": {
    handler: "functions/api/change-webhook.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Media.get", "Media.update"],
  },
  "DELETE /api/webhooks/{id}": {
    handler: "functions/api/delete-webhook.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Webhooks.delete"],
  },
  "POST /api/webhooks/{id}/rotate-secret": {
    handler: "functions/api/rotate-secret.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Media.get", "Media.update", "SealSecret"],
  },
  "POST /api/webhooks/{id}/test": {
    handler: "functions/api/test-webhook.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Media.get", "Media.put", "Bus.publish"],
  },
  "GET /api/webhooks/{id}/deliveries": {
    handler: "functions/api/list-deliveries.handler",
    access: "read",
    ...API_SIZE,
    links: ["Media.get", "Media.list"],
  },
  "POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver": {
    handler: "functions/api/redeliver-webhook.handler",
    access: "admin",
    ...API_SIZE,
    links: ["Media.get", "Media.put", "Bus.publish"],
  },
  "POST /v1/videos": {
    handler: "functions/api/create-video.handler",
    access: "write",
    ...FOREIGN,
    links: ["Media.get", "Media.put", "Media.update", "Generation.start", "MediaFiles.takeUpload", ...JUDGING],
  },
  "GET /v1/videos": {
    handler: "functions/api/list-videos.handler",
    access: "read",
    ...FOREIGN,
    links: ["Media.list", ...JUDGING],
  },
  "GET /v1/videos/{id}": {
    handler: "functions/api/get-video.handler",
    access: "read",
    ...FOREIGN,
    links: ["Media.get", ...JUDGING],
  },
  "GET /v1/videos/{id}/content": {
    handler: "functions/api/get-video-content.handler",
    access: "read",
    ...FOREIGN,
    links: ["Media.get", "MediaFiles.link", ...JUDGING],
  },
  "DELETE /v1/videos/{id}": {
    handler: "functions/api/delete-video.handler",
    access: "write",
    ...FOREIGN,
    links: ["Media.get", "Media.update", "Bus.publish", "MediaFiles.delete", ...JUDGING],
  },
  "POST /mcp": AGENTS,
  "GET /mcp": AGENTS,
  "DELETE /mcp": AGENTS,
  "POST /webhooks/fal/{token}": {
    handler: "functions/events/receive-fal-webhook.handler",
    access: "open",
    ...API_SIZE,
    links: ["Media.get", "Media.update", "Bus.publish", "Generation.start", "WebhookSecret", "FalKey"],
  },
  "GET /sources/{name}": {
    handler: "functions/api/serve-source.handler",
    access: "open",
    ...API_SIZE,
    links: ["MediaFiles.serveSource"],
  },
  "GET /": CONSOLE,
  "GET /docs": CONSOLE,
  "GET /client.js": CONSOLE,
  "GET /assets/{name}": CONSOLE,
  "GET /openapi.json": CONSOLE,
  "GET /llms.txt": CONSOLE,
  "GET /health": {
    handler: "functions/api/report-health.handler",
    access: "open",
    ...API_SIZE,
    links: ["Media.get"],
  },
} as const satisfies Record<string, RouteEntry>;
export type RouteKey = keyof typeof ROUTE_TABLE;

export const ROUTES: readonly (Route & { route: RouteKey })[] = keysOf(ROUTE_TABLE).map((route) => {
  const { handler, access, judgedByFunction }: RouteEntry = ROUTE_TABLE[route];
  return { route, handler, access, ...(judgedByFunction && { judgedByFunction }) };
});

/** Whether the gateway asks who calls. */
export function isJudgedByGateway({ access, judgedByFunction }: Route): boolean {
  return access !== "open" && !judgedByFunction;
}

/** The functions behind the routes, by the path of their files. */
export const ROUTE_FUNCTIONS: Readonly<Record<string, FunctionPlan>> = Object.fromEntries(
  Object.values(ROUTE_TABLE).map((entry) => [entry.handler, entry]),
);

function keysOf<T extends object>(table: T): (keyof T)[] {
  return Object.keys(table).filter((key): key is Extract<keyof T, string> => key in table);
}

/** Beside them, for what watches whether a page or a picture is there: HTTP APIs answer no HEAD by their GET. */
export const HEAD_ROUTES: readonly Route[] = ["/", "/health", "/sources/{name}"].flatMap((path) =>
  ROUTES.filter(({ route }) => route === `GET ${path}`).map((it) => ({ ...it, route: `HEAD ${path}` })),
);

/** Beside them under `sst dev`: what the test mode's placeholder videos are fetched from. */
export const DEVELOPMENT_ROUTES: readonly Route[] = [
  { route: "GET /samples/{name}", handler: "functions/web/serve-sample.handler", access: "open" },
];

/** Authorizes every route that is not open, where AUTH includes keys; API Gateway's own authorizer knows tokens alone. */
export const AUTHORIZER = "functions/api/authorize-caller.handler";
/** How long the gateway may keep its answer: with the time it takes, a revoked key is refused within a minute. */
export const AUTHORIZER_CACHE_SECONDS = 50;

interface Cors {
  methods: ("GET" | "POST" | "PATCH" | "DELETE")[];
  headers: string[];
  exposedHeaders: string[];
  maxAgeSeconds: number;
}

/** Headers that a page's tracing adds to each of its calls (W3C Trace Context, Sentry, Datadog): if refused, every call fails. */
const TRACING_HEADERS = [
  "traceparent",
  "tracestate",
  "baggage",
  "sentry-trace",
  "x-datadog-origin",
  "x-datadog-parent-id",
  "x-datadog-sampling-priority",
  "x-datadog-tags",
  "x-datadog-trace-id",
];

/** What a page of a listed origin may send, and read of the answer. */
export const CORS: Cors = {
  methods: ["GET", "POST", "PATCH", "DELETE"],
  headers: ["authorization", "content-type", "idempotency-key", "x-space-id", ...TRACING_HEADERS],
  exposedHeaders: ["idempotent-replayed", "retry-after", "apigw-requestid"],
  maxAgeSeconds: 3600,
};
