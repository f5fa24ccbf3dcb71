// A simulated fal: the queue, the files, the webhooks and the platform API of fal.ai over HTTP, with faults on request.
import { randomInt } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { answerBillingEvents, type Charge } from "./bill.ts";
import { answerControl, welcome } from "./control-api.ts";
import { type FaultOrder, FaultOrderError } from "./faults.ts";
import { serveFile } from "./files.ts";
import { hasKey, isAdminKey, reply } from "./http.ts";
import type { Job } from "./jobs.ts";
import { requestHistory } from "./platform.ts";
import { answerQueue } from "./queue-api.ts";
import { mulberry32 } from "./random.ts";
import { createSigningKeys, type WebhookCall } from "./webhooks.ts";
import { createWorld, type FalSimulatorOptions, type ReceivedRequest, type World } from "./world.ts";

const REQUESTS_REMEMBERED = 50_000;

export interface FalSimulator {
  /** Its origin: FAL_QUEUE_URL and FAL_PLATFORM_URL; `${url}/.well-known/jwks.json` is FAL_WEBHOOK_JWKS_URL. */
  url: string;
  seed: number;
  /** Every job ever taken, oldest first: two for one video means paid twice. */
  jobs: () => Readonly<Job>[];
  /** Every HTTP call received, oldest first, the control endpoints apart. */
  requests: () => ReceivedRequest[];
  webhooks: () => WebhookCall[];
  /** Puts an entry on the bill, of a job that there need not be. */
  charge: (charge: Charge) => void;
  /** Arms a fault; throws `FaultOrderError` when there is no such fault. */
  arm: (order: FaultOrder) => void;
  /** Disarms the faults and leaves everything else as it is. */
  disarm: () => void;
  /** Forgets jobs, calls, webhooks and faults. */
  reset: () => void;
  /** Waits for what is under way (fetching images, posting webhooks); timers that are not due do not count. */
  settled: () => Promise<void>;
  close: () => Promise<void>;
}

/** Starts the simulator; it listens when the promise resolves. */
export async function startFalSimulator(options: FalSimulatorOptions = {}): Promise<FalSimulator> {
  const seed = options.seed ?? randomInt(2 ** 31);
  const random = mulberry32(seed);
  const keys = createSigningKeys();
  const openWorld = () => createWorld(options, random, keys);
  let world = openWorld();

  const server = createServer((req, res) => {
    route(world, req, res, reset).catch((error: unknown) => {
      // A misspelt fault that did nothing would be taken for a fault that was survived.
      if (error instanceof FaultOrderError) reply(res, 400, { detail: error.message });
      else res.destroy();
    });
  });
  // Pollers keep their connections; five seconds of Node's default would drop some of them in the middle of a call.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  function reset(): void {
    world.stop();
    world = openWorld();
  }

  return {
    url: `http://${options.host ?? "127.0.0.1"}:${port}`,
    seed,
    jobs: () => world.jobs.list(),
    requests: () => [...world.requests],
    webhooks: () => world.webhooks.list(),
    charge: (charge) => world.charges.add(charge),
    arm: (order) => void world.faults.arm(order),
    disarm: () => world.faults.disarm(),
    reset,
    settled: () => world.agenda.settled(),
    async close() {
      world.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function route(world: World, req: IncomingMessage, res: ServerResponse, reset: () => void): Promise<void> {
  const { pathname, searchParams: query } = new URL(`http://simulator${req.url ?? "/"}`);
  const segments = pathname.split("/").filter((segment) => segment !== "");
  if (segments[0] === "__simulator") return answerControl(world, req, res, segments[1], reset);
  if (segments.length === 0) return void res.writeHead(200, { "content-type": "text/plain" }).end(welcome());

  const received: ReceivedRequest = { at: world.agenda.now(), method: req.method ?? "GET", path: req.url ?? "/" };
  world.requests.push(received);
  if (world.requests.length > REQUESTS_REMEMBERED) world.requests.shift();

  if (pathname === "/.well-known/jwks.json") {
    if (world.faults.take("jwks")) return reply(res, 503, { detail: "Service Unavailable" });
    return reply(res, 200, world.keys.jwks(), { "cache-control": "public, max-age=86400" });
  }
  if (segments[0] === "files") {
    const job = world.jobs.find(segments[1]?.replace(/\.(mp4|jpg)$/, "") ?? "");
    if (job === undefined) return reply(res, 404, { detail: "Not Found" });
    received.requestId = job.requestId;
    return serveFile(req, res, job, world.faults, world.agenda);
  }

  if (segments[0] === "v1") return platform(world, req, res, pathname, query);
  return answerQueue(world, req, res, segments, query, received);
}

function platform(
  world: World,
  req: IncomingMessage,
  res: ServerResponse,
  pathname: string,
  query: URLSearchParams,
): void {
  if (!hasKey(req)) return reply(res, 401, { error: { type: "authorization_error", message: "Missing API key" } });
  const now = world.agenda.now();
  if (pathname === "/v1/models/requests/by-endpoint") {
    const strike = world.faults.take("history");
    if (strike?.name === "history-500") {
      return reply(res, 500, { error: { type: "server_error", message: "Internal server error" } });
    }
    return reply(res, 200, requestHistory(strike ? [] : world.jobs.list(), query, now));
  }
  if (pathname === "/v1/models/billing-events") {
    const { status, body } = answerBillingEvents(world.charges.list(), query, { now, isAdmin: isAdminKey(req) });
    return reply(res, status, body);
  }
  reply(res, 404, { error: { type: "not_found", message: "Not found" } });
}
