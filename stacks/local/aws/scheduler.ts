// Runs what the blueprint schedules: once at the start, then every few seconds, never twice at a time.
import { functionName } from "../../blueprint/functions.ts";
import { ruleArn } from "./arns.ts";
import { eventEnvelope } from "./event-bus.ts";
import type { Functions } from "./functions.ts";

export interface Schedule {
  name: string;
  everySeconds: number;
  /** The function, as the path of its file. */
  handler: string;
}

/**
 * Each function gets EventBridge's scheduled event. Until it has succeeded once, the event carries `detail: { all: true }`:
 * executions do not outlive the process, so everything that the previous process left is restarted, due or not.
 */
export function startScheduler(schedules: readonly Schedule[], functions: Pick<Functions, "invoke">): { stop(): void } {
  const timers = schedules.map(({ name, everySeconds, handler }) => {
    let running = false;
    let resumed = false;
    const tick = async (): Promise<void> => {
      if (running) return;
      running = true;
      const outcome = await functions.invoke(
        functionName(handler),
        eventEnvelope({
          source: "aws.events",
          detailType: "Scheduled Event",
          detail: resumed ? {} : { all: true },
          resources: [ruleArn(name)],
          at: Date.now(),
        }),
      );
      resumed ||= outcome.ok;
      running = false;
    };
    void tick();
    return setInterval(() => void tick(), everySeconds * 1000).unref();
  });
  return { stop: () => timers.forEach((timer) => clearInterval(timer)) };
}
