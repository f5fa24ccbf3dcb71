// Names as AWS takes them: each kind's length and letters, from the API reference of the call that creates it.
import type { Graph } from "../graph.ts";

interface NameRule {
  /** In characters. */
  max: number;
  pattern: RegExp;
  /** The input that holds it. */
  input?: string;
}

const WORDS = /^[\w-]+$/;
const DOTTED = /^[\w.-]+$/;

const RULES: Record<string, NameRule> = {
  // CreateFunction: a name alone has 64 characters at most, whatever an ARN may have.
  "aws:lambda/function:Function": { max: 64, pattern: WORDS },
  "aws:iam/role:Role": { max: 64, pattern: /^[\w+=,.@-]+$/ },
  // Bucket naming rules: 3 to 63, no capitals, no underscore.
  "aws:s3/bucket:Bucket": { max: 63, pattern: /^[a-z0-9][a-z0-9.-]+[a-z0-9]$/, input: "bucket" },
  "aws:sqs/queue:Queue": { max: 80, pattern: /^[\w-]+(\.fifo)?$/ },
  "aws:sns/topic:Topic": { max: 256, pattern: WORDS },
  "aws:sfn/stateMachine:StateMachine": { max: 80, pattern: /^[\w+!@.()=',-]+$/ },
  "aws:dynamodb/table:Table": { max: 255, pattern: DOTTED },
  "aws:cloudwatch/eventBus:EventBus": { max: 256, pattern: /^[/.\w-]+$/ },
  "aws:cloudwatch/eventRule:EventRule": { max: 64, pattern: DOTTED },
  "aws:cloudwatch/metricAlarm:MetricAlarm": { max: 255, pattern: /^[^\p{Cc}]+$/u },
  "aws:cloudwatch/dashboard:Dashboard": { max: 255, pattern: WORDS, input: "dashboardName" },
  "aws:cloudwatch/logGroup:LogGroup": { max: 512, pattern: /^[\w./#-]+$/ },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": { max: 512, pattern: /^[^:*]+$/ },
  "aws:scheduler/schedule:Schedule": { max: 64, pattern: DOTTED },
  "aws:apigatewayv2/api:Api": { max: 128, pattern: /./ },
  "aws:apigatewayv2/authorizer:Authorizer": { max: 128, pattern: /./ },
  "aws:apigatewayv2/stage:Stage": { max: 128, pattern: /^(\$default|[\w-]+)$/ },
  "aws:cognito/userPool:UserPool": { max: 128, pattern: /^[\w\s+=,.@-]+$/ },
  "aws:cognito/userPoolClient:UserPoolClient": { max: 128, pattern: /^[\w\s+=,.@-]+$/ },
};

/** Names that AWS would refuse, and kinds of names that no rule here is for. */
export function nameFaults({ resources }: Graph): string[] {
  return resources.flatMap(({ type, name: logicalName, inputs, custom }) => {
    const rule = RULES[type];
    const name = inputs[rule?.input ?? "name"];
    if (!custom || !type.startsWith("aws:") || typeof name !== "string") return [];
    if (!rule)
      return [`${logicalName}: stacks/offline/rehearsal/names.ts does not say how long the name of a ${type} may be.`];
    const { max, pattern } = rule;
    if ([...name].length > max) {
      return [
        `${logicalName}: its name ${name} has ${[...name].length} characters, AWS takes ${max}. A shorter stage helps.`,
      ];
    }
    return pattern.test(name) ? [] : [`${logicalName}: AWS takes no name like ${name} (${pattern.source}).`];
  });
}
