// Whether each thing may really call the next: the roles of callers and the policies of those that are called.
import * as z from "zod";
import type { Graph, GraphResource } from "../graph.ts";
import { arnOf, OFFLINE_PLACE } from "../mock-aws.ts";
import { at, definitionOf, functionsOf, ofType, roleStatements, statements, type Statement } from "../resources.ts";

const { region, accountId } = OFFLINE_PLACE;
const ROLE = "aws:iam/role:Role";

/** Every call that IAM would refuse, as a sentence. */
export function permissionFaults(graph: Graph): string[] {
  return [
    ...functionFaults(graph),
    ...apiFaults(graph),
    ...ruleFaults(graph),
    ...scheduleFaults(graph),
    ...machineFaults(graph),
  ];
}

function functionFaults(graph: Graph): string[] {
  return functionsOf(graph).flatMap(({ name, role, lambda }) => {
    const may = (action: string, arn: string) => roleAllows(role, action, arn);
    const log = `arn:aws:logs:${region}:${accountId}:log-group:${text(at(lambda, "loggingConfig.logGroup"))}:log-stream:x`;
    const queues = ofType(graph, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
      .filter(({ inputs }) => inputs["functionName"] === lambda.inputs["name"])
      .map((config) => text(at(config, "destinationConfig.onFailure.destination")));
    return [
      ...(trusts(role, "lambda.amazonaws.com") ? [] : [`${name}: its role does not trust Lambda.`]),
      ...(may("logs:PutLogEvents", log) ? [] : [`${name}: its role may not write its log.`]),
      ...(at(lambda, "tracingConfig.mode") !== "Active" || may("xray:PutTraceSegments", "*")
        ? []
        : [`${name}: it traces, and its role may not put traces.`]),
      ...queues
        .filter((queue) => !may("sqs:SendMessage", queue))
        .map((queue) => `${name}: its role may not send what fails to ${queue}.`),
    ];
  });
}

function apiFaults(graph: Graph): string[] {
  return ofType(graph, "aws:apigatewayv2/integration:Integration").flatMap((integration) => {
    const fn = text(integration.inputs["integrationUri"]);
    const api = text(integration.inputs["apiId"]).replace(/-id$/, "").toLowerCase();
    const source = `arn:aws:execute-api:${region}:${accountId}:${api}/$default/GET/any`;
    return mayInvoke(graph, fn, "apigateway.amazonaws.com", source)
      ? []
      : [`${integration.name}: API Gateway may not invoke ${fn}.`];
  });
}

function ruleFaults(graph: Graph): string[] {
  const queuePolicies = ofType(graph, "aws:sqs/queuePolicy:QueuePolicy").flatMap(({ inputs }) =>
    statements(inputs["policy"]),
  );
  return ofType(graph, "aws:cloudwatch/eventTarget:EventTarget").flatMap((target) => {
    const rule = text(target.inputs["rule"]);
    const source = `arn:aws:events:${region}:${accountId}:rule/${rule}`;
    const fn = text(target.inputs["arn"]);
    const queue = text(at(target, "deadLetterConfig.arn"));
    const takesLetters = queuePolicies.some(
      (it) =>
        it.Effect === "Allow" &&
        it.Resource.includes(queue) &&
        allows(it.Action, "sqs:SendMessage") &&
        JSON.stringify(it.Principal).includes("events.amazonaws.com") &&
        JSON.stringify(it.Condition ?? source).includes(source),
    );
    return [
      ...(mayInvoke(graph, fn, "events.amazonaws.com", source) ? [] : [`${rule}: EventBridge may not invoke ${fn}.`]),
      ...(queue === "" || takesLetters ? [] : [`${rule}: EventBridge may not send what fails to ${queue}.`]),
    ];
  });
}

function scheduleFaults(graph: Graph): string[] {
  return ofType(graph, "aws:scheduler/schedule:Schedule").flatMap((schedule) => {
    const role = roleOf(graph, text(at(schedule, "target.roleArn")));
    const fn = text(at(schedule, "target.arn"));
    const queue = text(at(schedule, "target.deadLetterConfig.arn"));
    if (!role || !trusts(role, "scheduler.amazonaws.com"))
      return [`${schedule.name}: its role does not trust the scheduler.`];
    return [
      ...(roleAllows(role, "lambda:InvokeFunction", fn) ? [] : [`${schedule.name}: its role may not invoke ${fn}.`]),
      ...(queue === "" || roleAllows(role, "sqs:SendMessage", queue)
        ? []
        : [`${schedule.name}: its role may not send what fails to ${queue}.`]),
    ];
  });
}

/** Step Functions, "Logging using CloudWatch Logs": all of these, on every resource. */
const TO_LOG = ["CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"]
  .concat(["PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"])
  .map((action) => `logs:${action}`);

function machineFaults(graph: Graph): string[] {
  return ofType(graph, "aws:sfn/stateMachine:StateMachine").flatMap((machine) => {
    const role = roleOf(graph, text(machine.inputs["roleArn"]));
    if (!role || !trusts(role, "states.amazonaws.com"))
      return [`${machine.name}: its role does not trust Step Functions.`];
    const called = Object.values(definitionOf(graph).States).flatMap(({ Resource }) =>
      typeof Resource === "string" ? [Resource] : [],
    );
    const logs = at(machine, "loggingConfiguration.level") === "OFF" ? [] : TO_LOG;
    return [
      ...called
        .filter((fn) => !roleAllows(role, "lambda:InvokeFunction", fn))
        .map((fn) => `${machine.name}: its role may not invoke ${fn}.`),
      ...logs
        .filter((action) => !roleAllows(role, action, "*"))
        .map((action) => `${machine.name}: it logs, and its role may not ${action}.`),
    ];
  });
}

function mayInvoke(graph: Graph, fn: string, principal: string, source: string): boolean {
  const named = fn.replace(/^.*:function:/, "");
  return ofType(graph, "aws:lambda/permission:Permission").some(
    ({ inputs }) =>
      inputs["principal"] === principal &&
      inputs["action"] === "lambda:InvokeFunction" &&
      [fn, named].includes(text(inputs["function"])) &&
      matches(text(inputs["sourceArn"]), source),
  );
}

function roleOf(graph: Graph, arn: string): GraphResource | undefined {
  return ofType(graph, ROLE).find(({ type, name, inputs }) => arnOf(type, name, inputs, OFFLINE_PLACE) === arn);
}

function trusts(role: GraphResource, service: string): boolean {
  const trusted = z.object({ Service: z.union([z.string().transform((it) => [it]), z.array(z.string())]) });
  return statements(role.inputs["assumeRolePolicy"]).some(
    ({ Effect, Principal }) =>
      Effect === "Allow" && (trusted.safeParse(Principal).data?.Service.includes(service) ?? false),
  );
}

/** Whether a role's own policies let it do this: an Allow that fits, and no Deny that does. */
function roleAllows(role: GraphResource, action: string, arn: string): boolean {
  const fits = (it: Statement) => allows(it.Action, action) && it.Resource.some((pattern) => matches(pattern, arn));
  const fitting = roleStatements(role).filter(fits);
  return fitting.some(({ Effect }) => Effect === "Allow") && fitting.every(({ Effect }) => Effect !== "Deny");
}

const allows = (actions: string[], action: string) => actions.some((pattern) => matches(pattern, action));

/** IAM's wildcards: `*` for any text, `?` for one character. */
function matches(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
