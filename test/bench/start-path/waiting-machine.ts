// The real local machine with nothing behind its starts: executions begin, and their first step waits for ever.
import path from "node:path";
import { handlersFromDisk } from "../../../stacks/local/aws/functions.ts";
import { startLocalMachine, type LocalMachine } from "../../../stacks/local/machine.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

/** Real routes, table, AWS endpoint and interpreter; the steps of the workflow, the sweeper and the rules' functions wait. */
export async function startWaitingMachine(dataDirectory: string): Promise<LocalMachine> {
  process.env["NODE_ENV"] = "development";
  process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
  const disk = handlersFromDisk(ROOT);
  const never = new Promise<never>(() => {});
  return startLocalMachine({
    port: 0,
    awsPort: 0,
    dataDirectory,
    handlers: { resolve: (handler) => (handler.startsWith("functions/api/") ? disk.resolve(handler) : () => never) },
  });
}
