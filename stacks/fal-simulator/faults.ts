// Everything that can go wrong at fal, in one table; nothing strikes unless a prompt or the control endpoint asked for it.
import * as z from "zod";

type Moment =
  | "submit"
  | "queue"
  | "run"
  | "end"
  | "status"
  | "reopen"
  | "result"
  | "cancel"
  | "webhook"
  | "file"
  | "bill"
  | "history"
  | "jwks";

export interface FaultRow {
  /** When it can strike. */
  at: Moment;
  doc: string;
  /** How often it strikes by default; once unless set here. */
  times?: "always";
  /** The default of the `seconds` option, for faults that have one. */
  seconds?: number;
  /** The default of the `url` option, for faults that have one. */
  url?: string;
  /** What the call is answered with, for faults that are nothing but an answer. */
  answer?: { status: number; body: unknown; headers?: Record<string, string> };
}

// The address every cloud serves credentials on: code that follows a URL from outside without checking it shows here.
const LINK_LOCAL = "http://169.254.169.254/latest/meta-data/";
/** fal's statement that a retry is useless. */
const FINAL = { "x-fal-retryable": "false" };
const refusal = (status: number, detail: string) => ({ status, body: { detail } });

const FAULTS = {
  "drop-before-accept": { at: "submit", doc: "the connection closes, the job was never taken" },
  "drop-after-accept": { at: "submit", doc: "the job is taken (and billed), then the connection closes unanswered" },
  "submit-late": { at: "submit", seconds: 30, doc: "the job is taken at once, the answer comes `seconds` later" },
  "submit-hang": { at: "submit", doc: "no answer ever" },
  "submit-400": { at: "submit", answer: refusal(400, "Invalid request"), doc: "refused: bad request" },
  "submit-401": { at: "submit", answer: refusal(401, "Invalid or missing credentials"), doc: "refused: key unknown" },
  "submit-402": { at: "submit", answer: refusal(402, "Payment required"), doc: "refused: nothing left to spend" },
  "submit-403": {
    at: "submit",
    answer: refusal(403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."),
    doc: "refused: the account is locked",
  },
  "submit-404": { at: "submit", answer: refusal(404, "Application not found"), doc: "refused: no such endpoint" },
  "submit-406": { at: "submit", answer: refusal(406, "Not Acceptable"), doc: "refused: 406" },
  "submit-428": { at: "submit", answer: refusal(428, "Precondition Required"), doc: "refused: 428" },
  "submit-431": { at: "submit", answer: refusal(431, "Request Header Fields Too Large"), doc: "refused: 431" },
  "submit-451": { at: "submit", answer: refusal(451, "Unavailable For Legal Reasons"), doc: "refused: 451" },
  "submit-307": {
    at: "submit",
    answer: { status: 307, body: {} },
    doc: "redirected elsewhere: 307",
  },
  "submit-422": {
    at: "submit",
    answer: { status: 422, body: { detail: [{ loc: ["body"], msg: "Invalid input", type: "value_error" }] } },
    doc: "refused: invalid input",
  },
  "submit-429": { at: "submit", answer: refusal(429, "Too many requests"), doc: "refused: too many requests" },
  "submit-500": {
    at: "submit",
    answer: refusal(500, "Internal Server Error"),
    doc: "answers 500",
  },
  "submit-502": { at: "submit", answer: refusal(502, "Bad Gateway"), doc: "answers 502" },
  "submit-503": { at: "submit", answer: refusal(503, "Service Unavailable"), doc: "answers 503" },
  "submit-504": { at: "submit", answer: refusal(504, "Gateway Timeout"), doc: "answers 504" },
  "submit-no-id": {
    at: "submit",
    answer: { status: 200, body: { status: "IN_QUEUE" } },
    doc: "200 without a request_id",
  },
  "submit-html": { at: "submit", doc: "200 with a page of HTML" },

  "stuck-in-queue": { at: "queue", doc: "the job never leaves the queue" },
  "stuck-in-progress": { at: "run", doc: "the job never ends" },
  slow: { at: "run", seconds: 60, doc: "rendering takes `seconds` longer" },

  "fail-content-policy": { at: "end", doc: "COMPLETED with an error: 422 content_policy_violation, billed" },
  "fail-internal": { at: "end", doc: "COMPLETED with an error: 500 internal_error, not billed" },
  "fail-runner": { at: "end", doc: "COMPLETED with an error: 503 runner_disconnected, not billed" },
  "fail-plain-text": { at: "end", doc: "COMPLETED with an error: 422 whose detail is a plain string, billed" },
  "result-empty": { at: "end", doc: "the result is {}" },
  "result-other-shape": { at: "end", doc: "the result has images instead of a video" },
  "file-foreign-host": { at: "end", url: LINK_LOCAL, doc: "the result names a video elsewhere, at `url`" },

  "status-500": { at: "status", doc: "the status call answers 500" },
  "status-404": { at: "status", doc: "the status call does not know the id" },
  "status-garbage": { at: "status", doc: "the status call answers broken JSON" },
  "status-unknown": { at: "status", doc: "the status call says WARMING_UP, an undocumented status" },
  "status-hang": { at: "status", doc: "the status call never answers" },
  "status-drop": { at: "status", doc: "the status call's connection closes unanswered" },
  "completed-then-in-progress": { at: "reopen", doc: "once COMPLETED was seen, the status goes back to IN_PROGRESS" },

  "result-500": { at: "result", doc: "the result call answers 500" },
  "result-not-ready": { at: "result", doc: "the result call says 400 still in progress after COMPLETED" },
  "result-downstream": {
    at: "result",
    times: "always",
    answer: {
      status: 500,
      body: { detail: [{ loc: ["body"], msg: "The model's own service failed", type: "downstream_service_error" }] },
      headers: FINAL,
    },
    doc: "COMPLETED without an error, then 500 downstream_service_error",
  },
  "result-timeout": {
    at: "result",
    times: "always",
    answer: { status: 504, body: { detail: "It took too long", error_type: "generation_timeout" } },
    doc: "COMPLETED without an error, then 504 generation_timeout",
  },
  "result-forbidden": {
    at: "result",
    times: "always",
    answer: { status: 403, body: { detail: "Not this picture", error_type: "forbidden_content" }, headers: FINAL },
    doc: "COMPLETED without an error, then 403 with x-fal-retryable: false",
  },
  "result-withheld": {
    at: "result",
    times: "always",
    answer: refusal(403, "Forbidden"),
    doc: "COMPLETED without an error, then 403 that says no more",
  },
  "result-locked": {
    at: "result",
    answer: refusal(403, "User is locked. Reason: Exhausted balance."),
    doc: "the result call says that the account is locked",
  },
  "result-text": { at: "result", times: "always", doc: "the result has its video as a text" },
  "result-in-data": { at: "result", times: "always", doc: "the result has its video inside of data.videos" },
  "result-expired": { at: "result", times: "always", doc: "the result is gone: 404" },

  "cancel-ignored": { at: "cancel", doc: "a running job goes on after its cancel (else a coin decides)" },
  "cancel-obeyed": { at: "cancel", doc: "a running job stops on its cancel (else a coin decides)" },

  "webhook-lost": { at: "webhook", doc: "the webhook is never sent" },
  "webhook-twice": { at: "webhook", doc: "the webhook is sent twice at once" },
  "webhook-late": { at: "webhook", seconds: 7200, doc: "the webhook comes `seconds` late" },
  "webhook-forged": { at: "webhook", doc: "the webhook is signed with a key that is not fal's" },
  "webhook-stale": { at: "webhook", doc: "the webhook carries a timestamp of ten minutes ago" },
  "webhook-new-key": { at: "webhook", doc: "fal changes its key first: the JWKS holds the new one, then the old" },

  "file-404": { at: "file", times: "always", doc: "the video has expired: 404" },
  "file-500": { at: "file", doc: "the video's host answers 500" },
  "file-truncated": { at: "file", doc: "the connection closes in the middle of the video" },
  "file-wrong-type": { at: "file", times: "always", doc: "a page of HTML instead of the video" },
  "file-not-a-video": { at: "file", times: "always", doc: "says video/mp4, is something else" },
  "file-redirect": { at: "file", times: "always", url: LINK_LOCAL, doc: "302 to `url`" },
  "file-slow": { at: "file", seconds: 60, doc: "half of the video, then nothing for `seconds`, then the rest" },
  "file-huge": { at: "file", times: "always", doc: "announces 5 GB and keeps sending" },

  "bill-late": { at: "bill", seconds: 86_400, doc: "the job is billed `seconds` late" },
  "bill-missing": { at: "bill", doc: "the job is never billed" },
  "bill-twice": { at: "bill", doc: "the job is billed a second time, a second later" },
  "bill-in-parts": { at: "bill", doc: "the job is billed in two entries, of one unit and of the rest" },
  "bill-dearer": { at: "bill", doc: "the job is billed at twice its price" },
  "bill-discount": { at: "bill", doc: "the job is billed with a discount of 12.5 percent" },

  "history-500": { at: "history", doc: "the request history answers 500" },
  "history-empty": { at: "history", doc: "the request history shows nothing" },
  "jwks-down": { at: "jwks", doc: "the JWKS answers 503" },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;
type FaultAt<M extends Moment> = {
  [Name in FaultName]: (typeof FAULTS)[Name]["at"] extends M ? Name : never;
}[FaultName];

function isFaultName(name: unknown): name is FaultName {
  return typeof name === "string" && Object.hasOwn(FAULTS, name);
}

function strikesAt<M extends Moment>(name: FaultName, moment: M): name is FaultName & FaultAt<M> {
  return FAULTS[name].at === moment;
}

/** The table as data, for help texts and for `GET /__simulator/faults`. */
export function listFaults(): ({ name: string } & FaultRow)[] {
  return Object.entries(FAULTS).map(([name, row]) => ({ name, ...row }));
}

const faultOrder = z.strictObject({
  fault: z.custom<FaultName>(isFaultName, "no such fault"),
  times: z.union([z.literal("always"), z.coerce.number().int().positive()]).optional(),
  seconds: z.coerce.number().nonnegative().optional(),
  url: z.string().optional(),
  accepted: z.union([z.boolean(), z.stringbool()]).optional(),
  requestId: z.string().optional(),
  endpoint: z.string().optional(),
});

/** What one may ask for: a fault, how often, and its options; `requestId` or `endpoint` narrow it down to one job or one endpoint id. */
export type FaultOrder = z.input<typeof faultOrder>;

/** One occasion on which a fault strikes, with its options filled in. */
export interface Strike<M extends Moment = Moment> {
  name: FaultAt<M>;
  row: FaultRow;
  seconds: number;
  url: string;
  accepted: boolean;
}

/** A fault was asked for that does not exist, or with options that make no sense. */
export class FaultOrderError extends Error {
  override name = "FaultOrderError";
  code = "fault_order_invalid";
}

type ParsedOrder = z.output<typeof faultOrder>;

function parseOrder(order: unknown): ParsedOrder {
  const parsed = faultOrder.safeParse(order);
  if (parsed.success) return parsed.data;
  const why = parsed.error.issues.map((issue) => [...issue.path, issue.message].join(": ")).join("; ");
  throw new FaultOrderError(
    `${why}. Asked for: ${JSON.stringify(order)}. GET /__simulator/faults lists what there is.`,
  );
}

/** The orders a prompt carries: `[fal: slow seconds=90, webhook-lost]`. */
export function readDirectives(prompt: string): ParsedOrder[] {
  return [...prompt.matchAll(/\[fal:([^\]]*)\]/g)].flatMap(([, text = ""]) =>
    text.split(",").map((part) => {
      const [fault, ...options] = part.trim().split(/\s+/);
      const pairs = options.map((option): [string, string] => {
        const at = option.indexOf("=");
        return at < 0 ? [option, "yes"] : [option.slice(0, at), option.slice(at + 1)];
      });
      return parseOrder({ ...Object.fromEntries(pairs), fault });
    }),
  );
}

interface Armed {
  order: ParsedOrder;
  left: number;
}

interface Target {
  requestId?: string;
  endpointId?: string;
}

export type Faults = ReturnType<typeof createFaults>;

/** The switchboard: faults are armed by order or by prompt, and taken one strike at a time where the simulator would behave well. */
export function createFaults() {
  const armedForAll: Armed[] = [];
  const armedForJob = new Map<string, Armed[]>();
  const submitsByPrompt = new Map<string, number>();

  function arm(order: ParsedOrder): void {
    const row: FaultRow = FAULTS[order.fault];
    const times = order.times ?? row.times ?? 1;
    const armed = { order, left: times === "always" ? Infinity : times };
    if (order.requestId === undefined) return void armedForAll.push(armed);
    const list = armedForJob.get(order.requestId) ?? [];
    armedForJob.set(order.requestId, [...list, armed]);
  }

  function strike<M extends Moment>(moment: M, order: ParsedOrder): Strike<M> | undefined {
    const name = order.fault;
    if (!strikesAt(name, moment)) return undefined;
    const row: FaultRow = FAULTS[name];
    return {
      name,
      row,
      seconds: order.seconds ?? row.seconds ?? 0,
      url: order.url ?? row.url ?? "",
      accepted: order.accepted ?? false,
    };
  }

  /** Every fault that strikes now; each armed order is used up by one. */
  function takeAll<M extends Moment>(moment: M, target: Target = {}, atMost = Infinity): Strike<M>[] {
    const strikes: Strike<M>[] = [];
    const bound = target.requestId === undefined ? [] : (armedForJob.get(target.requestId) ?? []);
    for (const armed of [...bound, ...armedForAll]) {
      const { endpoint } = armed.order;
      if (armed.left < 1 || strikes.length >= atMost) continue;
      if (endpoint !== undefined && !target.endpointId?.startsWith(endpoint)) continue;
      const hit = strike(moment, armed.order);
      if (hit === undefined) continue;
      armed.left -= 1;
      strikes.push(hit);
    }
    return strikes;
  }

  return {
    takeAll,
    take<M extends Moment>(moment: M, target?: Target): Strike<M> | undefined {
      return takeAll(moment, target, 1)[0];
    },
    /** The submit fault for a prompt: its own first, on every submit of it or on the first `times`, then what is armed for all. */
    takeForSubmit(prompt: string, directives: ParsedOrder[], target: Target): Strike<"submit"> | undefined {
      for (const order of directives) {
        const hit = strike("submit", order);
        if (hit === undefined) continue;
        const key = `${order.fault} ${prompt}`;
        const before = submitsByPrompt.get(key) ?? 0;
        if (order.times !== undefined && order.times !== "always" && before >= order.times) continue;
        submitsByPrompt.set(key, before + 1);
        return hit;
      }
      return takeAll("submit", target, 1)[0];
    },
    /** Binds a prompt's other orders to the job it became. */
    bind(directives: ParsedOrder[], requestId: string): void {
      for (const order of directives) if (!strikesAt(order.fault, "submit")) arm({ ...order, requestId });
    },
    arm(order: unknown): ParsedOrder {
      const parsed = parseOrder(order);
      arm(parsed);
      return parsed;
    },
    armed(): (ParsedOrder & { left: number | "always" })[] {
      return [...armedForAll, ...[...armedForJob.values()].flat()]
        .filter(({ left }) => left > 0)
        .map(({ order, left }) => ({ ...order, left: left === Infinity ? "always" : left }));
    },
    disarm(): void {
      armedForAll.length = 0;
      armedForJob.clear();
      submitsByPrompt.clear();
    },
  };
}
