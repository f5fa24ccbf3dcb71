// What counted requests cost: the counts, times a dated table of AWS's prices, with what one machine cannot show of AWS assumed.
import type { Counts, FunctionUse } from "./meter.ts";
import assumptions from "./assumptions.json" with { type: "json" };
import prices from "./prices.json" with { type: "json" };

export const CHEAPEST_KLING_USD = prices.cheapestKlingUsd;
const { usd } = prices;
const GB = 1024 ** 3;
/** Written on every other page of AWS's pricing examples: the start and the end of an execution are transitions too. */
const TRANSITIONS_BESIDES_STATES = 1;

/** US dollars by what they are for. */
export type Bill = Record<
  "transitions" | "functions" | "table" | "files" | "events" | "requests" | "logs" | "traces" | "transfer",
  number
>;

/** How long a function is billed for, over all of its invocations: its own work at its share of a processor, and its waits. */
export function billedMs({ invocations, memoryMb, cpuMs, waitedMs }: FunctionUse, name: string): number {
  const slower = Math.max(1, assumptions.fullCpuMb / memoryMb);
  const cold = invocations * assumptions.coldShare * assumptions.milliseconds.coldStart;
  const picture = name === "submit-generation" ? assumptions.milliseconds.picture : 0;
  return cpuMs * slower + waitedMs + cold + picture;
}

export function billOf(counts: Counts): Bill {
  const uses = Object.entries(counts.functions);
  const invocations = uses.reduce((sum, [, use]) => sum + use.invocations, 0);
  const gbSeconds = uses.reduce((sum, [name, use]) => sum + (billedMs(use, name) / 1000) * (use.memoryMb / 1024), 0);
  const logBytes =
    counts.logBytes +
    invocations * assumptions.platformLogBytesPerInvocation +
    historyEvents(counts) * assumptions.workflowLogBytesPerEvent +
    counts.httpRequests * assumptions.accessLogBytesPerRequest;
  const sourceFetches = counts.functions["serve-source"]?.invocations ?? 0;
  return {
    transitions: transitionsOf(counts) * usd.stateTransition.each,
    functions: invocations * usd.lambdaInvocation.each + gbSeconds * usd.lambdaGbSecond.each,
    table: counts.readUnits * usd.readUnit.each + (counts.writeUnits + counts.indexWriteUnits) * usd.writeUnit.each,
    files: counts.s3Writes * usd.s3Write.each + counts.s3Reads * usd.s3Read.each,
    events: counts.busEvents * usd.busEvent.each,
    requests: counts.httpRequests * usd.httpRequest.each,
    logs: (logBytes / GB) * usd.logGb.each,
    // Every request and every execution, though X-Ray samples 5 % of all but the first in a second.
    traces: (counts.httpRequests + counts.executions) * usd.trace.each,
    transfer: ((sourceFetches * assumptions.sourceImageBytes) / GB) * usd.outGb.each,
  };
}

export function transitionsOf({ statesEntered, executions }: Counts): number {
  return statesEntered + executions * TRANSITIONS_BESIDES_STATES;
}

function historyEvents({ statesEntered, functions }: Counts): number {
  const steps = ["submit-generation", "check-status", "finalize-and-analyze", "record-failure"];
  const tasks = steps.reduce((sum, name) => sum + (functions[name]?.invocations ?? 0), 0);
  return statesEntered * assumptions.historyEventsPerState + tasks * assumptions.historyEventsPerTask;
}

export function total(bill: Bill): number {
  return Object.values(bill).reduce((sum, it) => sum + it, 0);
}
