// One run: the real functions on a simulated outside, one step at a time, held against the invariants after each.
import { mulberry32 } from "../../stacks/fal-simulator/random.ts";
import type { Outcome } from "../../stacks/local/aws/functions.ts";
import type { EndedExecution } from "../../stacks/local/aws/workflow.ts";
import { functionName, FUNCTIONS } from "../../stacks/blueprint/functions.ts";
import { ROUTES } from "../../stacks/blueprint/routes.ts";
import { SimulatedBus } from "./bus.ts";
import { reconcile } from "./bill.ts";
import { Clients, type Answered, type Asked, type Intent } from "./clients.ts";
import { FAULTS, faultsFor, type Fault, type Struck } from "./faults.ts";
import { acting, Actor, Gate, type Call } from "./gate.ts";
import { Holds } from "./holds.ts";
import { isHalfDeleted, isTerminal, Watch, type Fact, type InvariantId, type Violation } from "./invariants.ts";
import { link } from "./link.ts";
import { Money, type Limits } from "./money.ts";
import { Owners } from "./owners.ts";
import { Receivers } from "./receivers.ts";
import { SimulatedAws, type ProcessWide, type StoredItem } from "./simulated-aws.ts";
import { SimulatedFal, STRANGERS_KEY, type Hook, type Job } from "./simulated-fal.ts";
import { filePage, SimulatedWeb } from "./simulated-web.ts";
import { STORIES, type Story } from "./stories.ts";
import { BEGINNING, seedChance, type VirtualTime } from "./virtual-time.ts";

/** Everything a run follows from. */
export interface Plan {
  seed: number;
  story: Story;
  /** `calm`: first come, first served. `wild`: the seed chooses who is next, and lets time pass while others wait. */
  schedule: "calm" | "wild";
  settings: Settings;
  /** These faults and no others, or at most so many, by the seed. */
  faults: readonly Struck[] | { atMost: number };
}

export interface Settings {
  /** fal can reach us. */
  webhooks: boolean;
  /** WorkflowAI has a key. */
  ai: boolean;
  /** How long every job takes, from its submit to its end; by chance otherwise. */
  renderSeconds?: number;
  /** What may be spent; none: nothing is limited. */
  limits?: Limits;
  /** Callers show keys, and tenants have webhooks: what is on the bus reaches the rules. */
  told?: boolean;
  /** How many of our jobs fal may have at once; none: they are not counted. */
  places?: number;
}

/** What a run has come to. */
export interface Run {
  plan: Plan;
  violation: Violation | undefined;
  struck: Struck[];
  /** The calls by their addresses, each with the faults that could have befallen it. */
  calls(): { at: string; faults: string[] }[];
  checks: Partial<Record<InvariantId, number>>;
  /** How the records ended, by status. */
  ends: string[];
  /** Why starts were not taken. */
  refusals: string[];
  virtualSeconds: number;
  trace(): string[];
}

/** What a process makes once. */
export interface Stage extends ProcessWide {
  time: VirtualTime;
  handlers: ReadonlyMap<string, (event: unknown, context: unknown) => Promise<unknown>>;
  /** Sets what SST links. */
  linkSecret(name: string, value: string): void;
  environment(settings: Settings): NodeJS.ProcessEnv;
  picture: Buffer;
  clip: Buffer;
}

interface Claim {
  attempt: number;
  by: Actor;
  posts: number;
  outcome: "in doubt" | "nothing started";
}

const SWEEP_EVERY_MS = 60_000;
/** A run that makes more calls than this, or lasts longer, would go on for ever. */
const STEPS_MAX = 6_000;
const LASTS_MAX_MS = 4 * 3_600_000;
/** Ten tries of a message take 76 hours, and a fifth more by chance; a receiver may ask for a day between any two. */
const TELLING_LASTS_MAX_MS = 100 * 3_600_000;
/** API Gateway keeps an answer of its authorizer so long (stacks/blueprint/routes.ts). */
const AUTHORIZER_KEEPS_MS = 50_000;
/** More or less, so that faults strike early and late. */
const CALLS_OF_A_RUN = 100;
/** After this no new fault strikes, so that there is an end to wait for. */
const FAULTS_END_MS = 700_000;

