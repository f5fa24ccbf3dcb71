// The rules of the bus and the schedules. An event that is not delivered, or fails for good, waits in a queue for an operator.
import { EVENT_TRIES } from "../shared/media/event-tries.ts";
import { BILLS_SCHEDULE, RULES, SCHEDULES, SOURCES_RULE, type Rule } from "./blueprint/rules.ts";
import { pascalCase, type Functions } from "./functions.ts";
import type { Settings, Sources } from "./settings.ts";

/** EventBridge delivers for a day at most (AWS: "Retry policy"); Lambda then tries the function for six hours at most. */
const DAY_SECONDS = 86_400;
const FUNCTION_TRIES_SECONDS = 21_600;
const DEAD_LETTERS_KEPT_SECONDS = 14 * DAY_SECONDS;

export function createBus(): sst.aws.Bus {
  return new sst.aws.Bus("Bus");
}

/** @returns the dead-letter queues, by the function that should have taken the event */
export function createRules(
  settings: Pick<Settings, "sources"> & { readsBills: boolean },
  bus: sst.aws.Bus,
  machine: aws.sfn.StateMachine,
  functions: Functions,
): Map<string, aws.sqs.Queue> {
  const deadLetters = new Map<string, aws.sqs.Queue>();
  const rules: readonly Rule[] = RULES;

  const subscribe = (
    { name, handler }: Pick<Rule, "name" | "handler">,
    busArn: $util.Input<string>,
    pattern: Pattern,
  ) => {
    const queue = createDeadLetters(name);
    deadLetters.set(handler, queue);
    const fn = functions(handler, {
      retries: EVENT_TRIES - 1,
      keepSeconds: FUNCTION_TRIES_SECONDS,
      deadLetters: queue.arn,
    });
    const subscription = sst.aws.Bus.subscribe(pascalCase(name), busArn, fn.arn, {
      pattern,
      transform: {
        target: {
          deadLetterConfig: { arn: queue.arn },
          retryPolicy: { maximumEventAgeInSeconds: DAY_SECONDS, maximumRetryAttempts: 185 },
        },
      },
    });
    allowDeadLetters(
      name,
      queue,
      subscription.apply(({ nodes }) => nodes.rule.arn),
    );
  };
  for (const rule of rules) subscribe(rule, rule.bus === "media" ? bus.arn : defaultBus(), patternOf(rule, machine));
  if (settings.sources) subscribe(SOURCES_RULE, defaultBus(), patternOfSources(settings.sources));

  for (const { name, everySeconds, handler } of [...SCHEDULES, ...(settings.readsBills ? [BILLS_SCHEDULE] : [])]) {
    const queue = createDeadLetters(name);
    deadLetters.set(handler, queue);
    // A run that fails is made good by the next one: no retries, and none that comes late.
    const fn = functions(handler, { retries: 0, keepSeconds: everySeconds, deadLetters: queue.arn });
    new sst.aws.CronV2(pascalCase(name), {
      schedule: rate(everySeconds),
      function: fn.arn,
      retries: 0,
      dlq: queue.arn,
    });
    allowDeadLetters(name, queue);
  }
  return deadLetters;
}

function defaultBus(): $util.Output<string> {
  const [region, account] = [aws.getRegionOutput().region, aws.getCallerIdentityOutput().accountId];
  return $interpolate`arn:aws:events:${region}:${account}:event-bus/default`;
}

interface Pattern {
  detailType: string[];
  source?: string[];
  detail?: Record<string, unknown>;
}

/** As S3 tells EventBridge, where the bucket has been told to (AWS: "Enabling Amazon EventBridge" of a bucket). */
function patternOfSources({ bucket, prefix }: Sources): Pattern {
  return {
    source: ["aws.s3"],
    detailType: ["Object Created"],
    detail: { bucket: { name: [bucket] }, object: { key: [{ prefix }] } },
  };
}

function patternOf({ pattern, ofStateMachine }: Rule, machine: aws.sfn.StateMachine) {
  const detail = { ...pattern.detail, ...(ofStateMachine && { stateMachineArn: [machine.arn] }) };
  return {
    detailType: [...pattern["detail-type"]],
    ...(pattern.source && { source: [...pattern.source] }),
    ...(Object.keys(detail).length > 0 && { detail }),
  };
}

function createDeadLetters(name: string): aws.sqs.Queue {
  return new aws.sqs.Queue(`${pascalCase(name)}DeadLetters`, {
    name: `${$app.name}-${$app.stage}-${name}-dead-letters`,
    messageRetentionSeconds: DEAD_LETTERS_KEPT_SECONDS,
    sqsManagedSseEnabled: true,
  });
}

function allowDeadLetters(name: string, queue: aws.sqs.Queue, ruleArn?: $util.Output<string>): void {
  new aws.sqs.QueuePolicy(`${pascalCase(name)}DeadLettersPolicy`, {
    queueUrl: queue.url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "sqs:*",
          Resource: queue.arn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
        ...(ruleArn === undefined
          ? []
          : [
              {
                Effect: "Allow",
                Principal: { Service: "events.amazonaws.com" },
                Action: "sqs:SendMessage",
                Resource: queue.arn,
                Condition: { ArnEquals: { "aws:SourceArn": ruleArn } },
              },
            ]),
      ],
    }),
  });
}

function rate(seconds: number): `rate(${string})` {
  if (seconds % 60 !== 0) throw new Error(`EventBridge Scheduler counts in minutes, not ${seconds} seconds.`);
  return seconds === 60 ? "rate(1 minute)" : `rate(${seconds / 60} minutes)`;
}
