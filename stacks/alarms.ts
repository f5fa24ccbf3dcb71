// The alarms that wake an operator: each says what users notice of its failure. docs/runbook.md has an entry for every one.
import type { LogEvent } from "../shared/media/log-events.ts";
import { ROUTES } from "./blueprint/routes.ts";
import { BILLS_SCHEDULE, RULES, SCHEDULES, SOURCES_RULE } from "./blueprint/rules.ts";
import { MEDIA_TABLE } from "./blueprint/tables.ts";
import { WORKFLOW_FUNCTIONS } from "./blueprint/workflow.asl.ts";
import type { Api } from "./api.ts";
import type { Functions } from "./functions.ts";
import { metricNamespace } from "./log-metrics.ts";
import type { Settings } from "./settings.ts";

export interface Watched {
  api: Api;
  machine: aws.sfn.StateMachine;
  table: sst.aws.Dynamo;
  functions: Functions;
  /** Dead-letter queues, by the handler whose events they hold. */
  deadLetters: Map<string, aws.sqs.Queue>;
}

interface AlarmPlan {
  /** What users notice. */
  says: string;
  namespace: string;
  metrics: string[];
  dimensions: Record<string, $util.Input<string>>;
  /** Rings when the sum over a period reaches this. */
  atLeast: number;
  periodSeconds?: number;
  /** In so many of the last so many periods. */
  periods?: [bad: number, of: number];
  /** Rings when the metric's data stops. */
  onSilence?: true;
}

const MINUTE = 60;
const SWEEP = SCHEDULES[0].handler;
const SWEEP_WEBHOOKS = SCHEDULES[1].handler;
const [START_FROM_EVENT, EXECUTION_ENDED, TELL_WEBHOOKS, DELIVER_WEBHOOKS] = [
  RULES[0].handler,
  RULES[1].handler,
  RULES[2].handler,
  RULES[3].handler,
];

/** @returns the topic that every alarm is put on */
export function createAlarms(settings: Settings, watched: Watched): aws.sns.Topic {
  const topic = createTopic(settings);
  for (const [name, plan] of Object.entries(alarmPlans(watched))) createAlarm(name, plan, topic);
  return topic;
}