/** What has no bill by then is named: two days, and a day more. */
const BILL_READ_AFTER_MS = 3 * 24 * 3_600_000;

let runs = 0;
const DEBUG = process.env["DEBUG_STEPS"];

export class World {
  /** Runs of one process share a state machine and tell their executions apart by it. */
  readonly number = ++runs;
  readonly gate = new Gate();
  readonly clients: Clients;
  readonly aws: SimulatedAws;
  readonly fal: SimulatedFal;
  readonly web: SimulatedWeb;
  readonly bus = new SimulatedBus(this);
  readonly receivers = new Receivers(this);
  readonly owners = new Owners(this);
  readonly clip: Buffer;
  readonly frameUrl = "https://v3.fal.media/files/frame.jpg";
  readonly watch: Watch;
  readonly money = new Money(this);
  readonly holds = new Holds(this);
  readonly settings: Settings;
  readonly claims = new Map<string, Claim[]>();
  /** By intent: the request that was taken, and its answer. */
  readonly firstAnswers = new Map<string, { body: string; answer: string }>();
  /** By the record's id, which outlives everything else that it says. */
  readonly #intents = new Map<string, Intent>();
  /** How records ended, by their ids: the deleted ones have forgotten it. */
  readonly ended = new Map<string, string>();
  /** What callers and receivers must keep to themselves: it is shown once, and stands nowhere. */
  readonly secrets = new Set<string>();
  /** Whatever was logged, put on the bus or handed to a step: a secret may have been said before the world has heard it. */
  readonly said: string[] = [];
  /** By bearer: what our authorizer has said of it, and until when the gateway keeps that. */
  readonly #judged = new Map<string, { context: object; until: number }>();
  /** Records whose owner wants them gone. */
  readonly unwanted = new Set<string>();
  /** Records that an operator has taken up again. */
  readonly redriven = new Set<string>();
  /** Invocations on behalf of a stranger who has no right to anything. */
  readonly strangers = new Set<Actor>();
  /** Of all executions, in their order. */
  readonly statesEntered: string[] = [];
  expiredKeys = 0;
  /** To the table, in all. */
  writes = 0;
  readonly #isBillRead: boolean;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #schedule: () => number;
  readonly #chance: () => number;
  readonly #alive = new Set<Actor>();
  readonly #skews = new Map<string, number>();
  readonly #spells: { fault: Fault; until: number }[] = [];
  readonly #struck: Struck[] = [];
  readonly #calls: { at: number; call: Call; fault: Fault | undefined }[] = [];
  #lastFaultAt = BEGINNING;
  #busBackAt = BEGINNING;
  #resuming = false;
  #webhooksResuming = false;

  constructor(plan: Plan, stage: Stage, invariants: readonly InvariantId[]) {
    this.#plan = plan;
    this.#stage = stage;
    this.settings = plan.settings;
    this.clip = stage.clip;
    this.#schedule = mulberry32(plan.seed);
    this.#chance = mulberry32(plan.seed + 1_000_003);
    this.watch = new Watch(invariants);
    this.#isBillRead = invariants.includes("I22");
    this.aws = new SimulatedAws(this, stage);
    this.fal = new SimulatedFal(this, mulberry32(plan.seed + 2_000_003));
    this.web = new SimulatedWeb(this);
    this.web.pages.set("https://pictures.example/beach.jpg", () => filePage(stage.picture, "image/jpeg"));
    this.web.pages.set(this.frameUrl, () => filePage(stage.picture, "image/jpeg"));
    this.clients = new Clients(this);
  }

