// Which runs are made: every single fault, pairs of them, and those drawn by a seed; and how a failing one is made short.
import { mulberry32 } from "../../stacks/fal-simulator/random.ts";
import type { Struck } from "./faults.ts";
import type { InvariantId } from "./invariants.ts";
import type { Limits } from "./money.ts";
import { TOLD_STORIES, type Story } from "./stories.ts";
import { World, type Plan, type Run, type Settings, type Stage } from "./world.ts";

const SUBMIT = "submit-generation/fal.submit#1";

export type Runner = (plan: Plan) => Promise<Run>;

/** Makes runs on a stage, held against these invariants. */
export function runner(stage: Stage, invariants: readonly InvariantId[]): Runner {
  return (plan) => new World(plan, stage, invariants).run();
}

/** Enough for everything a calm run does. */
const AMPLE: Limits = {
  tenantCapMills: 10_000,
  dayCapMills: 10_000,
  userCapMills: 10_000,
  globalCapMills: 10_000,
  maxOpen: 10,
  startsPerMinute: 60,
};
/** Three videos of a hundred, by the tenant's cap alone. */
const SCARCE: Limits = { tenantCapMills: 900, globalCapMills: 10_000 };

/** Not one. */
const NOTHING_LEFT: Limits = { tenantCapMills: 100 };

/**
 * What the systematic search starts from: runs without chance, which between them touch every call there is. Some have a
 * fault already, for what is only there when something has gone wrong.
 */
const CALM: {
  story: Story;
  webhooks?: boolean;
  ai?: boolean;
  told?: true;
  limits?: Limits;
  places?: number;
  fault?: Struck;
  once?: true;
}[] = [
  { story: "a plain start", webhooks: true },
  { story: "a plain start", ai: true },
  { story: "a video", limits: AMPLE },
  { story: "a cancel", webhooks: true, limits: AMPLE },
  { story: "by the bus", limits: AMPLE },
  { story: "a deletion" },
  { story: "one key of two tenants" },
  { story: "fifty at once" },
  // Its tenant is warned.
  { story: "a plain start", limits: { tenantCapMills: 1500 } },
  { story: "the kill switch" },
  { story: "the kill switch", limits: AMPLE },
  { story: "starts against a cap", limits: SCARCE },
  { story: "a locked account", webhooks: true },
  // One place for two: the other waits for its turn.
  { story: "one key of two tenants", places: 1 },
  // It takes as long as thirty others and makes the same calls: its faults are tried there.
  { story: "a hundred against a cap", limits: SCARCE, once: true },
  { story: "many at once", once: true },
  // The sweeper starts it.
  { story: "a plain start", fault: { fault: "throttled for 30 s", at: "enhance-media/states.StartExecution#1" } },
  // The function that hears of ended executions drives it on.
  { story: "a plain start", fault: { fault: "execution aborted", at: "check-status/fal.status#1" } },
  // Its failure is recorded, and fal told to stop.
  { story: "a plain start", limits: AMPLE, fault: { fault: "taken, but the job never ends", at: SUBMIT } },
  // It is found in fal's history; it is named by fal's webhook.
  { story: "a plain start", fault: { fault: "no answer once it was taken", at: SUBMIT } },
  { story: "a plain start", webhooks: true, fault: { fault: "no answer once it was taken", at: SUBMIT } },
  { story: "a video that is told", told: true },
  { story: "keys and their misuse", told: true },
  { story: "a refusal that is told", told: true },
  // What was right is refused, too.
  { story: "a refusal that is told", told: true, limits: NOTHING_LEFT },
  // It waits for the account, and goes on.
  { story: "a plain start", fault: { fault: "locks the account for 3 min", at: SUBMIT } },
  // It is submitted again.
  { story: "a plain start", fault: { fault: "busy", at: SUBMIT } },
];

const calmPlan = (calm: (typeof CALM)[number]): Plan => ({
  seed: 1,
  story: calm.story,
  schedule: "calm",
  settings: settingsOf(calm),
  faults: calm.fault ? [calm.fault] : [],
});

/** Without what is not set: a plan is printed, and read again. */
function settingsOf({ webhooks = false, ai = false, told, limits, places }: Partial<Settings>): Settings {
  return {
    webhooks,
    ai,
    ...(told && { told }),
    ...(limits && { limits }),
    ...(places !== undefined && { places }),
  };
}

/** A call that is made over and over (a poll, a read, a shard of the sweeper's index) is met so often. */
const TIMES_MET = 1;

/**
 * Every fault at every call of the calm runs, or of those that tell one story. What a run shares with one before is tried once.
 * @param oneIn where webhooks are told, of so many plans one, and the first of each fault: these are 540 of the 3,200
 */
