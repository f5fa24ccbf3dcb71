// Everything that can go wrong, each by its name: whom it can befall, what it does then, and how long it lasts.
import type { Call } from "./gate.ts";
import { awsError, s3Error } from "./simulated-aws.ts";
import { falAnswer, JOB_TWISTS } from "./simulated-fal.ts";
import type { World } from "./world.ts";

export interface Fault {
  name: string;
  /** Whether a call can meet it. */
  befalls(call: Call): boolean;
  strike(call: Call, world: World): void | Promise<void>;
  /** Meets every such call for this long, not only the first. */
  lastsSeconds?: number;
}

const MINUTES = 60;
const HOUR_MS = 3_600_000;
const FOR_EVER = Infinity;

const isFunction = (call: Call) => call.by.isFunction;
const named =
  (...starts: string[]) =>
  ({ operation, by }: Call) =>
    by.isFunction && starts.some((start) => operation.name.startsWith(start));
/** An answer that is given instead of the call. */
const says = (answer: () => unknown) => (call: Call) => call.answer(answer());
/** The call arrives and is carried out; the caller hears something else. */
const doneButSays = (answer: () => unknown) => async (call: Call) => {
  await call.perform().catch(() => {});
  call.answer(answer());
};
const twisted = (twist: string) => (call: Call) => call.proceed(twist);
const breaks = (code: string, syscall?: string) => (call: Call) => {
  const cause = Object.assign(new Error(code), { code, syscall });
  call.fail(Object.assign(new TypeError("fetch failed"), { code, cause }));
};
const lost = () => {};
const answerLost = async (call: Call) => {
  await call.perform().catch(() => {});
};
/** Something else happens first, then the call goes on as it would have. */
const meanwhile = (happens: (world: World, call: Call) => unknown) => async (call: Call, world: World) => {
  await happens(world, call);
  await call.proceed();
};

const aws = named("dynamodb.", "states.", "events.", "s3.");
const falLook = named("fal.status", "fal.result", "fal.cancel", "fal.history");
const submit = named("fal.submit");
const inExecution = (call: Call) => call.by.isFunction && call.by.execution !== undefined;

const CRASHES: Fault[] = [
  { name: "dies before", befalls: isFunction, strike: ({ by }) => by.die("Runtime.ExitError") },
  {
    name: "dies after",
    befalls: isFunction,
    strike: async (call) => {
      await call.perform().catch(() => {});
      call.by.die("Runtime.ExitError");
    },
  },
  { name: "hangs until its time is up", befalls: isFunction, strike: (call) => call.hang() },
  { name: "the whole machine loses power", befalls: isFunction, strike: (_call, world) => world.losePower() },
];

const AWS_FAULTS: Fault[] = [
  { name: "request lost", befalls: aws, strike: lost },
  { name: "answer lost", befalls: aws, strike: answerLost },
  {
    name: "arrives late",
    befalls: aws,
    strike: (call, world) => world.after(8_000, () => call.perform()),
  },
  { name: "answers 500", befalls: aws, strike: says(() => awsError(500, "InternalServerError")) },
  {
    name: "throttled for 30 s",
    befalls: named("dynamodb.", "states.", "events."),
    strike: says(() => awsError(400, "ThrottlingException")),
    lastsSeconds: 30,
  },
];

const SERVICE_FAULTS: Fault[] = [
  {
    name: "the key's item expires",
    befalls: named("dynamodb.GetItem key", "dynamodb.PutItem media"),
    strike: meanwhile((world) => world.expireKeys()),
  },
  {
    name: "storage busy for 5 min",
    befalls: named("s3."),
    strike: says(() => s3Error(503, "SlowDown")),
    lastsSeconds: 5 * MINUTES,
  },
  {
    name: "storage denied for ever",
    befalls: named("s3.PutObject", "s3.UploadPart", "s3.GetObject"),
    strike: says(() => s3Error(403, "AccessDenied")),
    lastsSeconds: FOR_EVER,
  },
  { name: "takes the first event alone", befalls: named("events."), strike: twisted("takes the first alone") },
  { name: "takes no event", befalls: named("events."), strike: twisted("takes none") },
  {
    name: "bus down for an hour",
    befalls: named("events."),
    strike: says(() => awsError(500, "InternalException")),
    lastsSeconds: 60 * MINUTES,
  },
  {
    name: "bus dead",
    befalls: named("events."),
    strike: says(() => awsError(500, "InternalException")),
    lastsSeconds: FOR_EVER,
  },
  {
    name: "starts nothing for ever",
    befalls: named("states.StartExecution"),
    strike: says(() => awsError(500, "InternalException")),
    lastsSeconds: FOR_EVER,
  },
];