function alarmPlans({ api, machine, table, functions, deadLetters }: Watched): Record<string, AlarmPlan> {
  const lambda = (handler: string) => ({ FunctionName: functions(handler).name });
  const states = { StateMachineArn: machine.arn };
  const queue = (handler: string) => ({ QueueName: deadLetters.get(handler)?.name ?? "" });
  const logged = (event: LogEvent) => ({ namespace: metricNamespace(), metrics: [event], dimensions: {} });
  const throttled = { namespace: "AWS/DynamoDB", metrics: ["ReadThrottleEvents", "WriteThrottleEvents"] };
  const everyCaller = { ApiId: api.gateway.nodes.api.id, Stage: "$default" };

  return {
    ApiErrors: {
      says: `People who start or follow a video get an error of ours (5xx) on one of ${ROUTES.length} routes. Nothing is paid twice: a start that was answered with an error may be repeated with the same Idempotency-Key.`,
      namespace: "AWS/ApiGateway",
      metrics: ["5xx"],
      dimensions: everyCaller,
      atLeast: 5,
      periodSeconds: 5 * MINUTE,
    },
    SubmitErrors: {
      says: "Videos that people have asked for are not handed to fal.ai: they wait, and after the retries end as failed with nothing submitted and nothing billed.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(WORKFLOW_FUNCTIONS.SubmitGeneration),
      atLeast: 3,
      periodSeconds: 5 * MINUTE,
    },
    SubmitThrottled: {
      says: "More videos are asked for than may be submitted at once (reserved concurrency): people wait for their turn; what has had none by its deadline ends as `timed_out`, with nothing billed.",
      namespace: "AWS/Lambda",
      metrics: ["Throttles"],
      dimensions: lambda(WORKFLOW_FUNCTIONS.SubmitGeneration),
      atLeast: 10,
      periodSeconds: 5 * MINUTE,
    },
    SubmitInDoubt: {
      says: "fal.ai may have taken jobs without saying so: people wait up to 15 minutes and may see `submit_outcome_unknown`; the account may be billed for a video that is not delivered.",
      ...logged("submit_in_doubt"),
      atLeast: 3,
      periodSeconds: 15 * MINUTE,
    },
    FalRefuses: {
      says: "fal.ai refuses our jobs, for a policy, or because this service may not use a model: the videos that people ask for fail at once, with nothing billed.",
      ...logged("submit_refused"),
      atLeast: 5,
      periodSeconds: 15 * MINUTE,
    },
    ProviderAccountHeld: {
      says: "fal.ai takes no job of this service: the account is locked, or its key is not accepted. What people have asked for and will ask for waits, loses nothing, and goes on by itself when fal takes jobs again; after HOLD_SECONDS (a day) it fails, with nothing billed.",
      ...logged("provider_account_held"),
      atLeast: 1,
      // As long as it is held a probe is refused every ten minutes: the alarm stays on.
      periodSeconds: 15 * MINUTE,
    },
    CheckErrors: {
      says: "We cannot see how far fal.ai is: people's videos seem to stand still, finished ones arrive late, and at the deadline they fail as `timed_out`.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(WORKFLOW_FUNCTIONS.CheckStatus),
      atLeast: 10,
      periodSeconds: 5 * MINUTE,
    },
    FinalizeErrors: {
      says: "Videos that fal.ai has finished, and billed, do not reach the people who paid for them. Past their deadline plus 10 minutes they fail as `delivery_failed`; fal may delete its copy after an hour.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(WORKFLOW_FUNCTIONS.FinalizeAndAnalyze),
      atLeast: 3,
      periodSeconds: 5 * MINUTE,
    },
    DeliveriesLost: {
      says: "A video that fal.ai has made, and billed, was given up (`delivery_failed`): the person was told that it failed. An operator may still fetch it, as long as fal.ai keeps it.",
      ...logged("delivery_lost"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    StartsStopped: {
      says: "The kill switch is on, and people who ask for a video are told that new ones are stopped. Videos that fal.ai has go on; what was queued waits, and fails at its deadline.",
      ...logged("start_refused_stopped"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    GlobalCapReached: {
      says: "The month's budget of the whole service is spent (GLOBAL_MONTHLY_CAP_USD): people cannot start videos until the next month, or until the cap is raised.",
      ...logged("start_refused_global_cap"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    JobsOrphaned: {
      says: "fal.ai has run, and probably billed, a job that no generation follows: its video is not delivered. The person was told to try again, or got another one.",
      ...logged("job_orphaned"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    BillingUnmatched: {
      says: "fal.ai's bill and our books differ: a video was paid twice or for nothing, at another price, or for no tenant that we know; or a delivered one has no bill. People's videos are not affected; each difference is announced once, by name.",
      ...logged("billing_unmatched"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    ReconcileErrors: {
      says: "fal.ai's bill could not be compared with our books: people's media do not say what they were billed, and what is paid twice or for nothing is not noticed.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(BILLS_SCHEDULE.handler),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    // Only where there is a key that may read the bill, there is such a queue.
    ...(deadLetters.has(BILLS_SCHEDULE.handler) && {
      ReconcileLost: {
        says: "The daily comparison with fal.ai's bill did not run or failed. The next one makes good three days; until then people's media do not say what they were billed.",
        namespace: "AWS/SQS",
        metrics: ["ApproximateNumberOfMessagesVisible"],
        dimensions: queue(BILLS_SCHEDULE.handler),
        atLeast: 2,
        periodSeconds: 5 * MINUTE,
      },
    }),
    RecordFailureErrors: {
      says: "Generations that have failed are still shown as running: people wait for a video that will not come.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(WORKFLOW_FUNCTIONS.RecordFailure),
      atLeast: 3,
      periodSeconds: 5 * MINUTE,
    },
    ExecutionsFailed: {
      says: "Workflows end without having brought their generation to its end. The sweeper starts them again within a minute; until then the person's video stands still.",
      namespace: "AWS/States",
      metrics: ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"],
      dimensions: states,
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    SweepErrors: {
      says: "The sweeper fails: a generation whose workflow was lost stays open for ever, and people are not told of videos that are done.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(SWEEP),
      atLeast: 1,
      periods: [3, 5],
    },
    SweepSilent: {
      says: "The sweeper does not run at all: lost generations that people wait for are not restarted, and no other alarm would say so.",
      namespace: "AWS/Lambda",
      metrics: ["Invocations"],
      dimensions: lambda(SWEEP),
      atLeast: 1,
      periodSeconds: 10 * MINUTE,
      onSilence: true,
    },
    RequestsLost: {
      says: "Generations that other systems asked for on the bus were not started: the people behind them get no video and no error. Each one waits in the queue to be redriven.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(START_FROM_EVENT),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    EndsLost: {
      says: "That workflows have ended badly was not heard, or not acted upon. The sweeper finds their generations within minutes; until then people's videos stand still.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(EXECUTION_ENDED),
      atLeast: 5,
      periodSeconds: 5 * MINUTE,
    },
    SweepsLost: {
      says: "Runs of the sweeper could not be delivered or failed. The next run makes good what they left; where it does not, people wait for what was lost (SweepErrors).",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(SWEEP),
      atLeast: 5,
      periodSeconds: 5 * MINUTE,
    },
    WebhookDisabled: {
      says: "A tenant's webhook has taken nothing for five days, or answered 410, and was disabled: the people behind it hear of no video any more until they enable it again.",
      ...logged("webhook_disabled"),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    WebhookEventsLost: {
      says: "Events were not written down for the webhooks of their tenants: the people behind them do not hear of videos that are done. Each one waits in the queue to be redriven.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(TELL_WEBHOOKS),
      atLeast: 1,
      periodSeconds: 5 * MINUTE,
    },
    WebhookSweepErrors: {
      says: "What webhooks did not take is not tried again: the people behind them hear of videos late, or not before it is mended.",
      namespace: "AWS/Lambda",
      metrics: ["Errors"],
      dimensions: lambda(SWEEP_WEBHOOKS),
      atLeast: 1,
      periods: [3, 5],
    },
    WebhookTriesLost: {
      says: "Tries of webhooks could not be made or written down. The sweeper has them made again within minutes; where that does not help, the people behind them hear of videos late.",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(DELIVER_WEBHOOKS),
      atLeast: 5,
      periodSeconds: 5 * MINUTE,
    },
    WebhookSweepsLost: {
      says: "Runs of the webhooks' sweeper could not be delivered or failed. The next run makes good what they left; where it does not, people hear of videos late (WebhookSweepErrors).",
      namespace: "AWS/SQS",
      metrics: ["ApproximateNumberOfMessagesVisible"],
      dimensions: queue(SWEEP_WEBHOOKS),
      atLeast: 5,
      periodSeconds: 5 * MINUTE,
    },
    // This queue exists only where a folder of S3 is watched.
    ...(deadLetters.has(SOURCES_RULE.handler) && {
      SourcesLost: {
        says: "Pictures that people put into the watched folder of S3 became no videos, and no answer tells them so. Each one waits in the queue to be redriven.",
        namespace: "AWS/SQS",
        metrics: ["ApproximateNumberOfMessagesVisible"],
        dimensions: queue(SOURCES_RULE.handler),
        atLeast: 1,
        periodSeconds: 5 * MINUTE,
      },
    }),
    TableThrottled: {
      says: "The table refuses reads or writes: people get `503 Busy just now`, and generations move on late.",
      ...throttled,
      dimensions: { TableName: table.name },
      atLeast: 10,
      periodSeconds: 5 * MINUTE,
    },
    // DynamoDB counts an index separately from its table (AWS: "DynamoDB metrics and dimensions").
    SweepIndexThrottled: {
      says: "The index of what is open refuses writes, and with it the table refuses those of generations that move: people get `503 Busy just now`. Where it refuses reads, the sweeper comes late to what was lost.",
      ...throttled,
      dimensions: { TableName: table.name, GlobalSecondaryIndexName: MEDIA_TABLE.sweepIndex.name },
      atLeast: 10,
      periodSeconds: 5 * MINUTE,
    },
  };
}

function createAlarm(name: string, plan: AlarmPlan, topic: aws.sns.Topic): void {
  const { metrics, namespace, dimensions, periodSeconds = MINUTE, periods: [bad, of] = [1, 1], atLeast } = plan;
  // A queue's length is a state, the rest are counts.
  const stat = namespace === "AWS/SQS" ? "Maximum" : "Sum";
  const queries = metrics.map((metricName, n) => ({
    id: `m${n}`,
    metric: { namespace, metricName, dimensions, period: periodSeconds, stat },
    returnData: metrics.length === 1,
  }));
  const sum = {
    id: "sum",
    label: metrics.join(" + "),
    expression: metrics.map((_, n) => `FILL(m${n}, 0)`).join(" + "),
    returnData: true,
  };
  new aws.cloudwatch.MetricAlarm(`${name}Alarm`, {
    name: `${$app.name}-${$app.stage}-${name}`,
    alarmDescription: `${plan.says} Runbook: docs/runbook.md#${name.toLowerCase()}`,
    metricQueries: metrics.length === 1 ? queries : [...queries, sum],
    comparisonOperator: plan.onSilence ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
    threshold: atLeast,
    datapointsToAlarm: bad,
    evaluationPeriods: of,
    // Lambda reports no zeros: a function that has stopped has no data. Treated as breaching, missing data would ring right
    // after the first deploy, before there can be any. As it is, the alarm notifies only when it enters INSUFFICIENT_DATA.
    treatMissingData: plan.onSilence ? "missing" : "notBreaching",
    ...(plan.onSilence && { insufficientDataActions: [topic.arn] }),
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
}

function createTopic({ alarmEmail }: Settings): aws.sns.Topic {
  const topic = new aws.sns.Topic("Alarms", { name: `${$app.name}-${$app.stage}-alarms` });
  const account = aws.getCallerIdentityOutput().accountId;
  new aws.sns.TopicPolicy("AlarmsPolicy", {
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        },
        {
          Effect: "Deny",
          Principal: "*",
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
  });
  if (alarmEmail !== undefined) {
    new aws.sns.TopicSubscription("AlarmsEmail", { topic: topic.arn, protocol: "email", endpoint: alarmEmail });
  }
  return topic;
}
