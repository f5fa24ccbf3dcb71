// What is counted of the logs, as plain data: each code, the functions that write it, and where the dashboard shows it.
import type { LogEvent } from "../shared/media/log-events.ts";
import { BILLS_SCHEDULE, RULES, SCHEDULES } from "./blueprint/rules.ts";
import { WORKFLOW_FUNCTIONS } from "./blueprint/workflow.asl.ts";

/** Where the dashboard shows a metric, and how it sums it up. */
export const PANELS = {
  starts: { title: "Starts, and what was refused", stats: ["Sum"] },
  ends: { title: "Ends, by kind", stats: ["Sum"] },
  money: { title: "Money at list prices: started, and completed (US dollars)", stats: ["Sum"] },
  fal: { title: "fal: doubts, refusals, orphaned jobs", stats: ["Sum"] },
  webhooks: { title: "Webhooks that were disabled", stats: ["Sum"] },
  delay: {
    title: "Until a finished job was seen, fal's own queue included (seconds beyond its rendering)",
    stats: ["p50", "p90", "Maximum"],
  },
} as const satisfies Record<string, { title: string; stats: readonly string[] }>;
type Panel = keyof typeof PANELS;

interface Counted {
  panel: Panel;
  /** The functions whose log has such a line. test/stacks/log-metrics.test.ts finds a missing one. */
  writtenBy: readonly string[];
  /** Metrics of their own, each made of a number that the line carries. */
  values?: Readonly<Record<string, { panel: Panel; of: `$.${string}` }>>;
}

const ENHANCE = "functions/api/enhance-media.handler";
const CREATE_VIDEO = "functions/api/create-video.handler";
const AGENTS = "functions/api/serve-agents.handler";
const CANCEL = "functions/api/cancel-generation.handler";
const WEBHOOK = "functions/events/receive-fal-webhook.handler";
const [{ handler: START_FROM_EVENT }, { handler: EXECUTION_ENDED }, tell, due] = RULES;
const [TELL_WEBHOOKS, DELIVER_WEBHOOKS] = [tell.handler, due.handler];
const [{ handler: SWEEP }] = SCHEDULES;
const { SubmitGeneration, CheckStatus, FinalizeAndAnalyze, RecordFailure } = WORKFLOW_FUNCTIONS;
const STARTS = [ENHANCE, CREATE_VIDEO, AGENTS, START_FROM_EVENT];
const ENDS = [RecordFailure, SWEEP, EXECUTION_ENDED];

/** A code that is new in shared/media/log-events.ts does not compile until it stands here. */
export const COUNTED_EVENTS: Readonly<Record<LogEvent, Counted>> = {
  generation_started: { panel: "starts", writtenBy: STARTS, values: { usd_started: { panel: "money", of: "$.usd" } } },
  generation_completed: {
    panel: "ends",
    writtenBy: [FinalizeAndAnalyze],
    values: { usd_completed: { panel: "money", of: "$.usd" } },
  },
  generation_failed: { panel: "ends", writtenBy: [SubmitGeneration, FinalizeAndAnalyze, ...ENDS] },
  generation_canceled: {
    panel: "ends",
    writtenBy: [CANCEL, AGENTS, SubmitGeneration, CheckStatus, FinalizeAndAnalyze, ...ENDS],
  },
  delivery_lost: { panel: "ends", writtenBy: [FinalizeAndAnalyze, ...ENDS] },
  submit_in_doubt: { panel: "fal", writtenBy: [SubmitGeneration] },
  provider_account_held: { panel: "fal", writtenBy: [SubmitGeneration] },
  provider_account_released: { panel: "fal", writtenBy: [SubmitGeneration] },
  submit_refused: { panel: "fal", writtenBy: [SubmitGeneration] },
  fal_unavailable: { panel: "fal", writtenBy: [CheckStatus, FinalizeAndAnalyze, SWEEP, EXECUTION_ENDED] },
  fal_answer_unknown: {
    panel: "fal",
    writtenBy: [CANCEL, AGENTS, WEBHOOK, SubmitGeneration, CheckStatus, FinalizeAndAnalyze, ...ENDS],
  },
  job_seen_done: {
    panel: "fal",
    writtenBy: [CheckStatus, SWEEP, EXECUTION_ENDED],
    values: { unrendered_seconds: { panel: "delay", of: "$.unrenderedSeconds" } },
  },
  job_orphaned: { panel: "fal", writtenBy: [WEBHOOK, SubmitGeneration] },
  start_refused_stopped: { panel: "starts", writtenBy: STARTS },
  start_refused_global_cap: { panel: "starts", writtenBy: STARTS },
  start_refused_tenant_cap: { panel: "starts", writtenBy: STARTS },
  start_refused_limit: { panel: "starts", writtenBy: STARTS },
  billing_unmatched: { panel: "fal", writtenBy: [BILLS_SCHEDULE.handler] },
  webhook_disabled: { panel: "webhooks", writtenBy: [TELL_WEBHOOKS, DELIVER_WEBHOOKS] },
  event_invalid: { panel: "starts", writtenBy: [START_FROM_EVENT] },
};

/** The metrics of a panel, by name. */
export function metricsOf(panel: Panel): string[] {
  return Object.entries(COUNTED_EVENTS).flatMap(([event, counted]) => [
    ...(counted.panel === panel ? [event] : []),
    ...Object.entries(counted.values ?? {}).flatMap(([metric, value]) => (value.panel === panel ? [metric] : [])),
  ]);
}
