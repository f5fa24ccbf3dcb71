// Counts what a run of the simulated world asks of AWS, call by call, in the units that AWS bills.
import { performance } from "node:perf_hooks";
import { functionName, FUNCTIONS } from "../../../stacks/blueprint/functions.ts";
import { MEDIA_TABLE } from "../../../stacks/blueprint/tables.ts";
import { acting } from "../../simulation/gate.ts";
import type { HttpAnswer, HttpCall } from "../../simulation/simulated-aws.ts";
import { operationOf } from "../../support/s3-stand-in.ts";
import type { World } from "../../simulation/world.ts";
import assumptions from "./assumptions.json" with { type: "json" };
import { indexWriteUnits, itemBytes, readUnits, writeUnits, type StoredAttributes } from "./item-size.ts";

/** One function, over all of its invocations. */
export interface FunctionUse {
  invocations: number;
  memoryMb: number;
  /** Of our own code, measured on this machine. */
  cpuMs: number;
  /** What it waited for others, and on purpose, in virtual time. */
  waitedMs: number;
  /** How often it called whom. */
  calls: Record<string, number>;
}

export interface Counts {
  statesEntered: number;
  executions: number;
  functions: Record<string, FunctionUse>;
  readUnits: number;
  writeUnits: number;
  indexWriteUnits: number;
  s3Writes: number;
  s3Reads: number;
  busEvents: number;
  httpRequests: number;
  logBytes: number;
  /** By what they write or read: where the units come from. */
  tableCalls: Record<string, { calls: number; units: number }>;
  /** Looks at fal, and the writes of the laps that saw nothing new. */
  laps: number;
}

const latencies: Record<string, number> = assumptions.milliseconds;
const { sweepIndex, partitionKey, sortKey } = MEDIA_TABLE;
const INDEX_KEYS = [sweepIndex.partitionKey, sweepIndex.sortKey];

/** Puts itself around everything that leaves the world's functions. Ask for the counts when the run is over. */
export function meter(world: World): () => Counts {
  const counts: Omit<Counts, "statesEntered"> = {
    executions: 0,
    functions: {},
    readUnits: 0,
    writeUnits: 0,
    indexWriteUnits: 0,
    s3Writes: 0,
    s3Reads: 0,
    busEvents: 0,
    httpRequests: 0,
    logBytes: 0,
    tableCalls: {},
    laps: 0,
  };
  const items = new Map<string, StoredAttributes>();
  const of = (name: string) =>
    (counts.functions[name] ??= { invocations: 0, memoryMb: memoryOf(name), cpuMs: 0, waitedMs: 0, calls: {} });
  /** What is called takes as long as it is assumed to take, in the world's time: what is asked for at once is waited for once. */
  const waitFor = async (whom: string) => {
    const by = acting.getStore();
    if (!by?.isFunction) return;
    const { calls } = of(by.name);
    calls[whom] = (calls[whom] ?? 0) + 1;
    await world.sleep(latencies[whom] ?? 0);
  };

  const table = (operation: string, asked: Asked, { statusCode, body }: HttpAnswer) => {
    const answer = JSON.parse(Buffer.from(body).toString()) as {
      Item?: StoredAttributes;
      Attributes?: StoredAttributes;
    };
    const key = keyOf(asked.Key ?? asked.Item);
    const before = items.get(key);
    let units: number;
    if (operation === "GetItem") {
      units = readUnits(itemBytes(answer.Item ?? {}), asked.ConsistentRead === true);
      counts.readUnits += units;
    } else if (operation === "Query" || operation === "Scan") {
      units = readUnits(0, asked.ConsistentRead === true);
      counts.readUnits += units;
    } else {
      const after = statusCode === 200 ? (asked.Item ?? answer.Attributes) : before;
      units = writeUnits(before, after);
      counts.writeUnits += units;
      const inIndex = indexWriteUnits(before, after, INDEX_KEYS);
      counts.indexWriteUnits += inIndex;
      units += inIndex;
      if (after) items.set(key, after);
    }
    const entry = (counts.tableCalls[`${acting.getStore()?.name ?? ""} ${operation}`] ??= { calls: 0, units: 0 });
    entry.calls++;
    entry.units += units;
  };

  const callAws = world.aws.call.bind(world.aws);
  world.aws.call = async (call: HttpCall, timeoutMs: number) => {
    const [service = "", operation = ""] = call.headers["x-amz-target"]?.split(".") ?? [];
    await waitFor(SERVICES[service] ?? "s3");
    const answer = await callAws(call, timeoutMs);
    const asked = () => JSON.parse(Buffer.from(call.body ?? "").toString()) as Asked;
    if (service.startsWith("DynamoDB")) table(operation, asked(), answer);
    else if (service === "AWSEvents") counts.busEvents += asked().Entries?.length ?? 0;
    else if (service === "") {
      const name = operationOf(call.method, new URLSearchParams(call.query));
      if (["GetObject", "HeadObject"].includes(name)) counts.s3Reads++;
      // The world's parts have 32 KB, the product's 8 MB: what goes up in parts there is one PUT here.
      else if (!["CreateMultipartUpload", "UploadPart"].includes(name)) counts.s3Writes++;
    } else if (operation === "StartExecution" && answer.statusCode === 200) counts.executions++;
    return answer;
  };

  const falFetch = world.fal.fetch;
  Object.assign(world.fal, {
    fetch: async (...of: Parameters<typeof falFetch>) => {
      const url = String(of[0] instanceof Request ? of[0].url : of[0]);
      await waitFor(url.includes("workflowai") ? "ai" : "fal");
      if (url.endsWith("/status?logs=0") && url.includes("kling")) counts.laps++;
      return falFetch(...of);
    },
  });
  const getPage = world.web.get.bind(world.web);
  world.web.get = async (...of: Parameters<typeof getPage>) => {
    await waitFor("web");
    return getPage(...of);
  };

  const invoke = world.invoke.bind(world);
  world.invoke = async (name, ...rest) => {
    const use = of(name);
    use.invocations++;
    const before = process.cpuUsage();
    const [startedAt, virtually] = [performance.now(), world.now()];
    const outcome = await invoke(name, ...rest);
    const { user, system } = process.cpuUsage(before);
    // Where two run at once, each is charged with both: never too little. Never more than what has passed.
    use.cpuMs += Math.min((user + system) / 1000, performance.now() - startedAt);
    use.waitedMs += world.now() - virtually;
    return outcome;
  };
  const http = world.http.bind(world);
  world.http = (...of) => {
    counts.httpRequests++;
    return http(...of);
  };
  const log = world.log.bind(world);
  world.log = (text) => {
    counts.logBytes += Buffer.byteLength(text);
    log(text);
  };

  return () => ({ ...counts, statesEntered: world.statesEntered.length });
}

interface Asked {
  Key?: StoredAttributes;
  Item?: StoredAttributes;
  ConsistentRead?: boolean;
  Entries?: unknown[];
}

const SERVICES: Record<string, string> = {
  DynamoDB_20120810: "dynamodb",
  AWSStepFunctions: "states",
  AWSEvents: "events",
};

/** Of a single item; a query has none. */
function keyOf(item: StoredAttributes | undefined): string {
  return JSON.stringify([item?.[partitionKey], item?.[sortKey]]);
}

function memoryOf(name: string): number {
  const [, plan] = Object.entries(FUNCTIONS).find(([handler]) => functionName(handler) === name) ?? [];
  return plan?.memoryMb ?? 0;
}