const WORKFLOW_FAULTS: Fault[] = [
  {
    name: "execution aborted",
    befalls: inExecution,
    strike: meanwhile((world, { by }) => world.aws.stop(by.execution ?? "", "ABORTED")),
  },
  {
    name: "execution timed out",
    befalls: inExecution,
    strike: meanwhile((world, { by }) => world.aws.stop(by.execution ?? "", "TIMED_OUT")),
  },
  {
    name: "execution fails with States.Runtime",
    befalls: inExecution,
    strike: meanwhile((world, { by }) => world.aws.stop(by.execution ?? "", "FAILED")),
  },
  {
    name: "execution forgotten",
    befalls: inExecution,
    strike: meanwhile((world, { by }) => world.aws.forget(by.execution ?? "")),
  },
  {
    name: "step invoked twice",
    befalls: ({ operation }) => operation.name.startsWith("states.Invoke"),
    strike: twisted("twice"),
  },
  {
    name: "Lambda too busy",
    befalls: ({ operation }) => operation.name.startsWith("states.Invoke"),
    strike: (call) => call.fail(Object.assign(new Error("Rate exceeded"), { name: "Lambda.TooManyRequestsException" })),
  },
  { name: "input of an older version", befalls: named("states.StartExecution"), strike: twisted("without lap") },
];

const HTML = "<html><body>Bad gateway</body></html>";
const SUBMIT_FAULTS: Fault[] = [
  { name: "connection refused", befalls: submit, strike: breaks("ECONNREFUSED", "connect") },
  {
    name: "host name unknown for 5 min",
    befalls: submit,
    strike: breaks("ENOTFOUND", "getaddrinfo"),
    lastsSeconds: 5 * MINUTES,
  },
  { name: "connection reset", befalls: submit, strike: breaks("ECONNRESET") },
  {
    name: "connection reset once it was taken",
    befalls: submit,
    strike: async (call) => {
      await call.perform();
      breaks("ECONNRESET")(call);
    },
  },
  {
    name: "host gone once it was taken",
    befalls: submit,
    strike: async (call) => {
      await call.perform();
      breaks("EHOSTUNREACH", "read")(call);
    },
  },
  { name: "no answer", befalls: submit, strike: lost },
  { name: "no answer once it was taken", befalls: submit, strike: answerLost },
  {
    name: "no answer once it was taken, and it takes minutes",
    befalls: submit,
    strike: async (call) => {
      await call.perform("takes minutes");
    },
  },
  { name: "taken late", befalls: submit, strike: (call, world) => world.after(45_000, () => call.perform()) },
  {
    name: "taken, answer without an id",
    befalls: submit,
    strike: doneButSays(() => falAnswer(200, { status: "IN_QUEUE" })),
  },
  { name: "taken, answered with a web page", befalls: submit, strike: doneButSays(() => falAnswer(200, HTML)) },
  ...[500, 502, 503, 504].map((status) => ({
    name: `answers ${status}`,
    befalls: submit,
    strike: says(() => falAnswer(status, { detail: "no" })),
  })),
  ...[502, 503, 504].map((status) => ({
    name: `taken, answered ${status}`,
    befalls: submit,
    strike: doneButSays(() => falAnswer(status, HTML)),
  })),
  ...[307, 402, 404, 406, 428, 431, 451].map((status) => ({
    name: `refuses with ${status}`,
    befalls: submit,
    strike: says(() => falAnswer(status, { detail: "No." })),
  })),
  {
    name: "does not know the key",
    befalls: submit,
    strike: says(() => falAnswer(401, { detail: "No user found for Key ID and Secret" })),
  },
  {
    name: "locks the account for 3 min",
    befalls: submit,
    strike: meanwhile((world) => world.fal.lock(3 * MINUTES * 1000)),
  },
  {
    name: "locks the account for longer than a hold may last",
    befalls: submit,
    strike: meanwhile((world) => world.fal.lock(HOUR_MS)),
  },
  {
    name: "refuses with 422",
    befalls: submit,
    strike: says(() => falAnswer(422, { detail: [{ loc: ["body"], msg: "No.", type: "content_policy_violation" }] })),
  },
  { name: "busy", befalls: submit, strike: says(() => falAnswer(429, {})) },
  { name: "busy for 5 min", befalls: submit, strike: says(() => falAnswer(429, {})), lastsSeconds: 5 * MINUTES },
  ...JOB_TWISTS.map((twist) => ({ name: `taken, but the job ${twist}`, befalls: submit, strike: twisted(twist) })),
];

