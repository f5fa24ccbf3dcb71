// So many executions waiting in the interpreter at once: what they weigh, and how late they wake. A process of its own, for its memory.
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { STATE_MACHINE_ARN } from "../../../stacks/local/aws/arns.ts";
import { createWorkflow } from "../../../stacks/local/aws/workflow.ts";

const [executions = 10_000, waitSeconds = 20] = process.argv.slice(2).map(Number);
/** By execution, when it may wake at the earliest. */
const due = new Map<string, number>();
const late: number[] = [];

const workflow = createWorkflow({
  async invoke(name, event) {
    const { mediaId } = event as { mediaId: string };
    const dueAt = due.get(mediaId);
    if (name === "check-status" && dueAt !== undefined) {
      late.push(performance.now() - dueAt);
      return { ok: true, payload: '{"next":"done"}' };
    }
    due.set(mediaId, performance.now() + waitSeconds * 1000);
    return { ok: true, payload: '{"next":"wait"}' };
  },
});
for (let n = 0; n < executions; n++) {
  const input = {
    tenantId: "acme",
    spaceId: "s",
    mediaId: `m${n}`,
    enter: "submit",
    lap: true,
    pollSeconds: waitSeconds,
  };
  workflow.startExecution({ stateMachineArn: STATE_MACHINE_ARN, name: `m${n}`, input: JSON.stringify(input) });
  if (n % 100 === 0) await sleep(0);
}
while (due.size < executions) await sleep(50);
const residentMb = process.memoryUsage.rss() / 1024 ** 2;
while (late.length < executions) await sleep(200);
process.stdout.write(JSON.stringify({ residentMb, late }));
