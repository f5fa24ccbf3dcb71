// Counted events: stable codes that a log line carries as `event`. The alarms and the dashboard of a stage are bound to
// them (stacks/counted-events.ts), so that a sentence of the log may be reworded.

export type LogEvent =
  /** A record was saved and its price put aside: `usd`. */
  | "generation_started"
  /** Its video is in the store: `usd`. */
  | "generation_completed"
  /** It ended without a video: `code`. */
  | "generation_failed"
  | "generation_canceled"
  /** fal made the video, and billed it, and it was given up. */
  | "delivery_lost"
  /** fal may have taken the job, and did not say so. */
  | "submit_in_doubt"
  | "submit_refused"
  /** fal has refused a submit for the account's sake: `code`. Once for each that asks, as long as the account is held. */
  | "provider_account_held"
  /** fal takes our jobs again. */
  | "provider_account_released"
  /** A check at fal failed: `error` has its HTTP status, and fal's code. */
  | "fal_unavailable"
  /** fal gave an answer that no row of kling/fal-answers.ts names: `call`, `httpStatus`, `fields`. */
  | "fal_answer_unknown"
  /** fal says that a job is done: `unrenderedSeconds`. */
  | "job_seen_done"
  /** fal has run a job that the record does not follow. */
  | "job_orphaned"
  /** The kill switch is on. */
  | "start_refused_stopped"
  | "start_refused_global_cap"
  | "start_refused_tenant_cap"
  /** Too many are open, or were started within a minute. */
  | "start_refused_limit"
  /** An event on the bus does not keep its schema. */
  | "event_invalid"
  /** fal's bill and our books differ: `kind`, `requestId`. */
  | "billing_unmatched"
  /** A tenant's webhook was disabled: `code` says why. */
  | "webhook_disabled";

/** What a line of the log says beside its sentence. */
export type LogFacts = Record<string, unknown> & { event?: LogEvent };
