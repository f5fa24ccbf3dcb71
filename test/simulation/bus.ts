// The bus and its rules: whatever it has taken reaches each function that listens at least once, or lies in the dead letters.
import { functionName } from "../../stacks/blueprint/functions.ts";
import { RULES, type Rule } from "../../stacks/blueprint/rules.ts";
import { EVENT_TRIES } from "../../shared/media/event-tries.ts";
import { acting, Actor } from "./gate.ts";
import type { World } from "./world.ts";

export interface BusEvent {
  id: string;
  source: string;
  "detail-type": string;
  detail: object;
}

/** Lambda's retries of an event come after one minute and two (AWS: "Asynchronous invocation"). */
const RETRY_MS = 60_000;
/** An operator has heard the alarm, and redrives what lies in the dead letters (docs/runbook.md, WebhookEventsLost). */
const REDRIVEN_AFTER_MS = 5 * 60_000;
const TELLS = functionName(RULES[2].handler);

export class SimulatedBus {
  /** Deliveries that are not at their end. */
  underWay = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes an event and brings it to the functions whose rules it matches, if tenants are told at all in this run. */
  take(id: string, source: string, type: string, detail: object): void {
    if (!this.#world.settings.told) return;
    const rules: readonly Rule[] = RULES;
    for (const { pattern, handler } of rules) {
      const matches = pattern["detail-type"].includes(type) && (pattern.source ?? [source]).includes(source);
      if (matches) void this.deliver(functionName(handler), { id, source, "detail-type": type, detail });
    }
  }

  /** One event to one function, three times at most. @returns whether the function has taken it */
  async deliver(name: string, event: BusEvent): Promise<boolean> {
    this.underWay++;
    try {
      return await acting.run(new Actor("bus"), async () => {
        const isTaken = await this.#try(name, event);
        // What a function could not write down for its tenants, an operator redrives.
        if (isTaken || name !== TELLS) return isTaken;
        await this.#world.sleep(REDRIVEN_AFTER_MS);
        return this.#try(name, event);
      });
    } finally {
      this.underWay--;
    }
  }

  async #try(name: string, event: BusEvent): Promise<boolean> {
    for (let tried = 0; tried < EVENT_TRIES; tried++) {
      await this.#world.sleep(tried * RETRY_MS);
      await this.#world.gate.pass({
        name: `bus.Invoke ${name}`,
        perform: (twist) => {
          if (twist === "twice") void this.#world.invoke(name, event);
        },
      });
      if ((await this.#world.invoke(name, event)).ok) return true;
    }
    return false;
  }
}
