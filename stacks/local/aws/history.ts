// What an execution has done, as GetExecutionHistory tells it: the interpreter's log, and between its lines the calls of functions.
import type { StateMachine } from "aws-local-stepfunctions";
import { functionArn } from "./arns.ts";

export type InterpreterEvent =
  ReturnType<StateMachine["run"]>["eventLogs"] extends AsyncGenerator<infer Event> ? Event : never;

/** A call of a function, in the order of the calls: one for each visit of a Task, and one more for each of its retries. */
export interface FunctionCall {
  name: string;
  at: number;
  input: unknown;
  timeoutInSeconds: number;
  ended?: { at: number; output: string } | { at: number; error: string; cause: string };
}

export interface Run {
  startDate: number;
  stopDate?: number;
  status: string;
  input: string;
  output?: string;
  error?: string;
  cause?: string;
  log: InterpreterEvent[];
  calls: FunctionCall[];
}

/** Of the role that a state machine has in the cloud; nothing on this machine asks for it. */
export const ROLE_ARN = "arn:aws:iam::000000000000:role/local";

interface Happened {
  type: string;
  /** Epoch milliseconds. */
  at: number;
  /** The event's own field and what stands in it. */
  details?: [name: string, facts: object];
}

/**
 * The events, oldest first, with the names and fields of the Step Functions API. Nothing here runs side by side, so that
 * each follows from the one before it.
 * @param withData whether what went in and came out is told too
 */
export function historyOf(run: Run, withData: boolean): Record<string, unknown>[] {
  const data = (name: "input" | "output", text: string) =>
    withData ? { [name]: text, [`${name}Details`]: { truncated: false } } : {};
  const calls = run.calls.values();
  return [...happened()].map(({ type, at, details }, before) => ({
    timestamp: at / 1000,
    type,
    id: before + 1,
    previousEventId: before,
    ...(details && { [details[0]]: details[1] }),
  }));

  function* happened(): Generator<Happened> {
    const { input, startDate, stopDate, output, error, cause } = run;
    const started = { ...data("input", input), roleArn: ROLE_ARN };
    yield { type: "ExecutionStarted", at: startDate, details: ["executionStartedEventDetails", started] };
    for (const event of run.log) yield* lineOf(event);
    if (stopDate === undefined) return;
    const failed = { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) };
    const ends: Record<string, Omit<Happened, "at">> = {
      SUCCEEDED: {
        type: "ExecutionSucceeded",
        details: ["executionSucceededEventDetails", data("output", output ?? "null")],
      },
      FAILED: { type: "ExecutionFailed", details: ["executionFailedEventDetails", failed] },
      ABORTED: { type: "ExecutionAborted", details: ["executionAbortedEventDetails", failed] },
      TIMED_OUT: { type: "ExecutionTimedOut", details: ["executionTimedOutEventDetails", failed] },
    };
    const end = ends[run.status];
    if (end) yield { ...end, at: stopDate };
  }

  function* lineOf(event: InterpreterEvent): Generator<Happened> {
    if (event.type === "StateEntered") {
      const { name, type, input } = event.state;
      const facts = { name, ...data("input", JSON.stringify(input)) };
      yield { type: `${type}StateEntered`, at: event.timestamp, details: ["stateEnteredEventDetails", facts] };
      if (type === "Task") yield* nextCall();
    } else if (event.type === "StateRetried") yield* nextCall();
    else if (event.type === "StateExited") {
      const { name, type, output = null } = event.state;
      const facts = { name, ...data("output", JSON.stringify(output)) };
      yield { type: `${type}StateExited`, at: event.timestamp, details: ["stateExitedEventDetails", facts] };
    }
  }

  function* nextCall(): Generator<Happened> {
    const call = calls.next().value;
    if (!call) return;
    const { name, at, input, timeoutInSeconds, ended } = call;
    const asked = { resource: functionArn(name), ...data("input", JSON.stringify(input)), timeoutInSeconds };
    yield { type: "LambdaFunctionScheduled", at, details: ["lambdaFunctionScheduledEventDetails", asked] };
    yield { type: "LambdaFunctionStarted", at };
    if (!ended) return;
    yield "output" in ended
      ? {
          type: "LambdaFunctionSucceeded",
          at: ended.at,
          details: ["lambdaFunctionSucceededEventDetails", data("output", ended.output)],
        }
      : {
          type: "LambdaFunctionFailed",
          at: ended.at,
          details: ["lambdaFunctionFailedEventDetails", { error: ended.error, cause: ended.cause }],
        };
  }
}