  /** From the first call to rest, or to the first invariant that is broken. */
  async run(): Promise<Run> {
    this.#begin();
    let told = false;
    let broken: Error | undefined;
    const story = STORIES[this.#plan.story](this, mulberry32(this.#plan.seed + 3_000_003)).then(() => (told = true));
    // What the story throws is a fault of the world's own.
    story.catch((error: Error) => (broken = error));
    const sweeper = setInterval(() => this.#minute(), SWEEP_EVERY_MS);
    try {
      const lastsMax = this.settings.told ? TELLING_LASTS_MAX_MS : LASTS_MAX_MS;
      for (;;) {
        await this.gate.quiet();
        this.watch.afterStep(this);
        if (broken) throw broken;
        if (this.watch.violation || (told && this.#atRest())) break;
        const steps = this.#calls.length;
        if (steps > STEPS_MAX || this.now() > BEGINNING + lastsMax) {
          this.watch.accuse(steps > STEPS_MAX ? "I16" : "I17", `after ${steps} steps the run has not come to rest`);
          break;
        }
        const call = this.#isLeftWaiting() ? undefined : this.gate.take((count) => this.#choose(count));
        if (call) await this.#let(call);
        else this.#stage.time.next();
      }
      clearInterval(sweeper);
      if (this.#isBillRead && !this.watch.violation) await this.#readBill();
      return this.#result();
    } finally {
      clearInterval(sweeper);
      await this.#end();
    }
  }

  /** Days later, when nothing goes wrong any more: one call after the other. */
  async #readBill(): Promise<void> {
    const { time } = this.#stage;
    time.setSystemTime(this.now() + BILL_READ_AFTER_MS);
    let done = false;
    const reading = reconcile(this, 1 + (this.#plan.seed % 20)).finally(() => (done = true));
    reading.catch(() => {});
    for (;;) {
      await this.gate.quiet();
      if (done) break;
      const call = this.gate.take(() => 0);
      if (call) await call.proceed();
      else time.next();
    }
    await reading;
  }

  #begin(): void {
    const { time, environment, linkSecret } = this.#stage;
    time.reset();
    time.setSystemTime(BEGINNING);
    seedChance(this.#plan.seed);
    process.env = { ...environment(this.settings), DEBUG_STEPS: DEBUG };
    linkSecret("WebhookSecret", "SECRET-WEBHOOK-KEY");
    link.world = this;
    link.life = {};
  }

  async #end(): Promise<void> {
    for (const actor of this.#alive) actor.die("the end of the run");
    await this.aws.clear();
    await this.gate.quiet();
    this.#stage.time.reset();
    link.world = undefined;
  }

  /** Now and then time passes though an actor waits: a slow network, and as good as a fault. */
  #isLeftWaiting(): boolean {
    if (this.#plan.schedule === "calm" || this.gate.waiting.length === 0 || this.#faultsHaveEnded) return false;
    if (this.#schedule() > 0.03) return false;
    this.#lastFaultAt = Math.max(this.#lastFaultAt, this.now());
    return true;
  }

  get #faultsHaveEnded(): boolean {
    return this.now() > BEGINNING + FAULTS_END_MS;
  }

  #choose(count: number): number {
    return this.#plan.schedule === "calm" ? 0 : Math.floor(this.#schedule() * count);
  }

  async #let(call: Call): Promise<void> {
    const fault = this.#faultFor(call);
    this.#calls.push({ at: this.now(), call, fault });
    await (fault ? fault.strike(call, this) : call.proceed());
  }

  #faultFor(call: Call): Fault | undefined {
    const spell = this.#spells.find(({ fault, until }) => this.now() < until && fault.befalls(call));
    if (spell) return spell.fault;
    const fault = this.#newFault(call);
    if (!fault) return undefined;
    const { name, lastsSeconds = 0 } = fault;
    this.#struck.push({ fault: name, at: call.address });
    const until = this.now() + lastsSeconds * 1000;
    if (lastsSeconds > 0) this.#spells.push({ fault, until });
    // What stays broken for good is no reason to wait for it.
    const over = Number.isFinite(until) ? until : this.now();
    if (call.operation.name.startsWith("events.")) this.#busBackAt = Math.max(this.#busBackAt, until);
    else this.#lastFaultAt = Math.max(this.#lastFaultAt, over);
    return fault;
  }

  #newFault(call: Call): Fault | undefined {
    const { faults } = this.#plan;
    if (!("atMost" in faults)) {
      const planned = faults.find(({ at }) => at === call.address);
      return planned && FAULTS.find((fault) => fault.name === planned.fault && fault.befalls(call));
    }
    if (this.#faultsHaveEnded || this.#struck.length >= faults.atMost) return undefined;
    const { common, special } = faultsFor(call);
    // What can go wrong in many ways of its own does so more often; one of 16 queries is as good as the other.
    const inclined = call.operation.name.endsWith(" sweep") ? 1 / 16 : Math.min(4, 1 + special.length / 4);
    if (this.#chance() > (inclined * faults.atMost) / CALLS_OF_A_RUN) return undefined;
    const possible = special.length > 0 && this.#chance() < 0.6 ? special : common;
    return possible[Math.floor(this.#chance() * possible.length)];
  }

  /** Nothing is under way any more, and nothing is left to do. */
  #atRest(): boolean {
    if (this.#alive.size > 0 || this.gate.waiting.length > 0 || this.aws.anyRuns || this.fal.reportsSoon) return false;
    // Tries are announced on the bus: with that dead, the first two are all there are.
    const { deliveries, owed } = this.receivers;
    const tells = deliveries.some(({ status }) => status === "pending") || owed.some((it) => this.receivers.left(it));
    if (this.bus.underWay > 0 || (tells && this.#busBackAt !== Infinity)) return false;
    // Nor is any money put aside.
    if (this.aws.accounts.some(({ open = {} }) => Object.keys(open).length > 0)) return false;
    const isWarned = ({ warnings = {} }: StoredItem) => Object.keys(warnings).length === 0;
    if (!this.aws.accounts.every(isWarned) && this.#busBackAt !== Infinity) return false;
    if ((this.holds.account?.outbox ?? []).length > 0 && this.#busBackAt !== Infinity) return false;
    return this.records().every((record) => {
      if (!isTerminal(record) || record.analysisStatus === "pending") return false;
      // A deletion erases nothing before the bus has taken what is said of the record.
      if (this.hasOutbox(record)) return this.#busBackAt === Infinity;
      return !isHalfDeleted(record);
    });
  }

  #result(): Run {
    const calls = () => this.#calls.map(({ call }) => ({ at: call.address, faults: faultNames(call) }));
    const trace = () =>
      this.#calls
        // The shards of the sweeper's index, 16 a minute, tell nothing.
        .filter(({ call, fault }) => fault || !call.address.includes("Query sweep"))
        .map(({ at, call, fault }) => {
          const about = call.operation.about?.() ?? "";
          const seconds = ((at - BEGINNING) / 1000).toFixed(1).padStart(7);
          return `${seconds} s  ${call.address} ${about}${fault ? `   <<< ${fault.name}` : ""}`;
        });
    return {
      plan: this.#plan,
      violation: this.watch.violation,
      struck: this.#struck,
      calls,
      checks: this.watch.checks,
      ends: this.records().map(({ phase, error }) => [phase, error?.code].join(" ").trim()),
      refusals: this.clients.intents.flatMap((intent) => intent.refusals),
      virtualSeconds: (this.now() - BEGINNING) / 1000,
      trace,
    };
  }

  // What the parts of the world ask of it.

  now(): number {
    return this.#stage.time.now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** Later, on behalf of no actor. */
  after(ms: number, work: () => unknown): void {
    setTimeout(() => void work(), ms);
  }

  /** A caller has been shown what must be shown nowhere else. */
  keepSecret(secret: string): void {
    this.secrets.add(secret);
    this.observe({ kind: "secret", secret });
  }

  observe(fact: Fact): void {
    if (fact.kind === "text" && this.settings.told) this.said.push(fact.text);
    if (fact.kind === "write") this.writes++;
    if (fact.kind === "write" && !fact.before) this.#noteIntent(fact.after);
    if (fact.kind === "write") this.money.note(fact);
    if (fact.kind === "write") this.holds.note(fact);
    this.watch.see(fact, this);
    if (fact.kind === "write") this.#noteClaim(fact);
    if (fact.kind === "write" && isTerminal(fact.after) && fact.after.phase !== "deleted") {
      this.ended.set(fact.after.id, fact.after.phase);
    }
    if (fact.kind === "submit") {
      const claim = this.claims.get(fact.mediaId ?? "")?.at(-1);
      if (claim) claim.posts++;
    }
  }

  #noteIntent({ id, name }: StoredItem): void {
    const intent = this.clients.intents.find((it) => it.name === name);
    if (intent) this.#intents.set(id, intent);
  }

  #noteClaim({ before, after, by }: Extract<Fact, { kind: "write" }>): void {
    if (after.phase !== "submitting" || before?.phase === "submitting") return;
    const id = after.id;
    const claim: Claim = { attempt: after.attempt, by, posts: 0, outcome: "in doubt" };
    this.claims.set(id, [...(this.claims.get(id) ?? []), claim]);
  }

  records(): StoredItem[] {
    return this.aws.records;
  }

  record(mediaId: string): StoredItem | undefined {
    return this.records().find(({ id }) => id === mediaId);
  }

  recordsOf(intent: Intent): StoredItem[] {
    return this.records().filter((record) => this.intentOf(record) === intent);
  }

  /** Whatever the bucket has of a media. */
  filesOf({ id }: StoredItem): string[] {
    return [...this.aws.objects.keys()].filter((key) => key.includes(id));
  }

  intentOf(record: StoredItem): Intent | undefined {
    return this.#intents.get(record.id);
  }

  hasOutbox(record: StoredItem): boolean {
    return Object.keys(record.outbox).length > 0;
  }

  /** From when on nothing disturbs a record: its deadline, or the last fault if that came later. */
  settledBy(record: StoredItem): number {
    return Math.max(Date.parse(record.deadlineAt) + this.#wrongMs, this.quietSince);
  }

  /** From when on nothing goes wrong any more. */
  get quietSince(): number {
    return this.#lastFaultAt + this.#wrongMs;
  }

  /** By how much clocks are wrong. */
  get #wrongMs(): number {
    return Math.max(0, ...[...this.#skews.values()].map(Math.abs));
  }

  /** No execution can be started any more. */
  get startsNothing(): boolean {
    return this.#spells.some(({ fault, until }) => until === Infinity && fault.name === "starts nothing for ever");
  }

  get isSkewed(): boolean {
    return this.#skews.size > 0;
  }

  /** From when on the bus takes everything. */
  get busBackAt(): number {
    return this.#busBackAt;
  }

  /** On whose behalf a function was invoked; the sweeper works for all. */
  tenantOf({ event }: Actor): string | undefined {
    const { tenantId, detail, requestContext } = (event ?? {}) as {
      tenantId?: string;
      detail?: { tenantId?: string };
      requestContext?: { authorizer?: { jwt?: { claims: { tenant: string } }; lambda?: { tenantId: string } } };
    };
    const { jwt, lambda } = requestContext?.authorizer ?? {};
    return lambda?.tenantId ?? jwt?.claims.tenant ?? tenantId ?? detail?.tenantId;
  }

  /** An operator throws the kill switch or takes it back, again until that is done. */
  async setKillSwitch(stopped: boolean): Promise<void> {
    await this.operate("set-kill-switch", { stopped });
  }

  /** An operator calls a function by its name, again until it succeeds. @returns its answer, as JSON */
  async operate(name: string, event: object): Promise<string | undefined> {
    return acting.run(new Actor("operator"), async () => {
      for (let tried = 0; tried < 20; tried++) {
        if (tried > 0) await this.sleep(10_000);
        await this.gate.pass({ name: `operator.Invoke ${name}`, perform: () => {} });
        const outcome = await this.invoke(name, event);
        if (outcome.ok) return outcome.payload;
      }
      return undefined;
    });
  }

  skewOf(actor: Actor | undefined): number {
    return actor?.skewMs ?? 0;
  }

  log(text: string): void {
    if (!acting.getStore()?.dead) this.observe({ kind: "text", where: "log", text });
  }

  // The machine.

  /** A Lambda: JSON in, JSON out, killed when its time is up. */
  async invoke(
    name: string,
    event: unknown,
    { execution, born }: { execution?: string; born?: (actor: Actor) => void } = {},
  ): Promise<Outcome> {
    const handler = this.#stage.handlers.get(name);
    if (!handler) throw new Error(`there is no function ${name}`);
    const actor = new Actor(name, JSON.parse(JSON.stringify(event)), execution);
    actor.skewMs = this.#skews.get(name) ?? 0;
    actor.bornAt = actor.workedAt = this.gate.moment;
    born?.(actor);
    this.#alive.add(actor);
    const alarm = setTimeout(() => actor.die("Sandbox.Timedout"), timeoutSeconds(name) * 1000);
    try {
      const answer = acting.run(actor, () => handler(actor.event, { awsRequestId: "request-1" }));
      return { ok: true, payload: JSON.stringify((await Promise.race([answer, actor.death])) ?? null) };
    } catch (error) {
      const { name: errorType, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      return { ok: false, error: { errorType, errorMessage: message, trace: stack.split("\n") } };
    } finally {
      clearTimeout(alarm);
      this.#alive.delete(actor);
    }
  }

  /** The state machine calls a step. */
  async invokeStep(name: string, input: unknown): Promise<Outcome> {
    const engine = acting.getStore();
    const execution = engine?.execution ?? "";
    this.aws.countStep(execution);
    this.observe({ kind: "step", execution });
    this.observe({ kind: "text", where: "step input", text: JSON.stringify(input) });
    try {
      await this.gate.pass({
        name: `states.Invoke ${name}`,
        perform: (twist) => {
          if (twist === "twice") void this.invoke(name, input, { execution });
        },
      });
    } catch (error) {
      return { ok: false, error: { errorType: error instanceof Error ? error.name : "", errorMessage: "", trace: [] } };
    }
    const outcome = await this.invoke(name, input, { execution });
    const text = outcome.ok ? outcome.payload : JSON.stringify(outcome.error);
    if (process.env["DEBUG_STEPS"]) process.stderr.write(`${name} ${text.slice(0, 600)}\n`);
    this.observe({ kind: "text", where: "step output", text });
    return outcome;
  }

  /** An execution has ended, and Step Functions says so, but not to a machine that has lost power. */
  executionEnded(execution: EndedExecution): void {
    const name = execution.name.replace(/^[\d-]+_/, "");
    if (execution.status === "SUCCEEDED" || this.aws.inRun(name) !== execution.name) return;
    const detail = { ...execution, name, status: this.aws.executions.get(name)?.ended?.status ?? execution.status };
    void acting.run(new Actor("states"), async () => {
      await this.gate.pass({ name: "states.announce", perform: () => {} });
      await this.invoke("on-execution-ended", { "detail-type": "Step Functions Execution Status Change", detail });
    });
  }

  functionOf(route: string): string {
    const found = ROUTES.find((it) => it.route === route);
    if (!found) throw new Error(`there is no route ${route}`);
    return functionName(found.handler);
  }

  /** One call through API Gateway, whose authorizer has read the token, or ours the key. */
  async http(asked: Asked, born?: (actor: Actor) => void): Promise<Answered> {
    const name = this.functionOf(asked.route);
    const judged = this.#needsKey(asked) ? await this.#judge(asked.bearer) : {};
    if (judged.refused !== undefined) return { statusCode: judged.refused, headers: {}, body: "{}" };
    const outcome = await this.invoke(name, httpEvent(asked, judged.context), born ? { born } : {});
    if (!outcome.ok) return { statusCode: 500, headers: {}, body: "" };
    return { headers: {}, body: "", ...(JSON.parse(outcome.payload) as { statusCode: number }) };
  }

  #needsKey({ route }: Asked): boolean {
    return this.settings.told === true && ROUTES.find((it) => it.route === route)?.access !== "open";
  }

  /** What the gateway makes of a bearer: it asks our authorizer, and keeps a yes for a while. */
  async #judge(bearer: string | undefined): Promise<{ context?: object; refused?: number }> {
    if (bearer === undefined) return { refused: 401 };
    const kept = this.#judged.get(bearer);
    if (kept && kept.until > this.now()) return kept;
    const outcome = await this.invoke("authorize-caller", { identitySource: [`Bearer ${bearer}`] });
    if (!outcome.ok) return { refused: outcome.error.errorMessage === "Unauthorized" ? 401 : 500 };
    const { isAuthorized, context } = JSON.parse(outcome.payload) as { isAuthorized: boolean; context: object };
    if (!isAuthorized) return { refused: 403 };
    const judged = { context, until: this.now() + AUTHORIZER_KEEPS_MS };
    this.#judged.set(bearer, judged);
    return judged;
  }

  /** fal, or a stranger who claims to be fal, calls a webhook. @returns its status, 0 when no answer came */
  async webhook(hook: Hook, honest = true): Promise<number> {
    try {
      await this.gate.pass({ name: honest ? "fal.webhook" : "stranger.webhook", perform: () => {} });
    } catch {
      return 0;
    }
    const [token = ""] = hook.url.split("/").slice(-1);
    const asked = { route: "POST /webhooks/fal/{token}", path: { token }, rawBody: hook.body, headers: hook.headers };
    return (await this.http(asked, (actor) => !honest && this.strangers.add(actor))).statusCode;
  }

  /** The scheduler's minute. The sweeper that would find nothing due asks 16 times for nothing: half of all calls. */
  #minute(): void {
    const sweepersNow = new Date(this.now() + (this.#skews.get("sweep-generations") ?? 0)).toISOString();
    const isDue = ({ sweepAt }: StoredItem) => sweepAt !== undefined && sweepAt <= sweepersNow;
    // The sweeper alone wakes what waits for the account, and says what the bus did not take.
    const waits = ({ hold, waitsSince, by, providerAccount }: StoredItem) =>
      [hold, waitsSince, by].some((it) => it !== undefined) || (providerAccount?.outbox ?? []).length > 0;
    const items = [...this.records(), ...this.aws.accounts, ...this.aws.places];
    if (this.#resuming || items.some((item) => isDue(item) || waits(item))) this.sweep();
    if (this.#webhooksResuming || this.receivers.deliveries.some(isDue)) this.#sweepWebhooks();
  }

  #sweepWebhooks(): void {
    const all = this.#webhooksResuming;
    void acting.run(new Actor("schedule"), async () => {
      await this.gate.pass({ name: "schedule.Invoke sweep-webhooks", perform: () => {} });
      const detail = all ? { all: true } : "{}";
      const outcome = await this.invoke("sweep-webhooks", { source: "aws.scheduler", detail });
      if (outcome.ok && all) this.#webhooksResuming = false;
    });
  }

  /** A machine that has just come back asks for everything. */
  sweep({ all = this.#resuming, diesAfterCalls = Infinity } = {}): void {
    void acting.run(new Actor("schedule"), async () => {
      await this.gate.pass({ name: "schedule.Invoke sweep-generations", perform: () => {} });
      const detail = all ? { all: true } : "{}";
      const born = (actor: Actor) => (actor.callsLeft = diesAfterCalls);
      const outcome = await this.invoke("sweep-generations", { source: "aws.scheduler", detail }, { born });
      if (outcome.ok && all) this.#resuming = false;
    });
  }

  // What faults do to it.

  /** Everything that runs is gone; the disk stays. After a second the machine is back. */
  losePower(): void {
    for (const actor of this.#alive) actor.die("Runtime.ExitError");
    this.aws.loseExecutions();
    link.life = {};
    this.#resuming = true;
    this.#webhooksResuming = this.settings.told === true;
    this.after(1000, () => this.sweep());
  }

  /** From its next invocation on. */
  skewClock(name: string, seconds: number): void {
    this.#skews.set(name, seconds * 1000);
  }

  /** An operator stops everything, and lets it go on after a while. */
  stopForAWhile(ms: number): void {
    void this.setKillSwitch(true)
      .then(() => this.sleep(ms))
      .then(() => this.setKillSwitch(false));
  }

  cancelEverything(): void {
    for (const intent of this.clients.intents) {
      const [record] = this.recordsOf(intent);
      if (record) void this.clients.as(() => this.clients.cancel({ ...intent, mediaId: record.id }));
    }
  }

  async expireKeys(): Promise<void> {
    for (const { pk, sk } of [...this.aws.items.values()]) {
      if (!sk.startsWith("KEY#") || pk.startsWith("KEYS#")) continue;
      this.expiredKeys++;
      await this.aws.expire({ pk, sk });
    }
  }

  rotateWebhookSecret(): void {
    this.#stage.linkSecret("WebhookSecret", "SECRET-WEBHOOK-KEY-NEW");
    link.life = {};
  }

  /** fal says everything again. */
  repeatWebhooks(times: number): void {
    const hooks = this.fal.videos().filter((job) => job.webhookUrl !== undefined && this.fal.hasEnded(job));
    for (const job of hooks.flatMap((it) => Array.from({ length: times }, () => it))) {
      void acting.run(new Actor("fal"), () => this.webhook(this.fal.webhook(job)));
    }
  }

  /** fal's word on a job that is not this claim's, at this claim's address: true, and none of its business. */
  mixUpWebhooks(): void {
    for (const job of this.fal.videos()) {
      if (job.webhookUrl === undefined) continue;
      const hook = this.fal.webhook({ ...job, id: `other-${job.id}` });
      void acting.run(new Actor("fal"), () => this.webhook(hook));
    }
  }

  /** A stranger, or one with a key that fal has withdrawn, reports the end of every job. */
  attack(): void {
    const hooks = this.fal.videos().flatMap((job) => this.#falseHooks(job));
    for (const hook of hooks) void acting.run(new Actor("stranger"), () => this.webhook(hook, false));
  }

  #falseHooks(job: Job): Hook[] {
    if (job.webhookUrl === undefined) return [];
    const right = this.fal.webhook(job);
    const [claim = "", proof = ""] = right.url.split("/").slice(-1).join("").split(".");
    const [, spaceId, mediaId, attempt] = JSON.parse(Buffer.from(claim, "base64url").toString()) as unknown[];
    const foreign = Buffer.from(JSON.stringify(["initech", spaceId, mediaId, attempt])).toString("base64url");
    return [
      this.fal.webhook(job, { signedBy: STRANGERS_KEY }),
      this.fal.webhook(job, { at: this.now() - 600_000 }),
      { ...right, headers: {} },
      { ...right, body: `${right.body} ` },
      { ...right, url: `https://api.example/webhooks/fal/${foreign}.${proof}` },
      { ...right, url: `https://api.example/webhooks/fal/${claim}.` },
    ];
  }
}

function faultNames(call: Call): string[] {
  const { common, special } = faultsFor(call);
  return [...common, ...special].map(({ name }) => name);
}

function timeoutSeconds(name: string): number {
  const [, plan] = Object.entries(FUNCTIONS).find(([handler]) => functionName(handler) === name) ?? [];
  if (!plan) throw new Error(`the blueprint has no function ${name}`);
  return plan.timeoutSeconds;
}

/** Payload format 2.0 of API Gateway's HTTP API. */
function httpEvent({ route, path, body, rawBody, headers, tenant }: Asked, judged: object | undefined) {
  const [method = "", template = ""] = route.split(" ");
  const rawPath = template.replace(/\{(\w+)\}/g, (_, name: string) => path?.[name] ?? "");
  const claims = tenant !== undefined && { tenant, sub: `a user of ${tenant}` };
  const authorizer = judged ? { lambda: judged } : claims && { jwt: { claims } };
  return {
    version: "2.0",
    routeKey: route,
    rawPath,
    rawQueryString: "",
    headers: { host: "api.example", "content-type": "application/json", ...headers },
    pathParameters: path,
    requestContext: {
      requestId: "trace-1",
      routeKey: route,
      http: { method, path: rawPath },
      ...(authorizer && { authorizer }),
    },
    body: rawBody ?? (body === undefined ? undefined : JSON.stringify(body)),
    isBase64Encoded: false,
  };
}
