// The HTTP API: a route per handler, closed to callers without a token, throttled for callers that send too much.
import {
  AUTHORIZER,
  AUTHORIZER_CACHE_SECONDS,
  CORS,
  DEVELOPMENT_ROUTES,
  HEAD_ROUTES,
  isJudgedByGateway,
  ROUTES,
  type Route,
} from "./blueprint/routes.ts";
import type { Functions } from "./functions.ts";
import type { Identity } from "./identity.ts";
import type { Settings } from "./settings.ts";

/** Requests a second and at once, over all callers of a stage; each route its share by what a call costs. */
const STAGE_LIMIT = { rate: 200, burst: 400 };
const ROUTE_LIMITS: Record<Route["access"], { rate: number; burst: number }> = {
  // One start spends $0.28 to $2.80.
  write: { rate: 10, burst: 20 },
  read: { rate: 100, burst: 200 },
  admin: { rate: 10, burst: 20 },
  // Callers without sign-in: fal, probes, strangers.
  open: { rate: 50, burst: 100 },
};

export interface Api {
  url: $util.Output<string>;
  gateway: sst.aws.ApiGatewayV2;
  /** Tells the stage that the routes exist whose limits it holds. */
  routesAreMade: (routes: $util.Input<aws.apigatewayv2.Route>[]) => void;
}

/** The API without its routes: the functions need its address before they can be its routes. */
export function createApi(settings: Settings): Api {
  // API Gateway refuses limits for routes it does not know: the stage is made after them.
  const routes = Promise.withResolvers<$util.Input<aws.apigatewayv2.Route>[]>();
  const gateway = new sst.aws.ApiGatewayV2("Api", {
    ...(settings.domain === undefined ? {} : { domain: settings.domain }),
    cors:
      settings.corsOrigins.length === 0
        ? false
        : {
            allowOrigins: settings.corsOrigins,
            allowMethods: CORS.methods,
            allowHeaders: CORS.headers,
            exposeHeaders: CORS.exposedHeaders,
            maxAge: `${CORS.maxAgeSeconds} seconds`,
          },
    accessLog: { retention: "3 months" },
    transform: {
      stage: (stage, options) => {
        stage.accessLogSettings = $output(stage.accessLogSettings).apply((log) => ({
          destinationArn: log?.destinationArn ?? "",
          format: ACCESS_LOG_FORMAT,
        }));
        // No metrics by route: six for each would cost more than all the rest at rest; the access log has the routes.
        stage.defaultRouteSettings = {
          throttlingRateLimit: STAGE_LIMIT.rate,
          throttlingBurstLimit: STAGE_LIMIT.burst,
        };
        stage.routeSettings = routesOfStage().map(({ route, access }) => ({
          routeKey: route,
          throttlingRateLimit: ROUTE_LIMITS[access].rate,
          throttlingBurstLimit: ROUTE_LIMITS[access].burst,
        }));
        options.dependsOn = $output(routes.promise);
      },
    },
  });
  // Not `gateway.url`: with a domain that waits for the stage, which waits for the routes, which wait for this.
  const url = settings.domain === undefined ? gateway.nodes.api.apiEndpoint : $output(`https://${settings.domain}`);
  return { url, gateway, routesAreMade: routes.resolve };
}

/** No path and no query: the path of an image's route is its key. */
const ACCESS_LOG_FORMAT = JSON.stringify({
  time: "$context.requestTime",
  requestId: "$context.requestId",
  route: "$context.routeKey",
  status: "$context.status",
  milliseconds: "$context.responseLatency",
  functionMilliseconds: "$context.integration.latency",
  functionError: "$context.integration.error",
  authorizerError: "$context.authorizer.error",
  caller: "$context.authorizer.claims.sub",
  key: "$context.authorizer.keyId",
  ip: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
});

export function createRoutes(
  { gateway, routesAreMade }: Api,
  settings: Settings,
  identity: Identity | undefined,
  functions: Functions,
): void {
  const auth = authorizerOf(gateway, settings, identity, functions);
  const made = routesOfStage().map((entry) => {
    const { route, handler } = entry;
    const closed = isJudgedByGateway(entry) && auth;
    const { nodes } = gateway.route(route, functions(handler).arn, {
      name: routeName(route),
      ...(closed ? { auth: closed } : {}),
      transform: {
        // The gateway's largest; every function behind it ends a second or more before.
        integration: { timeoutMilliseconds: 30_000 },
      },
    });
    return nodes.route;
  });
  routesAreMade(made);
}

function routesOfStage(): readonly Route[] {
  return [...ROUTES, ...HEAD_ROUTES, ...($dev ? DEVELOPMENT_ROUTES : [])];
}

/** The gateway's own for tokens alone; ours as soon as there are keys, which the gateway's own cannot judge. */
function authorizerOf(
  gateway: Api["gateway"],
  { keys }: Settings,
  identity: Identity | undefined,
  functions: Functions,
) {
  if (keys) {
    const authorizer = gateway.addAuthorizer({
      name: "Callers",
      lambda: {
        function: functions(AUTHORIZER).arn,
        payload: "2.0",
        response: "simple",
        identitySources: ["$request.header.Authorization"],
        ttl: `${AUTHORIZER_CACHE_SECONDS} seconds`,
      },
    });
    return { lambda: authorizer.id };
  }
  if (!identity) return undefined;
  const jwt = { issuer: identity.issuer, audiences: identity.audiences };
  return { jwt: { authorizer: gateway.addAuthorizer({ name: "Callers", jwt }).id } };
}

/** What a deploy prints about who may call, and what to do first. */
export function accessInWords({ keys }: Settings, issuer: $util.Input<string> | undefined, stage: string) {
  const first = `npm run api-key -- create --tenant <tenant> --name <what it is for> --stage ${stage}`;
  if (issuer !== undefined && keys) return $interpolate`Callers need a token of ${issuer}, or a key: ${first}`;
  if (issuer !== undefined) return $interpolate`Callers need a token of ${issuer}.`;
  if (keys) return `Callers need a key. The first one: ${first}`;
  return "OPEN (AUTH=off): anyone who knows the address can spend your fal credit and see every video.";
}

/** `GET /api/spaces/{spaceId}/media` -> `GetApiSpacesSpaceIdMedia`. */
function routeName(route: string): string {
  return route
    .split(/[^A-Za-z0-9]+/)
    .map((word) => (/^[A-Z]+$/.test(word) ? word.toLowerCase() : word))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
