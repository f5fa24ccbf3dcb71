// Quotas that AWS documents and that no deploy can raise: sizes and counts of what a stage is made of.
import * as z from "zod";
import type { Graph } from "../graph.ts";
import { at, ofType, statements } from "../resources.ts";

/** Lambda quotas: "Function environment variables: 4 KB, for all environment variables in aggregate". */
const ENVIRONMENT_BYTES = 4096;
/** Lambda quotas: memory in MB and seconds of a function. */
const MEMORY_MB = { min: 128, max: 10_240 };
const TIMEOUT_SECONDS = 900;
const LAYERS = 5;
/** IAM and STS quotas: characters without whitespace of all inline policies of a role, of its trust policy, and policies attached. */
const ROLE_POLICY_CHARACTERS = 10_240;
const TRUST_POLICY_CHARACTERS = 2048;
const ATTACHED_POLICIES = 10;
/** S3: a bucket policy in bytes; SQS and SNS: characters of a policy. */
const RESOURCE_POLICY_BYTES = {
  "aws:s3/bucketPolicy:BucketPolicy": 20_480,
  "aws:sqs/queuePolicy:QueuePolicy": 8192,
  "aws:sns/topicPolicy:TopicPolicy": 30_720,
};
/** Lambda, "Resource-based policies": 20 KB for a function; one permission of ours is about 300 bytes. */
const PERMISSIONS_OF_A_FUNCTION = 60;
/** Quotas for HTTP APIs. */
const HTTP_API_ROUTES = 300;
/** Step Functions service quotas: a definition in bytes. */
const DEFINITION_BYTES = 1024 * 1024;
/** EventBridge quotas: rules of a bus, targets of a rule, characters of a pattern. */
const BUS_RULES = 300;
const RULE_TARGETS = 5;
const PATTERN_CHARACTERS = 2048;
/** CloudWatch Logs quotas: metric filters of a log group. */
const LOG_GROUP_FILTERS = 100;
/** DynamoDB quotas: global secondary indexes of a table. */
const TABLE_INDEXES = 20;
/** S3: CORS rules and lifecycle rules of a bucket. */
const CORS_RULES = 100;

const LAMBDA = "aws:lambda/function:Function";
const ROLE = "aws:iam/role:Role";

const inlinePolicies = z.array(z.object({ policy: z.unknown() })).default([]);
const list = z.array(z.unknown()).default([]);
const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value ?? ""));
/** As AWS counts a policy. */
const characters = (policy: unknown) => text(policy).replace(/\s/g, "").length;

/** Everything over a quota, and by how much. */
export function quotaFaults(graph: Graph): string[] {
  const faults: string[] = [];
  const hold = (of: string, what: string, is: number, most: number) => {
    if (is > most) faults.push(`${of}: ${what}: ${is}, AWS takes ${most}.`);
  };
  for (const { name, inputs } of ofType(graph, LAMBDA)) {
    const variables = z.record(z.string(), z.string()).default({}).parse(at({ inputs }, "environment.variables"));
    const bytes = Object.entries(variables).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
    hold(name, "bytes of its environment", bytes, ENVIRONMENT_BYTES);
    hold(name, "MB of memory", Number(inputs["memorySize"]), MEMORY_MB.max);
    hold(name, "MB too few of memory", MEMORY_MB.min - Number(inputs["memorySize"]), 0);
    hold(name, "seconds until it ends", Number(inputs["timeout"]), TIMEOUT_SECONDS);
    hold(name, "layers", list.parse(inputs["layers"]).length, LAYERS);
  }
  for (const { name, inputs } of ofType(graph, ROLE)) {
    const policies = inlinePolicies.parse(inputs["inlinePolicies"]);
    const size = policies.reduce((sum, { policy }) => sum + characters(policy), 0);
    hold(name, "characters of its inline policies", size, ROLE_POLICY_CHARACTERS);
    hold(name, "characters of its trust policy", characters(inputs["assumeRolePolicy"]), TRUST_POLICY_CHARACTERS);
    hold(name, "attached policies", list.parse(inputs["managedPolicyArns"]).length, ATTACHED_POLICIES);
    const empty = policies
      .flatMap(({ policy }) => statements(policy))
      .filter(({ Action, Resource }) => !Action[0] || !Resource[0]);
    if (empty.length > 0) faults.push(`${name}: a statement of its policy names no action or no resource.`);
  }
  for (const [type, most] of Object.entries(RESOURCE_POLICY_BYTES)) {
    for (const { name, inputs } of ofType(graph, type))
      hold(name, "bytes of its policy", characters(inputs["policy"]), most);
  }
  const counted: [type: string, by: string, what: string, most: number][] = [
    ["aws:lambda/permission:Permission", "function", "permissions of a function", PERMISSIONS_OF_A_FUNCTION],
    ["aws:apigatewayv2/route:Route", "apiId", "routes of an API", HTTP_API_ROUTES],
    ["aws:cloudwatch/eventRule:EventRule", "eventBusName", "rules of a bus", BUS_RULES],
    ["aws:cloudwatch/eventTarget:EventTarget", "rule", "targets of a rule", RULE_TARGETS],
    ["aws:cloudwatch/logMetricFilter:LogMetricFilter", "logGroupName", "filters of a log group", LOG_GROUP_FILTERS],
  ];
  for (const [type, by, what, most] of counted) {
    const groups = Map.groupBy(ofType(graph, type), ({ inputs }) => text(inputs[by]));
    for (const [of, members] of groups) hold(of, what, members.length, most);
  }
  for (const { name, inputs } of ofType(graph, "aws:cloudwatch/eventRule:EventRule")) {
    hold(name, "characters of its pattern", text(inputs["eventPattern"]).length, PATTERN_CHARACTERS);
  }
  for (const { name, inputs } of ofType(graph, "aws:sfn/stateMachine:StateMachine")) {
    hold(name, "bytes of its definition", Buffer.byteLength(text(inputs["definition"])), DEFINITION_BYTES);
  }
  for (const { name, inputs } of ofType(graph, "aws:dynamodb/table:Table")) {
    hold(name, "indexes", list.parse(inputs["globalSecondaryIndexes"]).length, TABLE_INDEXES);
  }
  for (const { name, inputs } of ofType(graph, "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")) {
    hold(name, "CORS rules", list.parse(inputs["corsRules"]).length, CORS_RULES);
  }
  return faults;
}