const LOOK_FAULTS: Fault[] = [
  { name: "answers 500", befalls: falLook, strike: says(() => falAnswer(500, {})) },
  {
    name: "answers 500 for 5 min",
    befalls: falLook,
    strike: says(() => falAnswer(500, {})),
    lastsSeconds: 5 * MINUTES,
  },
  {
    name: "answers with a web page for 5 min",
    befalls: falLook,
    strike: says(() => falAnswer(200, HTML)),
    lastsSeconds: 5 * MINUTES,
  },
  {
    name: "answers nonsense",
    befalls: falLook,
    strike: says(() => falAnswer(200, { status: "THINKING", items: [1, null] })),
  },
  {
    name: "the account is locked for 5 min",
    befalls: falLook,
    strike: says(() => falAnswer(403, { detail: "User is locked. Reason: Exhausted balance." })),
    lastsSeconds: 5 * MINUTES,
  },
  { name: "no answer", befalls: falLook, strike: lost },
  { name: "answer lost", befalls: falLook, strike: answerLost },
  { name: "connection reset", befalls: falLook, strike: breaks("ECONNRESET") },
  {
    name: "unknown for 2 min",
    befalls: falLook,
    strike: says(() => falAnswer(404, { status: "NOT_FOUND" })),
    lastsSeconds: 2 * MINUTES,
  },
  {
    name: "unknown for ever",
    befalls: falLook,
    strike: says(() => falAnswer(404, { status: "NOT_FOUND" })),
    lastsSeconds: FOR_EVER,
  },
];

const WEB_FAULTS: Fault[] = [
  ...[
    "answers 404",
    "answers 503",
    "is a web page",
    "has 5 GB",
    "redirects",
    "is cut short",
    "is cut short, unannounced",
  ].map((twist) => ({ name: twist, befalls: named("web.GET"), strike: twisted(twist) })),
  { name: "answers 503 for ever", befalls: named("web.GET"), strike: twisted("answers 503"), lastsSeconds: FOR_EVER },
  { name: "is slow", befalls: named("web.GET", "web.part"), strike: lost },
  { name: "connection reset", befalls: named("web."), strike: breaks("ECONNRESET") },
  { name: "leads to a private address", befalls: named("web.lookup"), strike: twisted("a private address") },
];

const receiver = named("web.POST");
const RECEIVER_FAULTS: Fault[] = [
  ...["answers 500", "answers 410", "asks for an hour", "redirects inside"].map((twist) => ({
    name: `the receiver ${twist}`,
    befalls: receiver,
    strike: twisted(twist),
  })),
  {
    name: "receivers answer 500 for 10 min",
    befalls: receiver,
    strike: twisted("answers 500"),
    lastsSeconds: 10 * MINUTES,
  },
  { name: "receivers answer 500 for ever", befalls: receiver, strike: twisted("answers 500"), lastsSeconds: FOR_EVER },
  { name: "the receiver hangs", befalls: receiver, strike: lost },
  { name: "the receiver takes it and does not say so", befalls: receiver, strike: answerLost },
  {
    name: "an event is told twice",
    befalls: ({ operation }) => operation.name.startsWith("bus.Invoke"),
    strike: twisted("twice"),
  },
];

const describes = named("ai", "fal.describe", "fal.frame");
const AI_FAULTS: Fault[] = [
  { name: "analysis answers 500", befalls: describes, strike: says(() => falAnswer(500, {})) },
  { name: "analysis hangs", befalls: describes, strike: lost },
  { name: "analysis answers nonsense", befalls: describes, strike: says(() => falAnswer(200, "{ bad json")) },
  { name: "analysis answers another shape", befalls: describes, strike: says(() => falAnswer(200, { surprise: [] })) },
  { name: "analysis breaks off", befalls: describes, strike: breaks("ECONNRESET") },
];

/** A function is about to be invoked. */
const isInvocation = ({ operation }: Call) => operation.name.includes(".Invoke ");
const functionOf = ({ operation }: Call) => operation.name.replace(/^.* /, "");

const HTTP_FAULTS: Fault[] = [
  { name: "http request lost", befalls: ({ operation }) => operation.name.startsWith("http.Invoke"), strike: lost },
  { name: "http answer lost", befalls: ({ operation }) => operation.name === "http.answer", strike: lost },
  {
    name: "its clock is 5 min fast",
    befalls: isInvocation,
    strike: meanwhile((world, call) => world.skewClock(functionOf(call), 5 * MINUTES)),
  },
  {
    name: "its clock is 5 min slow",
    befalls: isInvocation,
    strike: meanwhile((world, call) => world.skewClock(functionOf(call), -5 * MINUTES)),
  },
];