export async function singles(run: Runner, told?: string, oneIn = 1): Promise<Plan[]> {
  const plans: Plan[] = [];
  const tried = new Set<string>();
  const faultsTried = new Set<string>();
  for (const calm of CALM.filter(({ story }) => story === (told ?? story))) {
    const plain = calmPlan(calm);
    const added = (calm.once ? [] : await nextFaults(run, plain)).filter((plan, n) => {
      const { fault = "", at = "" } = struckIn(plan).at(-1) ?? {};
      // Where something has gone wrong already, only the calls that are new.
      const name = `${fault} @ ${calm.fault ? at.replace(/#\d+$/, "#1") : at}`;
      if (tried.has(name)) return false;
      tried.add(name);
      if (calm.told && n % oneIn !== 0 && faultsTried.has(fault)) return false;
      faultsTried.add(fault);
      return true;
    });
    plans.push(plain, ...added);
  }
  return plans;
}

/** These faults at every call of every calm run, or of those that have had one before: where else a story is the same, too. */
export async function* everywhere(run: Runner, faults: readonly string[], after?: string): AsyncGenerator<Plan> {
  for (const calm of CALM.filter(({ fault, once }) => !once && (after === undefined || fault?.fault === after))) {
    for (const plan of await nextFaults(run, calmPlan(calm))) {
      if (faults.includes(struckIn(plan).at(-1)?.fault ?? "")) yield plan;
    }
  }
}

/** The faults that a plan names. */
function struckIn({ faults }: Plan): readonly Struck[] {
  return "atMost" in faults ? [] : faults;
}

/** The plans that add one fault after those a plan has. */
async function nextFaults(run: Runner, plan: Plan): Promise<Plan[]> {
  const made = await run(plan);
  const [calls, struck, last] = [made.calls(), made.struck, made.struck.at(-1)];
  const from = last ? calls.findIndex(({ at }) => at === last.at) + 1 : 0;
  return calls
    .slice(from)
    .filter(({ at }) => Number(at.replace(/^.*#/, "")) <= TIMES_MET)
    .flatMap(({ at, faults }) => faults.map((fault) => ({ ...plan, faults: [...struck, { fault, at }] })));
}

/** Two faults in one run: all there are, or as many as asked for, drawn by the seed. */
export async function* pairs(run: Runner, draw: { count: number; seed: number } | "all"): AsyncGenerator<Plan> {
  const first = await singles(run);
  if (draw === "all") {
    for (const plan of first) yield* await nextFaults(run, plan);
    return;
  }
  const random = mulberry32(draw.seed);
  for (let n = 0; n < draw.count; n++) {
    const plan = first[Math.floor(random() * first.length)];
    const second = plan ? await nextFaults(run, plan) : [];
    const chosen = second[Math.floor(random() * second.length)];
    if (chosen) yield chosen;
  }
}

const STORIES_BY_CHANCE: Story[] = [
  "a plain start",
  "a plain start",
  "a plain start",
  "a video",
  "a cancel",
  "a cancel",
  "by the bus",
  "a deletion",
  "one key of two tenants",
  "many at once",
  "starts against a cap",
  "the kill switch",
  "a video that is told",
  "a video that is told",
  "keys and their misuse",
  "a refusal that is told",
  "a locked account",
  "a locked account",
];

/** By chance any of them, and in some runs none; where a cap is the story, low enough to be met. */
function limitsOf(story: Story, random: () => number): Limits | undefined {
  const scarce = story === "starts against a cap";
  if (!scarce && random() < 0.6) return undefined;
  const some = <K extends keyof Limits>(name: K, least: number, most: number) =>
    random() < 0.6 ? { [name]: Math.round(least + random() * (scarce ? most - least : most * 4)) } : {};
  return {
    tenantCapMills: Math.round(scarce ? 500 + random() * 3_000 : 3_000 + random() * 6_000),
    ...some("dayCapMills", 500, 4_000),
    ...some("userCapMills", 500, 4_000),
    ...some("globalCapMills", 500, 5_000),
    ...some("maxOpen", 1, 4),
    ...some("startsPerMinute", 1, 5),
  };
}

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = mulberry32(seed + 4_000_003);
  const story = STORIES_BY_CHANCE[Math.floor(random() * STORIES_BY_CHANCE.length)] ?? "a plain start";
  const [webhooks, ai, limits] = [random() < 0.6, random() < 0.4, limitsOf(story, random)];
  const told = story in TOLD_STORIES ? true : undefined;
  const faults = { atMost: Math.floor(random() * 6) };
  const places = random() < 0.3 ? 1 + Math.floor(random() * 3) : undefined;
  return { seed, story, schedule: "wild", settings: settingsOf({ webhooks, ai, told, limits, places }), faults };
}

/** The fewest faults, and the calmest order, that still break the same invariant. */
export async function shrink(run: Runner, failed: Run): Promise<Run> {
  const id = failed.violation?.invariant;
  let shortest = failed;
  const still = async (plan: Plan): Promise<boolean> => {
    const again = await run(plan);
    if (again.violation?.invariant !== id) return false;
    shortest = again;
    return true;
  };
  await still({ ...failed.plan, faults: failed.struck });
  for (let at = 0; at < shortest.struck.length;) {
    const fewer = shortest.struck.filter((_, n) => n !== at);
    if (!(await still({ ...shortest.plan, faults: fewer }))) at++;
  }
  await still({ ...shortest.plan, schedule: "calm" });
  return shortest;
}
