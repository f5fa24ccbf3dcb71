// Which runs are made: every single fault, pairs of them, and whatever a seed throws; and how a failing one is made short.
import { mulberry32 } from "../../stacks/local/fal-simulator/random.ts";
import type { Story } from "./clients.ts";
import type { Struck } from "./faults.ts";
import type { InvariantId } from "./invariants.ts";
import { World, type Plan, type Run, type Settings, type Stage } from "./world.ts";

export type Runner = (plan: Plan) => Promise<Run>;

/** Makes runs on a stage, held against these invariants. */
export function runner(stage: Stage, invariants: readonly InvariantId[]): Runner {
  return (plan) => new World(plan, stage, invariants).run();
}

/** What the systematic search starts from: runs without chance, which between them touch every call there is. */
export const CALM: { story: Story; settings: Settings }[] = [
  { story: "a video", settings: { webhooks: true, ai: false } },
  { story: "a plain start", settings: { webhooks: false, ai: true } },
  { story: "a cancel", settings: { webhooks: true, ai: false } },
  { story: "by the bus", settings: { webhooks: false, ai: false } },
];

const calmPlan = ({ story, settings }: (typeof CALM)[number], faults: readonly Struck[]): Plan => ({
  seed: 1,
  story,
  schedule: "calm",
  settings,
  faults,
});

/** The same call made over and over (a poll, a shard of the sweeper's index) is met this often. */
const TIMES_MET = 2;

/** Every fault at every call of the calm runs. */
export async function singles(run: Runner): Promise<Plan[]> {
  /** By fault and place: what a story shares with the one before is tried once. */
  const plans = new Map<string, Plan>();
  for (const calm of CALM) {
    const plain = calmPlan(calm, []);
    for (const plan of [plain, ...(await nextFaults(run, plain))]) {
      const [struck] = plan.faults as Struck[];
      const name = struck ? `${struck.fault} @ ${struck.at}` : plan.story;
      if (!plans.has(name)) plans.set(name, plan);
    }
  }
  return [...plans.values()];
}

/** The plans that add one fault after those a plan has. */
async function nextFaults(run: Runner, plan: Plan): Promise<Plan[]> {
  const { calls, struck } = await run(plan);
  const last = struck.at(-1);
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
  "one key of two tenants",
  "many at once",
];

/** The plan of a seed. */
export function planOf(seed: number): Plan {
  const random = mulberry32(seed + 4_000_003);
  const story = STORIES_BY_CHANCE[Math.floor(random() * STORIES_BY_CHANCE.length)] ?? "a plain start";
  const settings = { webhooks: random() < 0.6, ai: random() < 0.4 };
  return { seed, story, schedule: "wild", settings, faults: { about: Math.floor(random() * 6) } };
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
