// The bus "media" and the default bus: PutEvents as EventBridge answers it, and the rules' targets behind it.
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { ACCOUNT_ID, BUS_NAME, REGION } from "./arns.ts";
import { AwsError } from "./aws-error.ts";
import type { Deliveries } from "./deliveries.ts";
import { isOurBus, type Bus, type Rules } from "./rules.ts";

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
export interface EventEnvelope {
  version: "0";
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: unknown;
}

export interface EventBus {
  /** The PutEvents operation; throws AwsError. */
  putEvents(request: unknown): Promise<{ FailedEntryCount: number; Entries: PutEventsResult[] }>;
  /** What a service of AWS says on the default bus. */
  announce(event: EventEnvelope): Promise<void>;
}
type PutEventsResult = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

/** "Number of entries per PutEvents request" and its size (AWS: API reference, PutEvents). */
const MAX_ENTRIES = 10;
const MAX_TOTAL_BYTES = 262_144;

const ENTRY = z.object({
  Source: z.string().optional(),
  DetailType: z.string().optional(),
  Detail: z.string().optional(),
  EventBusName: z.string().optional(),
  Resources: z.array(z.string()).optional(),
  /** Seconds since 1970. */
  Time: z.number().optional(),
});
const PUT_EVENTS = z.object({ Entries: z.array(ENTRY).min(1).max(MAX_ENTRIES) });
const JSON_OBJECT = z.record(z.string(), z.unknown());

export function createEventBus(rules: Pick<Rules, "targetsOf">, deliveries: Pick<Deliveries, "accept">): EventBus {
  async function deliver(bus: Bus, event: EventEnvelope): Promise<void> {
    await Promise.all(rules.targetsOf(bus, event).map((target) => deliveries.accept(target, event)));
  }

  async function put(entry: z.infer<typeof ENTRY>): Promise<PutEventsResult> {
    const { Source: source, DetailType: detailType, Detail: detailText } = entry;
    if (!source) return missing("Source");
    if (!detailType) return missing("DetailType");
    if (!detailText) return missing("Detail");
    if (source.startsWith("aws.")) {
      return {
        ErrorCode: "NotAuthorizedForSourceException",
        ErrorMessage: `Not authorized for the source: ${source}`,
      };
    }
    const detail = parseObject(detailText);
    if (!detail) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };

    const event = eventEnvelope({
      source,
      detailType,
      detail,
      resources: entry.Resources ?? [],
      at: entry.Time === undefined ? Date.now() : entry.Time * 1000,
    });
    // EventBridge takes an event for a bus that does not exist, and drops it (aws/aws-cli issue 9186).
    try {
      if (isOurBus(entry.EventBusName)) await deliver(BUS_NAME, event);
    } catch {
      return { ErrorCode: "InternalFailure", ErrorMessage: "The event could not be kept." };
    }
    return { EventId: event.id };
  }

  return {
    announce: (event) => deliver("default", event),

    async putEvents(request) {
      const parsed = PUT_EVENTS.safeParse(request);
      if (!parsed.success) throw new AwsError("ValidationException", z.prettifyError(parsed.error));
      if (Buffer.byteLength(JSON.stringify(parsed.data)) > MAX_TOTAL_BYTES) {
        throw new AwsError("ValidationException", "Total size of the entries in the request is over the limit.");
      }
      const Entries = await Promise.all(parsed.data.Entries.map(put));
      return { FailedEntryCount: Entries.filter((entry) => "ErrorCode" in entry).length, Entries };
    },
  };
}

/** An event as a target receives it. */
export function eventEnvelope(event: {
  source: string;
  detailType: string;
  detail: unknown;
  resources: string[];
  at: number;
}): EventEnvelope {
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": event.detailType,
    source: event.source,
    account: ACCOUNT_ID,
    // Whole seconds, as EventBridge writes them.
    time: new Date(event.at).toISOString().replace(/\.\d+Z$/, "Z"),
    region: REGION,
    resources: event.resources,
    detail: event.detail,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON_OBJECT.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function missing(field: string): PutEventsResult {
  return {
    ErrorCode: "InvalidArgument",
    ErrorMessage: `Parameter ${field} is not valid. Reason: ${field} is a required argument.`,
  };
}
