// One run: the real functions on a simulated outside, one step at a time, held against the invariants after each.
import { mulberry32 } from "../../stacks/local/fal-simulator/random.ts";
import { LAMBDA_PAYLOAD_LIMIT_BYTES, type Outcome } from "../../stacks/local/functions.ts";
import { functionName, functionPlan } from "../../stacks/blueprint/functions.ts";
import { ROUTES } from "../../stacks/blueprint/routes.ts";
import { Clients, STORIES, type Answered, type Asked, type Intent, type Story } from "./clients.ts";
import { FAULTS, faultsFor, type Fault, type Struck } from "./faults.ts";
import { acting, Actor, Gate, type Call } from "./gate.ts";
import { isTerminal, Watch, type Fact, type InvariantId, type Violation } from "./invariants.ts";
import { link } from "./link.ts";
import { SimulatedAws, type Item, type ProcessWide } from "./simulated-aws.ts";
import { filePage, SimulatedWeb } from "./simulated-web.ts";
import { SimulatedFal } from "./simulated-fal.ts";
import { BEGINNING, seedChance, type VirtualTime } from "./virtual-time.ts";

/** Everything a run follows from. */
export interface Plan {
  seed: number;
  story: Story;
  /** `calm`: first come, first served. `wild`: the seed chooses who is next, and lets time pass while others wait. */
  schedule: "calm" | "wild";
  settings: Settings;
  /** These faults and no others, or as many as the seed throws. */
  faults: readonly Struck[] | { about: number };
}

export interface Settings {
  /** fal can reach us. */
  webhooks: boolean;
  /** WorkflowAI has a key. */
  ai: boolean;
  /** Starts of one key at the same time. */
  atOnce: number;
}

export interface TraceLine {
  /** Seconds since the beginning. */
  at: number;
  text: string;
}

export interface Run {
  plan: Plan;
  violation: Violation | undefined;
  struck: Struck[];
  /** The calls, by their addresses, each with the faults that could befall it. */
  calls: { at: string; faults: string[] }[];
  checks: Partial<Record<InvariantId, number>>;
  trace: TraceLine[];
  virtualSeconds: number;
}

/** What a process makes once. */
export interface Stage extends ProcessWide {
  time: VirtualTime;
  handlers: ReadonlyMap<string, (event: unknown, context: unknown) => Promise<unknown>>;
  picture: Buffer;
  clip: Buffer;
}

interface Claim {
  attempt: number;
  by: Actor;
  posts: number;
  outcome: "in doubt" | "nothing started";
}

export const DEADLINE_SECONDS = 300;
const SWEEP_EVERY_MS = 60_000;
/** A run that makes more calls than this runs for ever. */
const STEPS_MAX = 5_000;
/** Seconds after which no new fault strikes, so that there is an end to wait for. */
const FAULTS_END_SECONDS = 700;

let runs = 0;

export class World {
  readonly number = ++runs;
  readonly settings: Settings;
  readonly gate = new Gate();
  readonly clients: Clients;
  readonly aws: SimulatedAws;
  readonly fal: SimulatedFal;
  readonly web: SimulatedWeb;
  readonly clip: Buffer;
  readonly watch: Watch;
  readonly claims = new Map<string, Claim[]>();
  readonly firstAnswers = new Map<string, string>();
  /** Records that an operator has taken up again. */
  readonly redriven = new Set<string>();
  /** Invocations on behalf of somebody who has no right to anything. */
  readonly strangers = new Set<Actor>();
  expiredKeys = 0;
  busIsDead = false;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #schedule: () => number;
  readonly #chance: () => number;
  readonly #invocations = new Set<Actor>();
  readonly #skews = new Map<string, number>();
  readonly #spells: { fault: Fault; until: number }[] = [];
  readonly #struck: Struck[] = [];
  readonly #calls: Run["calls"] = [];
  readonly #trace: TraceLine[] = [];
  #lastFaultAt = BEGINNING;
  #resuming = false;

  constructor(plan: Plan, stage: Stage, invariants: readonly InvariantId[]) {
    this.#plan = plan;
    this.#stage = stage;
    this.settings = plan.settings;
    this.clip = stage.clip;
    this.#schedule = mulberry32(plan.seed);
    this.#chance = mulberry32(plan.seed + 1_000_003);
    this.watch = new Watch(invariants);
    this.aws = new SimulatedAws(this, stage);
    this.fal = new SimulatedFal(this, mulberry32(plan.seed + 2_000_003));
    this.web = new SimulatedWeb(this);
    this.web.pages.set("https://pictures.example/beach.jpg", () => filePage(stage.picture, "image/jpeg"));
    this.clients = new Clients(this);
  }

