// Which invocation of a function a line of the log is of. On the local machine many run in one process.
import { AsyncLocalStorage } from "node:async_hooks";

const invocations = new AsyncLocalStorage<string>();

/** Sets the invocation for everything that is awaited or started from here on. @param requestId Lambda's own id of it */
export function beginInvocation(requestId: string): void {
  invocations.enterWith(requestId);
}

/** Lambda's id of the invocation that runs; undefined outside of any. */
export function invocationId(): string | undefined {
  return invocations.getStore();
}
