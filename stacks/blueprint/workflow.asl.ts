// The state machine of a generation, in Amazon States Language (JSONPath). The cloud and the local machine run the same object.

/** The four functions of the workflow, by the state that calls them. */
export const WORKFLOW_FUNCTIONS = {
  SubmitGeneration: "functions/workflow/submit-generation.handler",
  CheckStatus: "functions/workflow/check-status.handler",
  FinalizeAndAnalyze: "functions/workflow/finalize-and-analyze.handler",
  RecordFailure: "functions/workflow/record-failure.handler",
} as const;
export type WorkflowState = keyof typeof WORKFLOW_FUNCTIONS;

/** A lap enters and leaves Wait and WhatNext, and CheckStatus with its function scheduled, started and succeeded. */
export const HISTORY_EVENTS_PER_LAP = 9;

/** Lambda's own failures: they say nothing about the step. */
const LAMBDA_ERRORS = [
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
  "Lambda.ClientExecutionTimeoutException",
];

/**
 * 2 + 4 + 8 + 16 + 32 = 62 s at most: a deploy is over by then, and no step does anything twice, since each begins by
 * reading the record.
 */
const LAMBDA_HICCUP = {
  ErrorEquals: LAMBDA_ERRORS,
  IntervalSeconds: 2,
  BackoffRate: 2,
  MaxAttempts: 5,
};

/** Anything else a step throws (a throttled table, a lost race): 1 + 2 + 4 = 7 s, then the state's Catch decides. */
const STEP_HICCUP = { ErrorEquals: ["States.ALL"], IntervalSeconds: 1, BackoffRate: 2, MaxAttempts: 3 };

/** A wake-up does not: it never joins the loop, for another execution is lapping. */
const LAPS = { Variable: "$.lap", BooleanEquals: true };

/**
 * The definition with the four functions' ARNs in it.
 *
 * Input: `{ tenantId, spaceId, mediaId, enter: "submit" | "check", lap, pollSeconds }`, keys only.
 * Every step answers `{ next: "wait" | "submit" | "finalize" | "fail" | "done" }`, and one Choice follows it where more
 * than one way leads on. Transitions are three quarters of the cost of a generation (docs/performance.md).
 */
export function workflowDefinition(functionArn: Record<WorkflowState, string>) {
  const decide = { ResultPath: "$.step", Next: "WhatNext" };
  const finalize = {
    Type: "Task",
    Resource: functionArn.FinalizeAndAnalyze,
    // Result 10 s + copy of at most 500 MB 240 s + facts, commit and description 30 s; the lease lasts as long.
    TimeoutSeconds: 300,
    Retry: [LAMBDA_HICCUP, STEP_HICCUP],
  };
  return {
    Comment: "One generation: submit once, look every few seconds, keep the video, say how it ended.",
    StartAt: "Enter",
    // 26 h: the longest deadline accepted (24 h), its 10 minutes of delivery, and room. A time-out runs no Catch: the sweeper restarts what is open.
    TimeoutSeconds: 93_600,
    States: {
      Enter: {
        Type: "Choice",
        Choices: [{ Variable: "$.enter", StringEquals: "check", Next: "CheckStatus" }],
        Default: "SubmitGeneration",
      },
      SubmitGeneration: {
        Type: "Task",
        Resource: functionArn.SubmitGeneration,
        // Source image 20 s + tail image 20 s + prompt 10 s + POST 30 s, and the writes between.
        TimeoutSeconds: 120,
        Retry: [
          LAMBDA_HICCUP,
          // The image's host: 5 + 10 + 20 = 35 s, then the generation fails as `image_unreachable`.
          { ErrorEquals: ["SourceImageUnavailableError"], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 },
          STEP_HICCUP,
        ],
        Catch: [
          // As many submits as may run at once are running: the check sends it here again, until its deadline.
          { ErrorEquals: LAMBDA_ERRORS, ResultPath: "$.failure", Next: "WaitBeforeCheck" },
          // A step that died after its claim is not a failure: record-failure leaves it to the checks, which settle what is in doubt.
          { ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "RecordFailure" },
        ],
        // Nearly always something was submitted; what was refused is found to be over after one wait.
        ResultPath: "$.step",
        Next: "WaitBeforeCheck",
      },
      WaitBeforeCheck: { Type: "Wait", SecondsPath: "$.pollSeconds", Next: "CheckStatus" },
      CheckStatus: {
        Type: "Task",
        Resource: functionArn.CheckStatus,
        // One status call (10 s), one history call (10 s), and the writes; a wake-up looks three times.
        TimeoutSeconds: 60,
        Retry: [LAMBDA_HICCUP, STEP_HICCUP],
        // A check that cannot be made says nothing about the job: look again. The deadline is judged inside the check.
        Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "WaitOrEnd" }],
        ...decide,
      },
      // A lap is Wait, CheckStatus, WhatNext: 3 transitions.
      WhatNext: {
        Type: "Choice",
        Choices: [
          { And: [{ Variable: "$.step.next", StringEquals: "finalize" }, LAPS], Next: "FinalizeAndAnalyze" },
          { Variable: "$.step.next", StringEquals: "finalize", Next: "FinalizeOnce" },
          { Variable: "$.step.next", StringEquals: "fail", Next: "RecordFailure" },
          { Variable: "$.step.next", StringEquals: "unknown", Next: "UnknownMedia" },
          { And: [{ Variable: "$.step.next", StringEquals: "wait" }, LAPS], Next: "WaitBeforeCheck" },
          { And: [{ Variable: "$.step.next", StringEquals: "submit" }, LAPS], Next: "SubmitGeneration" },
        ],
        Default: "Done",
      },
      // Not started by the service, which saves a record first: refused.
      UnknownMedia: {
        Type: "Fail",
        Error: "UnknownMedia",
        Cause:
          "There is no such media, and an execution makes none. To start a generation, call POST /api/media/enhance, put " +
          "Generation Requested on the bus, or invoke start-from-event.",
      },
      // After a step that could not be carried out.
      WaitOrEnd: {
        Type: "Choice",
        Choices: [{ ...LAPS, Next: "WaitBeforeCheck" }],
        Default: "Done",
      },
      FinalizeAndAnalyze: {
        ...finalize,
        // The job is finished and paid for: wait and try again until the deadline plus 10 minutes, which the check judges.
        Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "WaitOrEnd" }],
        ...decide,
      },
      // For a wake-up: whatever the outcome, another execution goes on.
      FinalizeOnce: {
        ...finalize,
        Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "Done" }],
        ResultPath: "$.step",
        End: true,
      },
      RecordFailure: {
        Type: "Task",
        Resource: functionArn.RecordFailure,
        // One cancel at fal (10 s) and the write.
        TimeoutSeconds: 30,
        Retry: [LAMBDA_HICCUP, STEP_HICCUP],
        Catch: [{ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: "WaitOrEnd" }],
        ...decide,
      },
      Done: { Type: "Succeed" },
    },
  };
}
