// Every HTTP route, as plain data: which function answers it and who may call it. Read by the cloud and by the local machine alike.

export interface Route {
  /** Method and path in the notation of API Gateway's HTTP API. */
  route: string;
  /** The function, as the path of its file. */
  handler: string;
  /** `open` routes carry their own proof (a token or a signature in the URL) or tell nothing. */
  access: "read" | "write" | "admin" | "open";
}

export const ROUTES: readonly Route[] = [
  { route: "POST /api/media/enhance", handler: "functions/api/enhance-media.handler", access: "write" },
  { route: "POST /api/media/check-generation", handler: "functions/api/check-generation.handler", access: "read" },
  { route: "GET /api/spaces/{spaceId}/media", handler: "functions/api/list-media.handler", access: "read" },
  { route: "GET /api/spaces/{spaceId}/media/{id}", handler: "functions/api/get-media.handler", access: "read" },
  {
    route: "DELETE /api/spaces/{spaceId}/media/{id}",
    handler: "functions/api/delete-media.handler",
    access: "write",
  },
  {
    route: "POST /api/spaces/{spaceId}/media/{id}/cancel",
    handler: "functions/api/cancel-generation.handler",
    access: "write",
  },
  { route: "POST /api/uploads", handler: "functions/api/upload-image.handler", access: "write" },
  { route: "POST /api/uploads/{id}/check", handler: "functions/api/check-upload.handler", access: "write" },
  { route: "GET /api/models", handler: "functions/api/report-models.handler", access: "open" },
  { route: "GET /api/pricing", handler: "functions/api/report-pricing.handler", access: "open" },
  { route: "GET /api/budget", handler: "functions/api/report-budget.handler", access: "read" },
  { route: "GET /api/timings", handler: "functions/api/report-timings.handler", access: "read" },
  { route: "POST /api/keys", handler: "functions/api/create-api-key.handler", access: "admin" },
  { route: "GET /api/keys", handler: "functions/api/list-api-keys.handler", access: "admin" },
  { route: "DELETE /api/keys/{id}", handler: "functions/api/revoke-api-key.handler", access: "admin" },
  { route: "POST /webhooks/fal/{token}", handler: "functions/events/receive-fal-webhook.handler", access: "open" },
  { route: "GET /sources/{name}", handler: "functions/api/serve-source.handler", access: "open" },
  { route: "GET /", handler: "functions/web/serve-console.handler", access: "open" },
  { route: "GET /docs", handler: "functions/web/serve-console.handler", access: "open" },
  { route: "GET /client.js", handler: "functions/web/serve-console.handler", access: "open" },
  { route: "GET /assets/{name}", handler: "functions/web/serve-console.handler", access: "open" },
  { route: "GET /openapi.json", handler: "functions/web/serve-console.handler", access: "open" },
  { route: "GET /health", handler: "functions/api/report-health.handler", access: "open" },
];

/** Beside them, for what watches whether a page or a picture is there: HTTP APIs answer no HEAD by their GET. */
export const HEAD_ROUTES: readonly Route[] = ["/", "/health", "/sources/{name}"].flatMap((path) =>
  ROUTES.filter(({ route }) => route === `GET ${path}`).map((it) => ({ ...it, route: `HEAD ${path}` })),
);

/** Beside them under `sst dev`: what the test mode's placeholder videos are fetched from. */
export const DEVELOPMENT_ROUTES: readonly Route[] = [
  { route: "GET /samples/{name}", handler: "functions/web/serve-sample.handler", access: "open" },
];

/** Asked who calls on every route that is not open, where AUTH has keys in it; API Gateway's own authorizer knows tokens alone. */
export const AUTHORIZER = "functions/api/authorize-caller.handler";
/** How long the gateway may keep its answer: with the time it takes, a revoked key is refused within a minute. */
export const AUTHORIZER_CACHE_SECONDS = 50;

interface Cors {
  methods: ("GET" | "POST" | "DELETE")[];
  headers: string[];
  exposedHeaders: string[];
  maxAgeSeconds: number;
}

/** What the tracing of a page adds to each of its calls (W3C Trace Context, Sentry, Datadog): refused, nothing works. */
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
  methods: ["GET", "POST", "DELETE"],
  headers: ["authorization", "content-type", "idempotency-key", ...TRACING_HEADERS],
  exposedHeaders: ["idempotent-replayed", "retry-after", "apigw-requestid"],
  maxAgeSeconds: 3600,
};
