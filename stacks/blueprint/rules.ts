// The rules of the buses and the schedules, as plain data for the cloud and for the local machine.

export interface Rule {
  name: string;
  /** Ours, or the account's default bus, where AWS's services speak. */
  bus: "media" | "default";
  pattern: {
    source?: readonly string[];
    "detail-type": readonly string[];
    detail?: Readonly<Record<string, readonly string[]>>;
  };
  /** Only what our own state machine does; its ARN is the stage's. */
  ofStateMachine?: true;
  /** The function, as the path of its file. */
  handler: string;
}

export const RULES = [
  {
    name: "generation-requested",
    bus: "media",
    pattern: { "detail-type": ["Generation Requested"] },
    handler: "functions/events/start-from-event.handler",
  },
  {
    name: "execution-ended",
    bus: "default",
    pattern: {
      source: ["aws.states"],
      "detail-type": ["Step Functions Execution Status Change"],
      detail: { status: ["FAILED", "TIMED_OUT", "ABORTED"] },
    },
    ofStateMachine: true,
    handler: "functions/events/on-execution-ended.handler",
  },
  {
    name: "webhook-events",
    bus: "media",
    pattern: {
      source: ["media.generation"],
      // shared/webhooks/message.ts has the type that each is told as.
      "detail-type": [
        "Generation Started",
        "Generation Completed",
        "Generation Failed",
        "Generation Canceled",
        "Generation Refused",
        "Media Analyzed",
        "Media Deleted",
      ],
    },
    handler: "functions/events/tell-webhooks.handler",
  },
  {
    name: "webhooks-due",
    bus: "media",
    pattern: { source: ["media.webhooks"], "detail-type": ["Webhook Due"] },
    handler: "functions/events/deliver-webhooks.handler",
  },
] as const satisfies readonly Rule[];

/** Only where SOURCES_BUCKET and SOURCES_PREFIX are set: S3 speaks of a bucket that is not ours. */
export const SOURCES_RULE = {
  name: "source-arrived",
  handler: "functions/events/request-from-object.handler",
} as const;

export const SCHEDULES = [
  { name: "sweep", everySeconds: 60, handler: "functions/events/sweep-generations.handler" },
  { name: "webhook-sweep", everySeconds: 60, handler: "functions/events/sweep-webhooks.handler" },
] as const;

/** Only where FAL_ADMIN_KEY is set: fal shows its bill to no other key. */
export const BILLS_SCHEDULE = {
  name: "reconcile",
  everySeconds: 86_400,
  handler: "functions/events/reconcile-bills.handler",
} as const;

/** What an operator calls by its name (`npm run redrive`, `kill-switch`, `api-key`, `reconcile`). */
export const OPERATOR_CALLS = [
  "functions/events/redrive-generation.handler",
  "functions/events/set-kill-switch.handler",
  "functions/events/manage-api-keys.handler",
  BILLS_SCHEDULE.handler,
] as const;
