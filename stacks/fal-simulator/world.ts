// Everything the simulator knows between two resets: jobs, faults, webhooks, and the calls it received.
import { type Clock, createAgenda, systemClock } from "./clock.ts";
import { createCharges } from "./charges.ts";
import { createFaults } from "./faults.ts";
import { createJobs } from "./jobs.ts";
import { uuid } from "./random.ts";
import { createWebhooks, type SigningKeys } from "./webhooks.ts";

export interface FalSimulatorOptions {
  /** Default 0: any free port. */
  port?: number;
  host?: string;
  /** Decides request ids and coin tosses; default random, so that two runs never hand out the same id. */
  seed?: number;
  /** How long a job waits (default 2) and renders (default 6). */
  queueSeconds?: number;
  renderSeconds?: number;
  /** How many jobs run at once, default 40; a new account at fal has 2. */
  concurrency?: number;
  clock?: Clock;
}

/** One HTTP call the simulator received. */
export interface ReceivedRequest {
  at: number;
  method: string;
  path: string;
  /** The job that a submit became, or that the call asks about. */
  requestId?: string;
}

export type World = ReturnType<typeof createWorld>;

/** A world that has seen nothing yet; random numbers and keys outlive it. */
export function createWorld(options: FalSimulatorOptions, random: () => number, keys: SigningKeys) {
  const agenda = createAgenda(options.clock ?? systemClock);
  const faults = createFaults();
  const webhooks = createWebhooks({ agenda, faults, keys });
  const charges = createCharges({ faults });
  const { queueSeconds = 2, renderSeconds = 6, concurrency = 40 } = options;
  const jobs = createJobs(
    { queueSeconds, renderSeconds, concurrency },
    {
      agenda,
      faults,
      random,
      newId: () => uuid(random),
      onEnded: (job) => {
        charges.addJob(job);
        webhooks.deliver(job);
      },
    },
  );
  const requests: ReceivedRequest[] = [];
  function stop(): void {
    jobs.stop();
    agenda.clear();
  }
  return { agenda, faults, webhooks, charges, jobs, requests, keys, stop };
}
