// Runs generations in the simulated world and prints what each asked of AWS, as JSON. A process of its own: the world takes its time away.
import { acting, Actor } from "../../simulation/gate.ts";
import { setStage } from "../../simulation/stage.ts";
import { World, type Plan, type Stage } from "../../simulation/world.ts";
import { meter, type Counts } from "./meter.ts";

export interface Scenario {
  renderSeconds: number;
  webhooks: boolean;
}

export interface Counted extends Scenario {
  counts: Counts;
}

const RENDERS = [60, 105, 240, 600];

const stage = await setStage();
/** As a deployment without settings of its own has it. */
const unhurried: Stage = {
  ...stage,
  environment: (settings) => ({ ...stage.environment(settings), GENERATION_DEADLINE_SECONDS: "3600" }),
};

async function play({ renderSeconds, webhooks }: Scenario): Promise<{ ends: string; counts: Counts }> {
  const settings = { webhooks, ai: true, renderSeconds };
  const plan: Plan = { seed: 1, story: "a plain start", schedule: "calm", settings, faults: [] };
  const world = new World(plan, unhurried, []);
  if (webhooks) letFalFetchTheSource(world);
  const counts = meter(world);
  const { ends } = await world.run();
  return { ends: ends.join(), counts: counts() };
}

async function run(scenario: Scenario): Promise<Counts> {
  const { ends, counts } = await play(scenario);
  if (ends !== "completed") throw new Error(`a render of ${scenario.renderSeconds} s ended as "${ends}"`);
  return counts;
}

/** Where fal can reach us, it fetches the picture from us: one request of the API more. */
function letFalFetchTheSource(world: World): void {
  const observe = world.observe.bind(world);
  world.observe = (fact) => {
    observe(fact);
    if (fact.kind !== "submit") return;
    const [key = ""] = [...world.aws.objects.keys()].filter((it) => it.startsWith("sources/"));
    const path = { name: key.replace("sources/", "") };
    void acting.run(new Actor("fal"), () => world.http({ route: "GET /sources/{name}", path }));
  };
}

// The first reads what is read on demand, which takes real time while the world's passes: how it ends says nothing.
await play({ renderSeconds: 60, webhooks: true });
const counted: Counted[] = [];
for (const webhooks of [true, false]) {
  for (const renderSeconds of RENDERS) {
    const scenario = { renderSeconds, webhooks };
    counted.push({ ...scenario, counts: await run(scenario) });
  }
}
process.stdout.write(JSON.stringify(counted));
