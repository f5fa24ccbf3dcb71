// Events on their way to a function, a queue or an API destination: accepted means kept on disk until they arrived or lie in a
// dead-letter queue with the reason.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { ApiDestinations } from "./api-destinations.ts";
import type { FunctionError, Functions } from "./functions.ts";
import type { MessageAttributes, Queues } from "./queues.ts";
import { stateIn } from "../kept-json.ts";

/** Lambda tries an asynchronous event twice more, after 1 and 2 minutes; a developer at a terminal would not wait that long. */
const RETRY_DELAYS_MS = [1000, 2000];
/** An event holds its sender's words. */
const OWNER_ONLY = { mode: 0o600 };

const DESTINATION = z.object({
  /** Of a function, a queue or an API destination. */
  arn: z.string(),
  /** The rule that sent it there, if one did. */
  ruleArn: z.string().optional(),
  /** The queue for what cannot be delivered. */
  deadLetterArn: z.string(),
});
export type Destination = z.infer<typeof DESTINATION>;

export interface Deliveries {
  /** Resolves once the event will not be lost any more; rejects when it cannot be kept. */
  accept(to: Destination, event: unknown): Promise<void>;
  /** Takes up what an earlier process had accepted and not finished. */
  resume(): Promise<void>;
  /** What is still to be tried stays on disk for the next start. */
  close(): void;
}

const DELIVERY = z.object({ to: DESTINATION, event: z.unknown() });
type Delivery = z.infer<typeof DELIVERY>;

export interface Receivers {
  functions: Pick<Functions, "invoke">;
  queues: Pick<Queues, "send">;
  apiDestinations: Pick<ApiDestinations, "call">;
}

/** Why an event did not arrive, as the message that the dead-letter queue gets. */
interface Failure {
  passing: boolean;
  letter: (tries: number) => { body: string; attributes?: MessageAttributes };
}

/** @param directory holds `deliveries/` */
export function createDeliveries(
  receivers: Receivers,
  directory: string,
  retryDelaysMs: readonly number[] = RETRY_DELAYS_MS,
): Deliveries {
  const waiting = join(directory, "deliveries");
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  async function attempt(file: string, { to, event }: Delivery, failures: number): Promise<void> {
    const failure = await deliver(receivers, to, event);
    if (failure) {
      if (closed) return;
      const delayMs = retryDelaysMs[failures];
      if (delayMs !== undefined && failure.passing) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          settle(attempt(file, { to, event }, failures + 1));
        }, delayMs);
        timers.add(timer.unref());
        return;
      }
      const { body, attributes } = failure.letter(failures + 1);
      await receivers.queues.send(nameIn(to.deadLetterArn), body, attributes);
    }
    await rm(file, { force: true });
  }

  return {
    async accept(to, event) {
      const delivery = { to, event };
      const file = join(waiting, `${randomUUID()}.json`);
      await mkdir(waiting, { recursive: true });
      // Written aside first, so that a kill in the middle leaves no half of a delivery.
      await writeFile(`${file}.new`, JSON.stringify(delivery), OWNER_ONLY);
      await rename(`${file}.new`, file);
      settle(attempt(file, delivery, 0));
    },
    async resume() {
      await mkdir(waiting, { recursive: true });
      for (const name of await readdir(waiting)) {
        const file = join(waiting, name);
        if (!name.endsWith(".json")) await rm(file, { force: true });
        else settle(attempt(file, stateIn(file, await readFile(file, "utf8"), DELIVERY), 0));
      }
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** One try; undefined when the event arrived. */
async function deliver(
  { functions, queues, apiDestinations }: Receivers,
  to: Destination,
  event: unknown,
): Promise<Failure | undefined> {
  const [, , service] = to.arn.split(":");
  if (service === "lambda") {
    const outcome = await functions.invoke(nameIn(to.arn), event);
    if (outcome.ok) return undefined;
    return {
      passing: true,
      letter: (tries) => ({ body: JSON.stringify(invocationRecord(to.arn, event, outcome.error, tries)) }),
    };
  }
  if (service === "sqs") {
    try {
      await queues.send(nameIn(to.arn), JSON.stringify(event));
      return undefined;
    } catch (error) {
      return undeliverable(to, event, "NO_RESOURCE", String(error), false);
    }
  }
  const failed = await apiDestinations.call(to.arn, event);
  return failed && undeliverable(to, event, failed.code, failed.message, failed.passing);
}

/** What Lambda sends to a function's on-failure destination (AWS: "Capturing records of Lambda asynchronous invocations"). */
function invocationRecord(arn: string, event: unknown, error: FunctionError, tries: number) {
  return {
    version: "1.0",
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: randomUUID(),
      functionArn: `${arn}:$LATEST`,
      condition: "RetriesExhausted",
      approximateInvokeCount: tries,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    responsePayload: error,
  };
}

/** What EventBridge sends to a target's dead-letter queue: the event, and the reason in attributes (AWS: "Using dead-letter queues"). */
function undeliverable(to: Destination, event: unknown, code: string, message: string, passing: boolean): Failure {
  const text = (StringValue: string) => ({ DataType: "String", StringValue });
  return {
    passing,
    letter: (tries) => ({
      body: JSON.stringify(event),
      attributes: {
        RULE_ARN: text(to.ruleArn ?? ""),
        TARGET_ARN: text(to.arn),
        ERROR_CODE: text(code),
        ERROR_MESSAGE: text(message),
        RETRY_ATTEMPTS: { DataType: "Number", StringValue: String(tries - 1) },
      },
    }),
  };
}

/** `arn:aws:sqs:us-east-1:000000000000:orders` -> `orders` */
function nameIn(arn: string): string {
  return arn.replace(/^.*:/, "");
}

/** A delivery whose file cannot be written or removed stays where it is: the next start tries again. */
function settle(attempt: Promise<void>): void {
  attempt.catch((error: unknown) => console.error("A delivery could not be settled:", error));
}
