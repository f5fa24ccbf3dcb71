// Every metric that is made of the log is made of a line that the code really writes: the domain is run, through the real logger,
// and the filters of the graph read what came out.
import { build } from "esbuild";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { createFalQueue } from "../../shared/adapters/fal-queue.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { startGeneration, type StartCommand } from "../../shared/generation/start.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { wakeGeneration } from "../../shared/generation/wake.ts";
import { ProviderUnavailableError } from "../../shared/media/errors.ts";
import { reconcilePage } from "../../shared/money/reconcile.ts";
import type { LogEvent } from "../../shared/media/log-events.ts";
import { MOVES } from "../../shared/media/moves.ts";
import { log } from "../../shared/services/log.ts";
import { FUNCTIONS, functionName } from "../../stacks/blueprint/functions.ts";
import { COUNTED_EVENTS } from "../../stacks/counted-events.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { completed, webhookWorld } from "../support/webhook-world.ts";
import { tellWebhooks } from "../../shared/webhooks/deliver.ts";
import { at, graphOf, ofType, resource, type Graph } from "../support/resource-graph.ts";

let graph: Graph;
beforeAll(async () => {
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "INFO");
  graph = await graphOf("production");
});

const generating = { phase: "generating", requestId: "r1", attempt: 1 } as const;
const command: StartCommand = {
  tenantId: "acme",
  spaceId: "beach",
  uploadedBy: "ada",
  context: "The waves roll in.",
  image: { link: "https://pictures.example/beach.jpg" },
  generationMode: "standard",
  duration: "5",
};

let world: MediaWorld;
let written: Record<string, unknown>[];
beforeEach(async () => {
  world = await mediaWorld();
  written = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => remember(text));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => remember(text));
});
afterEach(() => vi.restoreAllMocks());

function remember(text: string | Uint8Array): boolean {
  const lines = String(text)
    .split("\n")
    .filter((line) => line.startsWith("{"));
  written.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
  return true;
}

const deps = () => ({ ...world.deps, log: log() });
const start = (limits: Partial<MediaWorld["limits"]> = {}) =>
  startGeneration({ ...deps(), limits: { ...world.deps.limits, ...limits } }, command);
const refused = (limits: Partial<MediaWorld["limits"]>) => expect(start(limits)).rejects.toThrow();

/** What has to happen for the code to be written, and what else is counted then. */
const SCENES: Record<LogEvent, { happens: () => Promise<unknown>; also?: Record<string, number> }> = {
  generation_started: { happens: () => start(), also: { usd_started: 0.28 } },
  generation_completed: {
    happens: async () => finalizeGeneration(deps(), await world.given({ ...generating, estimatedCostUsd: 0.49 })),
    also: { usd_completed: 0.49 },
  },
  generation_failed: { happens: async () => failGeneration(deps(), await world.given(), "timed_out") },
  generation_canceled: { happens: async () => cancelGeneration(deps(), await world.given()) },
  delivery_lost: { happens: async () => failGeneration(deps(), await world.given(generating), "delivery_failed") },
  submit_in_doubt: {
    happens: async () => {
      world.kling.submits = [unaccepted("in_doubt")];
      await submitGeneration(deps(), await world.given());
    },
  },
  submit_refused: {
    happens: async () => {
      world.kling.submits = [unaccepted("refused")];
      await submitGeneration(deps(), await world.given());
    },
    also: { generation_failed: 1 },
  },
  provider_account_held: {
    happens: async () => {
      world.kling.refusal = unaccepted("held", "provider_account_locked");
      await submitGeneration(deps(), await world.given());
    },
  },
  provider_account_released: {
    happens: async () => {
      const hold = {
        code: "provider_account_locked",
        since: "2026-01-01T00:00:00.000Z",
        probeAt: "2026-01-01T00:00:00.000Z",
      } as const;
      await world.gate.write({ version: 0, outbox: [] }, { hold, outbox: [] });
      await submitGeneration(deps(), await world.given());
    },
  },
  fal_unavailable: {
    happens: async () => {
      world.kling.status = new ProviderUnavailableError("HTTP 500 (internal_error)");
      await checkStatus(deps(), await world.given(generating));
    },
  },
  fal_answer_unknown: {
    happens: async () => {
      const { kling } = createFalQueue({ key: "k", queueUrl: "https://fal", platformUrl: "https://fal", log: log() });
      vi.stubGlobal("fetch", async () => Response.json({ status: "WARMING_UP" }));
      await kling.checkKlingRequestStatus("r1", "pro");
      vi.unstubAllGlobals();
    },
  },
  job_seen_done: {
    happens: async () => {
      world.kling.status = { status: "COMPLETED", metrics: { inference_time: 90 } };
      const submittedAt = new Date(world.clock.now() - 97_500).toISOString();
      await checkStatus(deps(), await world.given({ ...generating, submittedAt }));
    },
    also: { unrendered_seconds: 7.5 },
  },
  job_orphaned: {
    happens: async () => {
      const ref = await world.given({ phase: "failed", attempt: 1 });
      await wakeGeneration(deps(), { ...ref, attempt: 1 }, { requestId: "r2" });
    },
  },
  start_refused_stopped: {
    happens: async () => {
      await world.budget.stop(true);
      await refused({});
    },
  },
  start_refused_global_cap: { happens: () => refused({ everybody: { capMills: 1 } }) },
  start_refused_tenant_cap: { happens: () => refused({ tenant: { capMills: 1 } }) },
  start_refused_limit: {
    happens: async () => {
      await start({ tenant: { maxOpen: 1 } });
      await expect(
        startGeneration(
          { ...deps(), limits: { tenant: { maxOpen: 1 }, everybody: {} }, newId: () => "second" },
          command,
        ),
      ).rejects.toThrow();
    },
    also: { generation_started: 1, usd_started: 0.28 },
  },
  billing_unmatched: {
    happens: async () => {
      const at = new Date(world.clock.now()).toISOString();
      const stranger = { requestId: "r9", endpointId: "fal-ai/flux", at, nanoUsd: 1, listNanoUsd: 1 };
      const bills = { page: async () => ({ events: [stranger] }), of: async () => [stranger] };
      const announcements = { announce: async () => {} };
      await reconcilePage(
        { ...deps(), bills, announcements },
        { from: "2025-12-31T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" },
      );
    },
  },
  webhook_disabled: {
    happens: async () => {
      const hooks = await webhookWorld();
      await hooks.given("https://shop.example/hooks");
      hooks.answers.set("https://shop.example/hooks", () => ({ statusCode: 410 }));
      await tellWebhooks({ ...hooks.deps, log: log() }, "Generation Completed", completed(), undefined);
    },
  },
  event_invalid: {
    happens: async () => {
      const handler = onEvent(z.object({ detail: z.string() }), async () => {});
      await expect(handler({ detail: 1 }, {} as never)).rejects.toThrow();
    },
  },
};