const isWebhook = ({ operation }: Call) => operation.name === "fal.webhook";
const jwks = named("fal.jwks");
const WEBHOOK_FAULTS: Fault[] = [
  { name: "webhook lost", befalls: isWebhook, strike: breaks("ECONNRESET") },
  { name: "webhooks never arrive", befalls: isWebhook, strike: breaks("ECONNRESET"), lastsSeconds: FOR_EVER },
  { name: "webhook ten times", befalls: isWebhook, strike: meanwhile((world) => world.repeatWebhooks(9)) },
  {
    name: "webhook again after two hours",
    befalls: isWebhook,
    strike: meanwhile((world) => world.after(2 * HOUR_MS, () => world.repeatWebhooks(1))),
  },
  {
    name: "webhook before the answer",
    befalls: submit,
    strike: async (call, world) => {
      const answer = await call.perform("ends at once");
      world.after(100, () => call.answer(answer));
    },
  },
  { name: "fal signs with a new key", befalls: isWebhook, strike: meanwhile((world) => world.fal.rotateKeys()) },
  {
    name: "fal's keys answer 500 for 5 min",
    befalls: jwks,
    strike: says(() => falAnswer(500, {})),
    lastsSeconds: 5 * MINUTES,
  },
  { name: "fal's keys hang", befalls: jwks, strike: lost },
  { name: "fal's keys are nonsense", befalls: jwks, strike: says(() => falAnswer(200, HTML)) },
  {
    name: "end of the execution not announced",
    befalls: ({ operation }) => operation.name === "states.announce",
    strike: lost,
  },
  { name: "sweep missed", befalls: ({ operation }) => operation.name.startsWith("schedule.Invoke"), strike: lost },
];

/** On the way from the call of a client to the POST. */
const beginning = named(
  "dynamodb.GetItem account",
  "dynamodb.PutItem media",
  "dynamodb.UpdateItem reserve",
  "dynamodb.UpdateItem →submitting",
  "web.GET picture",
  "s3.PutObject sources",
  "fal.submit",
);

const DISTURBANCES: Fault[] = [
  {
    name: "webhook of another job",
    befalls: (call) => isWebhook(call) || isFunction(call),
    strike: meanwhile((world) => world.mixUpWebhooks()),
  },
  {
    name: "strangers call the webhooks",
    befalls: (call) => isWebhook(call) || isFunction(call),
    strike: meanwhile((world) => world.attack()),
  },
  {
    name: "the webhooks' secret is rotated",
    befalls: isFunction,
    strike: meanwhile((world) => world.rotateWebhookSecret()),
  },
  {
    name: "an operator stops everything for a minute",
    befalls: (call) => beginning(call),
    strike: meanwhile((world) => world.stopForAWhile(MINUTES * 1000)),
  },
  { name: "the caller cancels", befalls: isFunction, strike: meanwhile((world) => world.cancelEverything()) },
  {
    name: "a sweeper runs over everything",
    befalls: isFunction,
    strike: meanwhile((world) => world.sweep({ all: true })),
  },
  {
    name: "two sweepers run, one dies midway",
    befalls: isFunction,
    strike: meanwhile((world) => {
      world.sweep({ all: true });
      // 16 shards, then it has begun with the first record.
      world.sweep({ all: true, diesAfterCalls: 18 });
    }),
  },
];

/** What can befall any call of a function. */
const COMMON: readonly Fault[] = [...CRASHES, ...AWS_FAULTS, ...DISTURBANCES];
/** What can befall some calls only. */
const SPECIAL: readonly Fault[] = [
  ...SERVICE_FAULTS,
  ...WORKFLOW_FAULTS,
  ...SUBMIT_FAULTS,
  ...LOOK_FAULTS,
  ...WEB_FAULTS,
  ...RECEIVER_FAULTS,
  ...AI_FAULTS,
  ...HTTP_FAULTS,
  ...WEBHOOK_FAULTS,
];
export const FAULTS: readonly Fault[] = [...COMMON, ...SPECIAL];

/** A fault and the call it met. */
export interface Struck {
  fault: string;
  /** `submit-generation/fal.submit#1` */
  at: string;
}

interface Possible {
  common: Fault[];
  special: Fault[];
}
const known = new Map<string, Possible>();

/** What can befall a call: it depends on who makes it and what for. */
export function faultsFor(call: Call): Possible {
  const { by, operation } = call;
  const kind = `${operation.name} ${by.isFunction} ${by.execution === undefined}`;
  const befalls = (fault: Fault) => fault.befalls(call);
  const possible = known.get(kind) ?? { common: COMMON.filter(befalls), special: SPECIAL.filter(befalls) };
  known.set(kind, possible);
  return possible;
}
