// A deployed stage without AWS: each function's own bundle in a separate process, with its own links and environment from the
// graph, in front of the local AWS endpoint and an S3 stand-in, behind a gate that allows what the function's role allows.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";
import { layOutZip } from "../../stacks/offline/bundle.ts";
import {
  functionsOf,
  inWords,
  ofType,
  roleStatements,
  triggersOf,
  type Graph,
  type GraphFunction,
} from "./resource-graph.ts";
import { operationOf } from "./s3-stand-in.ts";

export interface Outcome {
  /** What the handler returned. */
  result?: unknown;
  /** What it threw. */
  error?: string;
  milliseconds: number;
  /** What its role did not allow, and what it was not linked to, each as a sentence. */
  denied: string[];
  /** Bodies of the AWS calls, by action. */
  calls: { action: string; body: unknown }[];
}

export interface DeployedFunctions {
  invoke(name: string, event: unknown, environment?: Record<string, string>): Promise<Outcome>;
  /** `enhance-media: dynamodb:PutItem on Media`, for everything that was asked for and allowed. */
  used: Set<string>;
  /** Everything that the roles allow on our own resources, in the same words. */
  granted(): string[];
  close(): Promise<void>;
}

const outcomeSchema = z.object({
  result: z.unknown().optional(),
  error: z.string().optional(),
  milliseconds: z.number(),
});