describe("a metric of the log", () => {
  it.each(Object.keys(COUNTED_EVENTS) as LogEvent[])(
    "%s counts a line that is really written, and no other",
    async (event) => {
      const { happens, also = {} } = SCENES[event];
      await happens();
      const counted: Record<string, number> = {};
      for (const { inputs } of filters()) {
        for (const line of written.filter((it) => matches(String(inputs["pattern"]), it))) {
          const { name, value } = z
            .object({ name: z.string(), value: z.string() })
            .parse(inputs["metricTransformation"]);
          counted[name] = value === "1" ? 1 : Number(line[value.replace("$.", "")]);
        }
      }
      expect(counted).toEqual({ [event]: 1, ...also });
    },
  );

  it("is counted in the log of each function that can write it, and of no other", async () => {
    const bundles = await bundledFunctions();
    for (const [event, { writtenBy }] of Object.entries(COUNTED_EVENTS)) {
      const able = [...bundles].filter(([, text]) => canWrite(text, event as LogEvent)).map(([name]) => name);
      const excused = NOT_COUNTED[event as LogEvent] ?? [];
      expect(able.toSorted(), event).toEqual([...writtenBy.map(functionName), ...excused].toSorted());
    }
  });

  it("is shown on the dashboard, and every alarm's metric is counted", () => {
    const body = String(resource(graph, "aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]);
    const names = filters().map(({ inputs }) => String(at({ inputs }, "metricTransformation.name")));
    for (const name of names) expect(body).toContain(`"kling-media-production","${name}"`);
    const watched = JSON.stringify(ofType(graph, "aws:cloudwatch/metricAlarm:MetricAlarm").map((it) => it.inputs));
    const own = [...watched.matchAll(/"metricName":"(\w+)","namespace":"kling-media-production"/g)].map(
      ([, name]) => name,
    );
    expect(own.length).toBeGreaterThan(4);
    expect(names).toEqual(expect.arrayContaining(own));
  });
});

const filters = () => ofType(graph, "aws:cloudwatch/logMetricFilter:LogMetricFilter");

/** CloudWatch's filters as far as we use them: `{ $.a = "b" }`, and `{ ($.a = "b") && ($.c >= 0) }`. */
function matches(pattern: string, line: Record<string, unknown>): boolean {
  const inside = /^\{ (.+) \}$/.exec(pattern)?.[1] ?? "";
  return inside.split(" && ").every((term) => {
    const [, field = "", sign, wanted = ""] = /^\(?\$\.(\w+) (=|>=) ("\w+"|\d+)\)?$/.exec(term) ?? [];
    if (field === "") throw new Error(`${term} is no term that this test knows.`);
    const said = line[field];
    return sign === "=" ? said === JSON.parse(wanted) : typeof said === "number" && said >= Number(wanted);
  });
}

/** Whether what is left of a function after tree shaking names the code, or makes a move that is counted as it. */
function canWrite(bundle: string, event: LogEvent): boolean {
  const moves = Object.entries(MOVES).filter(([, move]) => "counted" in move && move.counted === event);
  if (moves.length === 0) return bundle.includes(`"${event}"`);
  return moves.some(([name]) => new RegExp(`"${name}"(,| :)`).test(bundle));
}

// An operator who redrives is refused by the command itself, and no person was told that a video cannot be started. A submit
// that puts a price aside anew ends as a generation that has failed, which is counted.
const NO_START = ["redrive-generation", "submit-generation"];
/** Functions whose lines are left uncounted. */
const NOT_COUNTED: Partial<Record<LogEvent, string[]>> = {
  start_refused_stopped: NO_START,
  start_refused_global_cap: NO_START,
  start_refused_tenant_cap: NO_START,
  start_refused_limit: NO_START,
  // What AWS itself and operators send has no sender to be told.
  event_invalid: [
    // Its sender is a bucket, and hears of nothing; its dead letters are an operator's.
    "request-from-object",
    "on-execution-ended",
    "tell-webhooks",
    "deliver-webhooks",
    "sweep-webhooks",
    "sweep-generations",
    "redrive-generation",
    "set-kill-switch",
    "manage-api-keys",
    "reconcile-bills",
  ],
};

/** Each function's code, its packages left out. */
async function bundledFunctions(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: Object.keys(FUNCTIONS).map((handler) => handler.replace(/\.[^.]*$/, ".ts")),
    outdir: "unwritten",
    bundle: true,
    write: false,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return new Map(outputFiles.map(({ path, text }) => [functionName(path), text]));
}
