// Each thing that names another: what it names is made too.
import type { Graph, GraphResource } from "../graph.ts";
import { arnOf, OFFLINE_PLACE } from "../mock-aws.ts";

const { accountId } = OFFLINE_PLACE;
/** Up to what cannot stand in one. */
const ARN = /arn:aws:[a-z0-9-]+:[a-z0-9-]*:\d*:[^\s"',}\]]+/g;
/** A mocked provider gives every resource its logical name and this as its id; a target has its kind before it. */
const ID = /^(?:\w+\/)?([A-Za-z]\w*)-id$/;

/** Inputs that name a resource without an ARN, by their keys. */
const NAMED: Record<string, readonly string[]> = {
  bucket: ["aws:s3/bucket:Bucket"],
  logGroup: ["aws:cloudwatch/logGroup:LogGroup"],
  logGroupName: ["aws:cloudwatch/logGroup:LogGroup"],
  functionName: ["aws:lambda/function:Function"],
  FunctionName: ["aws:lambda/function:Function"],
  eventBusName: ["aws:cloudwatch/eventBus:EventBus"],
  rule: ["aws:cloudwatch/eventRule:EventRule"],
  QueueName: ["aws:sqs/queue:Queue"],
  TableName: ["aws:dynamodb/table:Table"],
};
/** Made by SST once in an account, before any stage. */
const OF_THE_ACCOUNT = ["sst-asset", "default"];

/** References to what no resource of the graph is. */
export function referenceFaults(graph: Graph): string[] {
  const arns = graph.resources
    .filter(({ custom }) => custom)
    .map(({ type, name, inputs }) => arnOf(type, name, inputs, OFFLINE_PLACE));
  const ids = new Set(graph.resources.map(({ name }) => name));
  const names = Map.groupBy(graph.resources, ({ type }) => type);
  const isMade = (arn: string) =>
    arns.some((made) => arn === made || arn.startsWith(`${made}/`) || arn.startsWith(`${made}:`));
  const isNamed = (types: readonly string[], value: string) =>
    types.some((type) =>
      names.get(type)?.some(({ name, inputs }) => [inputs["name"], inputs["bucket"], name].includes(value)),
    );

  const faults: string[] = [];
  for (const resource of graph.resources.filter(({ custom }) => custom)) {
    for (const [key, value] of textsOf(resource)) {
      const what = `${resource.name}: ${key}`;
      const missing = [...value.matchAll(ARN)]
        .map(([arn]) => arn)
        .filter((arn) => !isOthers(arn) && !isMade(ownerOf(arn)));
      faults.push(...missing.map((arn) => `${what} names ${arn}, which is not made.`));
      const [, id] = ID.exec(value) ?? [];
      if (id !== undefined && !ids.has(id)) faults.push(`${what} names ${id}, which is not made.`);
      const types = NAMED[key.replace(/^.*\./, "")];
      const isReference =
        types && !value.startsWith("arn:") && !types.includes(resource.type) && !OF_THE_ACCOUNT.includes(value);
      if (isReference && !isNamed(types, value)) faults.push(`${what} names ${value}, which is not made.`);
    }
  }
  return faults;
}

/** AWS's own things, and APIs by their gateway's id: `permissions.ts` looks at those. */
function isOthers(arn: string): boolean {
  return arn.startsWith("arn:aws:iam::aws:") || /^arn:aws:(execute-api|s3:::sst-)/.test(arn);
}

/** An execution belongs to its state machine, an invocation's address to its function. */
function ownerOf(arn: string): string {
  const [, invoked] = /^arn:aws:apigateway:.*\/functions\/(arn:aws:lambda:[^/]+)\/invocations$/.exec(arn) ?? [];
  if (invoked !== undefined) return invoked;
  return arn.replace(new RegExp(`:${accountId}:execution:([^:]+).*$`), `:${accountId}:stateMachine:$1`);
}

/** Every text in the inputs with its place. */
function textsOf({ inputs }: GraphResource): [key: string, value: string][] {
  const found: [string, string][] = [];
  const walk = (value: unknown, path: string) => {
    if (typeof value === "string") found.push([path, value]);
    else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) walk(item, path === "" ? key : `${path}.${key}`);
    }
  };
  walk(inputs, "");
  return found;
}
