// docs/deploy-policy.json is what a deploy needs and no less: it follows from the graph, and what the graph makes lies within it.
import { readFile } from "node:fs/promises";
import { beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { deployPolicy } from "../../stacks/offline/deploy-rights.ts";
import { POLICY_FILE, policyText, VARIANTS } from "../../stacks/offline/write-deploy-policy.ts";
import { graphOf, NEEDED_SETTINGS, ofType, type Graph } from "../support/resource-graph.ts";

/** IAM and STS quotas: "Role inline policies", characters without whitespace. */
const INLINE_POLICY_CHARACTERS = 10_240;

let graphs: Graph[];
beforeAll(async () => {
  const { SST_SECRET_FalKey } = NEEDED_SETTINGS;
  graphs = await Promise.all(VARIANTS.map((settings) => graphOf("production", { SST_SECRET_FalKey, ...settings })));
});

it("the file is the policy of the graph as it is: npm run deploy-policy writes it anew", async () => {
  expect(await readFile(POLICY_FILE, "utf8")).toBe(await policyText(graphs));
});

it("a type of resource that is new is refused by its name, until its rights are known", () => {
  const [graph] = structuredClone(graphs);
  graph?.resources.push({
    type: "aws:kms/key:Key",
    name: "Key",
    custom: true,
    inputs: {},
    secretPaths: [],
    dependsOn: [],
  });
  expect(() => deployPolicy(graph ? [graph] : [])).toThrow(/knows no rights for aws:kms\/key:Key\./);
});

it("fits into a role", () => {
  expect(JSON.stringify(deployPolicy(graphs)).length).toBeLessThan(INLINE_POLICY_CHARACTERS);
});

it.each([
  ["aws:lambda/function:Function", "lambda:CreateFunction", "arn:aws:lambda:eu-west-1:1:function:"],
  ["aws:iam/role:Role", "iam:CreateRole", "arn:aws:iam::1:role/"],
  ["aws:iam/role:Role", "iam:PassRole", "arn:aws:iam::1:role/"],
  ["aws:dynamodb/table:Table", "dynamodb:CreateTable", "arn:aws:dynamodb:eu-west-1:1:table/"],
  ["aws:s3/bucket:Bucket", "s3:CreateBucket", "arn:aws:s3:::"],
  ["aws:sqs/queue:Queue", "sqs:CreateQueue", "arn:aws:sqs:eu-west-1:1:"],
  ["aws:sns/topic:Topic", "sns:CreateTopic", "arn:aws:sns:eu-west-1:1:"],
  ["aws:sfn/stateMachine:StateMachine", "states:CreateStateMachine", "arn:aws:states:eu-west-1:1:stateMachine:"],
  ["aws:cloudwatch/logGroup:LogGroup", "logs:CreateLogGroup", "arn:aws:logs:eu-west-1:1:log-group:"],
  ["aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:eu-west-1:1:alarm:"],
  ["aws:cloudwatch/dashboard:Dashboard", "cloudwatch:PutDashboard", "arn:aws:cloudwatch::1:dashboard/"],
  ["aws:cloudwatch/eventBus:EventBus", "events:CreateEventBus", "arn:aws:events:eu-west-1:1:event-bus/"],
  ["aws:cloudwatch/eventRule:EventRule", "events:PutRule", "arn:aws:events:eu-west-1:1:rule/"],
  ["aws:scheduler/schedule:Schedule", "scheduler:CreateSchedule", "arn:aws:scheduler:eu-west-1:1:schedule/default/"],
])("every %s may be made: %s", (type, action, arn) => {
  const policy = deployPolicy(graphs);
  const places = policy.Statement.filter((it) => it.Action.includes(action)).flatMap((it) => it.Resource);
  const patterns = places.map(
    (place) =>
      new RegExp(
        `^${place
          .split("*")
          .map((part) => part.replace(/[.+/]/g, "\\$&"))
          .join(".*")}$`,
      ),
  );
  const made = graphs.flatMap((graph) => ofType(graph, type));
  expect(made.length).toBeGreaterThan(0);
  for (const { name, inputs } of made) {
    const { data: called = name } = z.string().safeParse(inputs["name"] ?? inputs["bucket"] ?? inputs["dashboardName"]);
    const { data: bus } = z.string().safeParse(inputs["eventBusName"]);
    const whole = bus === undefined || bus === "default" ? arn + called : `${arn}${bus}/${called}`;
    expect(patterns.filter((pattern) => pattern.test(whole)).length, whole).toBeGreaterThan(0);
  }
});
