// The simulator's own endpoints under /__simulator: what happened, and which faults to arm.
import type { IncomingMessage, ServerResponse } from "node:http";
import { listFaults } from "./faults.ts";
import { parseJson, readBody, reply } from "./http.ts";
import type { World } from "./world.ts";

/** The simulator's own endpoints: what happened, and which faults to arm. */
export async function answerControl(
  world: World,
  req: IncomingMessage,
  res: ServerResponse,
  topic: string | undefined,
  reset: () => void,
): Promise<void> {
  switch (`${req.method} ${topic}`) {
    case "GET jobs":
      return reply(res, 200, { jobs: world.jobs.list() });
    case "GET requests":
      return reply(res, 200, { requests: world.requests });
    case "GET charges":
      return reply(res, 200, { charges: world.charges.list() });
    case "POST charges":
      return reply(
        res,
        201,
        world.charges.order(parseJson((await readBody(req)) ?? Buffer.alloc(0)), world.agenda.now()),
      );
    case "GET webhooks":
      return reply(res, 200, { webhooks: world.webhooks.list() });
    case "GET faults":
      return reply(res, 200, { armed: world.faults.armed(), faults: listFaults() });
    case "DELETE faults":
      world.faults.disarm();
      return reply(res, 200, { armed: [] });
    case "POST faults": {
      const order = parseJson((await readBody(req)) ?? Buffer.alloc(0));
      return reply(res, 201, world.faults.arm(order));
    }
    case "POST reset":
      reset();
      return reply(res, 200, { status: "reset" });
    default:
      return reply(res, 404, {
        detail: "GET jobs, requests, webhooks, charges, faults; POST charges, faults, reset; DELETE faults",
      });
  }
}

/** What a browser sees at the simulator's root. */
export function welcome(): string {
  const tour = ["jobs", "requests", "webhooks", "charges", "faults"]
    .map((topic) => `  GET /__simulator/${topic}`)
    .join("\n");
  return `This is the fal simulator: it behaves like queue.fal.run and api.fal.ai, and costs nothing.\n\n${tour}\n`;
}