  /** From the first call to rest, or to the first invariant that is broken. */
  async run(): Promise<Run> {
    const { plan, time } = { plan: this.#plan, time: this.#stage.time };
    time.reset();
    time.setSystemTime(BEGINNING);
    seedChance(plan.seed);
    process.env = environment(plan.settings);
    link.world = this;
    link.life = {};
    let told = false;
    const story = STORIES[plan.story](this, this.#chance).then(() => (told = true));
    const sweeper = setInterval(() => this.sweep({ all: this.#resuming }), SWEEP_EVERY_MS);
    try {
      for (let step = 0; ; step++) {
        await this.gate.quiet();
        this.watch.afterStep(this);
        if (this.watch.violation || (told && this.#atRest())) break;
        if (step > STEPS_MAX) throw new Error("the run does not come to rest");
        const passes = plan.schedule === "wild" && this.#schedule() < 0.03;
        const call = passes ? undefined : this.gate.take((count) => this.#choose(count));
        if (call) await this.#let(call);
        else if (!this.#passTime()) await story;
      }
      return this.#result();
    } finally {
      clearInterval(sweeper);
      await this.#end();
    }
  }

  // What the world's parts ask of it.

  now(): number {
    return this.#stage.time.now;
  }
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
  /** Later, on nobody's behalf. */
  after(ms: number, work: () => Promise<unknown>): void {
    setTimeout(() => void work().catch(() => {}), ms);
  }
  observe(fact: Fact): void {
    this.watch.see(fact, this);
    if (fact.kind === "write") this.#noteClaim(fact);
    if (fact.kind === "submit") {
      const claim = this.claims.get(fact.mediaId ?? "")?.at(-1);
      if (claim) claim.posts++;
    }
  }
  aws_(): SimulatedAws {
    return this.aws;
  }
  log(text: string): void {
    if (!acting.getStore()?.dead) this.observe({ kind: "text", where: "log", text });
  }

  records(): Item[] {
    return [...this.aws.items.values()].filter(({ sk }) => String(sk).startsWith("MEDIA#"));
  }
  record(mediaId: string): Item | undefined {
    return this.records().find(({ id }) => id === mediaId);
  }
  recordsOf(intent: Intent): Item[] {
    return this.records().filter((record) => this.intentOf(record) === intent);
  }
  intentOf(record: Item): Intent | undefined {
    return this.clients.intents.find((intent) => intent.name === record["name"]);
  }
  hasOutbox(record: Item): boolean {
    return Object.keys(record["outbox"] as Item).length > 0;
  }
  /** When nothing may disturb a record any more: its deadline, or the last fault if that came later. */
  settledBy(record: Item): number {
    const wrong = Math.max(0, ...[...this.#skews.values()].map(Math.abs));
    return Math.max(Date.parse(String(record["deadlineAt"])), this.#lastFaultAt) + wrong;
  }
  tenantOf({ event }: Actor): string | undefined {
    const { tenantId, detail, requestContext } = (event ?? {}) as {
      tenantId?: string;
      detail?: { tenantId?: string };
      requestContext?: { authorizer?: { jwt: { claims: { tenant: string } } } };
    };
    return requestContext?.authorizer?.jwt.claims.tenant ?? tenantId ?? detail?.tenantId;
  }

  // The machine.

  /** A Lambda: JSON in, JSON out, killed when its time is up. */
  async invoke(name: string, event: unknown, execution?: string, born?: (actor: Actor) => void): Promise<Outcome> {
    const handler = this.#stage.handlers.get(name);
    if (!handler) throw new Error(`there is no function ${name}`);
    const actor = new Actor(name, JSON.parse(JSON.stringify(event)), execution);
    born?.(actor);
    this.#invocations.add(actor);
    const plan = functionPlan([...this.#paths()].find((path) => functionName(path) === name) ?? name);
    const alarm = setTimeout(() => actor.die("Sandbox.Timedout"), plan.timeoutSeconds * 1000);
    try {
      const answer = acting.run(actor, () => handler(actor.event, { awsRequestId: "request-1" }));
      const payload = JSON.stringify((await Promise.race([answer, actor.death])) ?? null);
      if (payload.length > LAMBDA_PAYLOAD_LIMIT_BYTES) throw new Error("the answer is too large for Lambda");
      return { ok: true, payload };
    } catch (error) {
      const { name: errorType, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      return { ok: false, error: { errorType, errorMessage: message, trace: stack.split("\n") } };
    } finally {
      clearTimeout(alarm);
      this.#invocations.delete(actor);
    }
  }

  #paths() {
    return [...ROUTES.map(({ handler }) => handler), ...Object.keys(FUNCTION_PATHS)];
  }
}