export async function deployedFunctions(options: {
  graph: Graph;
  directory: string;
  awsUrl: string;
  /** The stand-in of each bucket, by the bucket's name. */
  s3Urls: Record<string, string>;
}): Promise<DeployedFunctions> {
  const { graph, directory, awsUrl, s3Urls } = options;
  const names = localNames(graph);
  const used = new Set<string>();
  let current: { fn: GraphFunction; denied: string[]; calls: Outcome["calls"] } | undefined;

  const server = createServer((request, response) => {
    const pass = async () => {
      const body = await buffer(request);
      const asked = permissionsAsked(request, body);
      for (const { action, arn, body: said } of asked) {
        const what = `${action} on ${inWords(graph, arn).replace(/\/(videos|sources|uploads|animate)\/.*$/, "/$1/*")}`;
        current?.calls.push({ action, body: said });
        if (current && !allows(current.fn, action, arn)) {
          const { fn } = current;
          current.denied.push(`${triggersOf(graph, fn).join(", ")} (${fn.name}) is missing the permission ${what}.`);
          response.writeHead(403, { "content-type": "application/x-amz-json-1.0" });
          response.end(JSON.stringify({ __type: "AccessDeniedException", message: what }));
          return;
        }
        if (current) used.add(`${current.fn.name}: ${what.replace(/\/executions\/.*/, "/executions/*")}`);
      }
      const [first] = asked;
      const isS3 = first?.action.startsWith("s3:") ?? false;
      const s3Url = s3Urls[bucketOf(first?.arn ?? "").replace("arn:aws:s3:::", "")];
      if (isS3 && s3Url === undefined) throw new Error(`No stand-in knows ${request.method} ${request.url}.`);
      const answer = await forward(s3Url ?? awsUrl, request, isS3 ? body : names.toLocal(body));
      // S3 does not reveal whether an object exists to a role that may not list.
      const hidden =
        isS3 && answer.status === 404 && current && !allows(current.fn, "s3:ListBucket", bucketOf(first?.arn ?? ""));
      if (isS3 && answer.status === 404 && !hidden && current)
        used.add(`${current.fn.name}: s3:ListBucket on MediaFiles`);
      response.writeHead(hidden ? 403 : answer.status, answer.headers);
      response.end(answer.body);
    };
    pass().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The gate has no port.");
  const gateUrl = `http://127.0.0.1:${address.port}`;

  const built = new Map<string, Promise<{ file: string; root: string }>>();
  const layOut = async ({ build, environment, name }: GraphFunction) => {
    const root = join(directory, name);
    const { file } = await layOutZip(build, environment, root);
    return { file, root };
  };
  const bundleOf = (fn: GraphFunction) => {
    const there = built.get(fn.name) ?? layOut(fn);
    built.set(fn.name, there);
    return there;
  };

  return {
    used,
    granted: () =>
      functionsOf(graph).flatMap((fn) =>
        roleStatements(fn.role).flatMap(({ Action, Resource }) =>
          Action.flatMap((action) => Resource.map((arn) => `${fn.name}: ${action} on ${inWords(graph, arn)}`)),
        ),
      ),

    async invoke(name, event, environment = {}) {
      const fn = functionsOf(graph).find((it) => it.name === name);
      if (!fn) throw new Error(`There is no function ${name}.`);
      const { file, root } = await bundleOf(fn);
      current = { fn, denied: [], calls: [] };
      const child = fork(join(ROOT, "test/support/lambda-process.ts"), {
        cwd: root,
        execArgv: [],
        stdio: ["pipe", "pipe", "pipe", "ipc"],
        env: {
          ...fn.environment,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "local",
          AWS_SECRET_ACCESS_KEY: "local",
          AWS_ENDPOINT_URL: gateUrl,
          AWS_LAMBDA_FUNCTION_NAME: name,
          LAMBDA_TASK_ROOT: root,
          POWERTOOLS_LOG_LEVEL: "WARN",
          ...environment,
        },
      });
      child.stdin?.end(JSON.stringify({ file, functionName: name, event }));
      let log = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (log += String(chunk)));
      let answered: unknown;
      child.once("message", (message) => (answered = message));
      await once(child, "close");
      // SST's own words for a link that is not there.
      const [, unlinked] = /(?:\\?"|`)(\w+)(?:\\?"|`) is not linked/.exec(log) ?? [];
      if (unlinked !== undefined) {
        current.denied.push(`${triggersOf(graph, fn).join(", ")} (${fn.name}) is not linked to ${unlinked}.`);
      }
      const outcome = outcomeSchema.safeParse(answered).data;
      if (!outcome) throw new Error(`${name} ended without an answer: ${log}`);
      return { ...outcome, denied: current.denied, calls: current.calls };
    },

    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The names of the graph, as the local machine has them. */
function localNames(graph: Graph) {
  const [table, bus, machine] = [
    "aws:dynamodb/table:Table",
    "aws:cloudwatch/eventBus:EventBus",
    "aws:sfn/stateMachine:StateMachine",
  ].map((type) => z.string().parse(ofType(graph, type)[0]?.inputs["name"]));
  const names: [string, string][] = [
    [table ?? "", "Media"],
    [bus ?? "", "media"],
    [`123456789012:stateMachine:${machine}`, "000000000000:stateMachine:generation"],
    [`123456789012:execution:${machine}`, "000000000000:execution:generation"],
  ];
  return {
    toLocal: (body: Buffer) =>
      Buffer.from(names.reduce((text, [from, to]) => text.replaceAll(from, to), body.toString())),
  };
}

interface Asked {
  action: string;
  arn: string;
  body: unknown;
}

/** Which permissions a request to AWS needs (service authorization reference). */
function permissionsAsked(request: IncomingMessage, body: Buffer): Asked[] {
  const target = String(request.headers["x-amz-target"] ?? "");
  const [service, operation = ""] = target.split(".");
  const place = "us-east-1:123456789012";
  if (service === "DynamoDB_20120810") {
    const said = z
      .looseObject({ TableName: z.string(), IndexName: z.string().optional() })
      .parse(JSON.parse(body.toString()));
    const index = said.IndexName === undefined ? "" : `/index/${said.IndexName}`;
    return [
      { action: `dynamodb:${operation}`, arn: `arn:aws:dynamodb:${place}:table/${said.TableName}${index}`, body: said },
    ];
  }
  if (service === "AWSStepFunctions") {
    const said = z
      .looseObject({ stateMachineArn: z.string().optional(), executionArn: z.string().optional() })
      .parse(JSON.parse(body.toString()));
    return [{ action: `states:${operation}`, arn: said.stateMachineArn ?? said.executionArn ?? "", body: said }];
  }
  if (service === "AWSEvents") {
    const said = z
      .object({ Entries: z.array(z.looseObject({ EventBusName: z.string() })) })
      .parse(JSON.parse(body.toString()));
    return said.Entries.map((entry) => ({
      action: `events:${operation}`,
      arn: `arn:aws:events:${place}:event-bus/${entry.EventBusName}`,
      body: entry,
    }));
  }
  const url = new URL(request.url ?? "/", "http://gate");
  // Of all that may be said of a bucket, only its listing is asked for.
  if (url.searchParams.has("list-type")) {
    return [{ action: "s3:ListBucket", arn: `arn:aws:s3:::${url.pathname.split("/")[1]}`, body: undefined }];
  }
  const done = operationOf(request.method ?? "", url.searchParams);
  // An object's version is read by a permission of its own.
  if (done === "GetObject" && url.searchParams.has("versionId")) {
    return [{ action: "s3:GetObjectVersion", arn: `arn:aws:s3:::${url.pathname.slice(1)}`, body: undefined }];
  }
  const action = {
    HeadObject: "GetObject",
    CreateMultipartUpload: "PutObject",
    UploadPart: "PutObject",
    CompleteMultipartUpload: "PutObject",
  };
  const name = Object.entries(action).find(([it]) => it === done)?.[1] ?? done;
  return [{ action: `s3:${name}`, arn: `arn:aws:s3:::${url.pathname.slice(1)}`, body: undefined }];
}

const bucketOf = (arn: string) => arn.replace(/\/.*$/, "");

function allows(fn: GraphFunction, action: string, arn: string): boolean {
  const matches = (pattern: string, text: string) =>
    new RegExp(
      `^${pattern
        .split("*")
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
    ).test(text);
  return roleStatements(fn.role).some(
    ({ Effect, Action, Resource }) =>
      Effect === "Allow" && Action.some((it) => matches(it, action)) && Resource.some((it) => matches(it, arn)),
  );
}

async function forward(origin: string, request: IncomingMessage, body: Buffer) {
  const { host, port } = new URL(origin);
  const headers = { ...request.headers, "content-length": String(body.length) };
  // The host that was signed stays in the header.
  const sent = httpRequest({ host: host.replace(/:.*/, ""), port, method: request.method, path: request.url, headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 500, headers: response.headers, body: await buffer(response) };
}
