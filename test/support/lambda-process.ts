// One cold start: loads a bundle as Lambda's runtime does, hands it one event, writes its answer, and ends. Run as a separate process.
import { performance } from "node:perf_hooks";
import { json } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

interface Invocation {
  file: string;
  functionName: string;
  event: unknown;
}

const { file, functionName, event } = (await json(process.stdin)) as Invocation;
const { handler } = (await import(pathToFileURL(file).href)) as {
  handler: (event: unknown, context: object) => Promise<unknown>;
};
const context = { functionName, awsRequestId: "recorded", getRemainingTimeInMillis: () => 20_000 };
let outcome: object;
try {
  outcome = { result: (await handler(event, context)) ?? null };
} catch (error) {
  outcome = { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}
// Since the process began: what a caller waits for at a cold start.
const milliseconds = performance.now();
const { user, system } = process.cpuUsage();
process.send?.({ ...outcome, milliseconds, processorMs: (user + system) / 1000 });
process.disconnect();
