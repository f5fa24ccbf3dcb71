// A graph read by type and name: its resources, its functions with what they may do, and what calls them.
import * as z from "zod";
import { functionName } from "../blueprint/functions.ts";
import type { FunctionBuild } from "./function-build.ts";
import type { Graph, GraphResource } from "./graph.ts";

export interface Statement {
  Effect: "Allow" | "Deny";
  Action: string[];
  Resource: string[];
  Principal?: unknown;
  Condition?: unknown;
}

const strings = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const documentSchema = z.object({
  Statement: z.array(
    z.object({
      Effect: z.enum(["Allow", "Deny"]),
      Action: strings,
      Resource: strings.default([]),
      Principal: z.unknown().optional(),
      Condition: z.unknown().optional(),
    }),
  ),
});

/** The statements of a policy, which stands in a graph as JSON text or as it is. */
export function statements(policy: unknown): Statement[] {
  const document: unknown = typeof policy === "string" ? JSON.parse(policy) : policy;
  return documentSchema.parse(document).Statement;
}

/** The resources of a type: `aws:s3/bucket:Bucket`. */
export function ofType(graph: Graph, type: string): GraphResource[] {
  return graph.resources.filter((resource) => resource.type === type);
}

/** The one resource of this type and name. */
export function resource(graph: Graph, type: string, name?: string): GraphResource {
  const found = ofType(graph, type).filter((it) => name === undefined || it.name === name);
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} resources are ${type} ${name ?? ""}`);
  return only;
}

/** A value inside the inputs of a resource: `at(queue, "redrivePolicy.maxReceiveCount")`. */
export function at(of: { inputs: Record<string, unknown> }, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], of.inputs);
}

const inlinePolicies = z.array(z.object({ policy: z.unknown() })).default([]);

/** Everything a role allows by its inline policies. */
export function roleStatements(role: GraphResource): Statement[] {
  return inlinePolicies.parse(role.inputs["inlinePolicies"]).flatMap(({ policy }) => statements(policy));
}

/** A function of the graph: its Lambda, its role, and what it was given to know. */
export interface GraphFunction {
  /** `enhance-media` */
  name: string;
  handler: string;
  /** What SST was asked to bundle. */
  build: FunctionBuild;
  arn: string;
  lambda: GraphResource;
  role: GraphResource;
  /** Links, by name, with their values. */
  links: Record<string, Record<string, unknown>>;
  environment: Record<string, string>;
}

export function functionsOf(graph: Graph): GraphFunction[] {
  const region = "us-east-1";
  const account = "123456789012";
  return ofType(graph, "aws:lambda/function:Function").map((lambda) => {
    const build = graph.functions.find(({ functionID }) => lambda.parent?.endsWith(`sst:aws:Function::${functionID}`));
    const roleName = z.string().parse(at(lambda, "role")).replace(/^.*\//, "");
    const role = ofType(graph, "aws:iam/role:Role").find((it) => it.inputs["name"] === roleName);
    if (!build || !role) throw new Error(`${lambda.name} has no bundle or no role.`);
    return {
      name: functionName(build.handler),
      handler: build.handler,
      build,
      arn: `arn:aws:lambda:${region}:${account}:function:${String(at(lambda, "name"))}`,
      lambda,
      role,
      links: build.links,
      environment: z.record(z.string(), z.string()).parse(at(lambda, "environment.variables")),
    };
  });
}

/** What calls a function: `POST /api/media/enhance`, `state SubmitGeneration`, `rule`, `every minute`. */
export function triggersOf(graph: Graph, fn: GraphFunction): string[] {
  const routes = ofType(graph, "aws:apigatewayv2/integration:Integration")
    .filter((it) => at(it, "integrationUri") === fn.arn)
    .flatMap((integration) =>
      ofType(graph, "aws:apigatewayv2/route:Route").filter(
        (it) => at(it, "target") === `integrations/${integration.name}-id`,
      ),
    )
    .map((route) => {
      const kinds: unknown[] = ["JWT", "CUSTOM"];
      const closed = kinds.includes(at(route, "authorizationType")) && at(route, "authorizerId") !== undefined;
      return `${String(at(route, "routeKey"))}, ${closed ? "with a token" : "open"}`;
    });
  const { States } = definitionOf(graph);
  const states = Object.entries(States).flatMap(([name, state]) =>
    state["Resource"] === fn.arn ? [`state ${name}`] : [],
  );
  const rules = ofType(graph, "aws:cloudwatch/eventTarget:EventTarget")
    .filter((it) => at(it, "arn") === fn.arn)
    .flatMap((target) =>
      ofType(graph, "aws:cloudwatch/eventRule:EventRule").filter((it) => it.inputs["name"] === at(target, "rule")),
    )
    .map((rule) => `event ${String(at(rule, "eventPattern")).replace(/arn:[^"]*/g, (arn) => inWords(graph, arn))}`);
  const schedules = ofType(graph, "aws:scheduler/schedule:Schedule")
    .filter((it) => at(it, "target.arn") === fn.arn)
    .map((schedule) => `schedule ${String(at(schedule, "scheduleExpression"))}`);
  const authorizers = ofType(graph, "aws:apigatewayv2/authorizer:Authorizer")
    .filter((it) => String(at(it, "authorizerUri")).includes(`${fn.arn}/`))
    .map(() => "the gateway, to know the caller");
  return [...routes, ...states, ...rules, ...schedules, ...authorizers];
}

export interface Definition {
  StartAt: string;
  TimeoutSeconds: number;
  States: Record<string, Record<string, unknown>>;
}

/** The state machine's definition as it would be deployed. */
export function definitionOf(graph: Graph): Definition {
  const text = z.string().parse(resource(graph, "aws:sfn/stateMachine:StateMachine").inputs["definition"]);
  return JSON.parse(text) as Definition;
}

/** `arn:aws:dynamodb:...:table/kling-media-production-MediaTable-x/index/sweep` -> `Media/index/sweep`: as people speak of it. */
export function inWords(graph: Graph, arn: string): string {
  const names: [RegExp, string][] = [
    [/^arn:aws:dynamodb:[^:]*:\d*:table\/[\w-]*MediaTable-\w+/, "Media"],
    [/^arn:aws:s3:::[\w-]*mediafilesbucket-\w+/, "MediaFiles"],
    [/^arn:aws:states:[^:]*:\d*:stateMachine:[\w-]*-generation$/, "Generation"],
    [/^arn:aws:states:[^:]*:\d*:execution:[\w-]*-generation:/, "Generation/executions/"],
    [/^arn:aws:events:[^:]*:\d*:event-bus\/[\w-]*BusBus-\w+$/, "Bus"],
    [new RegExp(`^arn:aws:sqs:[^:]*:\\d*:${graph.app.name}-${graph.app.stage}-`), ""],
    [new RegExp(`^arn:aws:logs:[^:]*:\\d*:log-group:/aws/lambda/${graph.app.name}-${graph.app.stage}-`), "log of "],
  ];
  const [pattern, word] = names.find(([it]) => it.test(arn)) ?? [/^$/, ""];
  return arn.replace(pattern, word);
}
