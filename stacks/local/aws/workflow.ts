// Runs the blueprint's state machine on this machine and answers as Step Functions does; executions live in memory.
import {
  ExecutionError,
  ExecutionTimeoutError,
  StateMachine,
  type StateMachineDefinition,
} from "aws-local-stepfunctions";
import { randomUUID } from "node:crypto";
import * as z from "zod";
import { WORKFLOW_FUNCTIONS, workflowDefinition, type WorkflowState } from "../../blueprint/workflow.asl.ts";
import { functionName } from "../../blueprint/functions.ts";
import { executionArn, functionArn, STATE_MACHINE_ARN, STATE_MACHINE_NAME } from "./arns.ts";
import { AwsError } from "./aws-error.ts";
import type { FunctionError, Functions } from "./functions.ts";
import { historyOf, ROLE_ARN, type FunctionCall, type InterpreterEvent, type Run } from "./history.ts";

/** More ended executions than a user pages through; a running one is never dropped. */
const ENDED_EXECUTIONS_KEPT = 10_000;
/** "Maximum input or output size for a task, state, or execution" (AWS: "Step Functions service quotas"). */
const STATE_PAYLOAD_LIMIT_BYTES = 262_144;
/** Of so many ended ones every step is remembered; of an older one how it began and how it ended. */
const HISTORIES_KEPT = 1000;
const PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;

const STATUS = z.enum(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]);
type Status = z.infer<typeof STATUS>;

interface Execution extends Run {
  /** Rises with every start: the order of the list, and what a page token points at. */
  number: number;
  name: string;
  status: Status;
  abort(): void;
}

/** The operations, with the names, fields and errors of the Step Functions API; they throw AwsError. */
export interface Workflow {
  /** The definition that runs, with this machine's ARNs. */
  definition: ReturnType<typeof workflowDefinition>;
  startExecution(request: unknown): { executionArn: string; startDate: number };
  describeExecution(request: unknown): Record<string, unknown>;
  listExecutions(request: unknown): { executions: Record<string, unknown>[]; nextToken?: string };
  stopExecution(request: unknown): { stopDate: number };
  getExecutionHistory(request: unknown): { events: Record<string, unknown>[]; nextToken?: string };
  listStateMachines(request: unknown): Record<string, unknown>;
  describeStateMachine(request: unknown): Record<string, unknown>;
  /** Stops everything that runs, as a power cut would: nothing is told to the functions. */
  close(): void;
}

const START = z.object({ stateMachineArn: z.string(), name: z.string().optional(), input: z.string().optional() });
const DESCRIBE = z.object({ executionArn: z.string() });
const STOP = DESCRIBE.extend({ error: z.string().optional(), cause: z.string().optional() });
const PAGE = z.object({
  maxResults: z.int().min(0).max(MAX_PAGE_SIZE).optional(),
  nextToken: z.string().optional(),
});
const LIST = PAGE.extend({ stateMachineArn: z.string(), statusFilter: STATUS.optional() });
const HISTORY = PAGE.extend({
  executionArn: z.string(),
  reverseOrder: z.boolean().default(false),
  includeExecutionData: z.boolean().default(true),
});
const DESCRIBE_MACHINE = z.object({ stateMachineArn: z.string() });

const MACHINE = { stateMachineArn: STATE_MACHINE_ARN, name: STATE_MACHINE_NAME, type: "STANDARD" };

/** The definition with the ARNs the four functions have on this machine. */
export function localDefinition(): ReturnType<typeof workflowDefinition> {
  const arn = (state: WorkflowState) => functionArn(functionName(WORKFLOW_FUNCTIONS[state]));
  return workflowDefinition({
    SubmitGeneration: arn("SubmitGeneration"),
    CheckStatus: arn("CheckStatus"),
    FinalizeAndAnalyze: arn("FinalizeAndAnalyze"),
    RecordFailure: arn("RecordFailure"),
  });
}

/** An execution that has ended, as Step Functions tells EventBridge of it. */
export interface EndedExecution {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  status: Status;
  /** Epoch milliseconds. */
  startDate: number;
  stopDate: number;
  input: string;
}

/**
 * @param onEnded told of every execution that ends while this machine runs
 * @param keepEnded how many ended executions stay visible
 * @param onEntered told of every state that is entered: what Step Functions bills
 */
export function createWorkflow(
  functions: Pick<Functions, "invoke">,
  onEnded: (execution: EndedExecution) => void = () => {},
  keepEnded = ENDED_EXECUTIONS_KEPT,
  onEntered: (state: string) => void = () => {},
): Workflow {
  const definition = localDefinition();
  // A copy: the interpreter's validator writes a QueryLanguage into every state.
  const interpreted: object = structuredClone(definition);
  if (!isStateMachineDefinition(interpreted)) throw new Error("The blueprint holds no state machine");
  // Built once: validating takes longer than many a run.
  const machine = new StateMachine(interpreted);
  /** By name, in the order of their starts. */
  const executions = new Map<string, Execution>();
  /** Names in the order of their ends. */
  const ended = new Set<string>();
  const openedAt = Date.now();
  let starts = 0;
  let closed = false;

  function run(execution: Execution): void {
    const step = (state: WorkflowState) => async (input: unknown) => {
      // The interpreter goes on with its retries after a stop, and without waiting: nothing may be called any more.
      if (execution.status !== "RUNNING") throw new TaskError({ errorType: "Stopped", errorMessage: "", trace: [] });
      const name = functionName(WORKFLOW_FUNCTIONS[state]);
      const call: FunctionCall = {
        name,
        at: Date.now(),
        input,
        timeoutInSeconds: definition.States[state].TimeoutSeconds,
      };
      execution.calls.push(call);
      const outcome = await functions.invoke(name, input);
      const at = Date.now();
      call.ended = outcome.ok
        ? { at, output: outcome.payload }
        : { at, error: outcome.error.errorType, cause: JSON.stringify(outcome.error) };
      if (!outcome.ok) throw new TaskError(outcome.error);
      if (Buffer.byteLength(outcome.payload) > STATE_PAYLOAD_LIMIT_BYTES) throw new DataLimitError(state);
      return parseJson(outcome.payload);
    };
    const { abort, result, eventLogs } = machine.run(parseJson(execution.input), {
      overrides: {
        taskResourceLocalHandlers: {
          SubmitGeneration: step("SubmitGeneration"),
          CheckStatus: step("CheckStatus"),
          FinalizeAndAnalyze: step("FinalizeAndAnalyze"),
          FinalizeOnce: step("FinalizeAndAnalyze"),
          RecordFailure: step("RecordFailure"),
        },
      },
    });
    execution.abort = abort;
    void follow(eventLogs, (event) => {
      if (event.type === "StateEntered") onEntered(event.state.name);
      execution.log.push(event);
    });
    result.then(
      (output) => end(execution, "SUCCEEDED", { output: JSON.stringify(output) }),
      (error: unknown) => {
        if (error instanceof ExecutionTimeoutError) end(execution, "TIMED_OUT", {});
        else end(execution, "FAILED", failureFacts(error));
      },
    );
  }

  function end(execution: Execution, status: Status, facts: Pick<Execution, "output" | "error" | "cause">): void {
    if (execution.status !== "RUNNING") return;
    const stopDate = Date.now();
    Object.assign(execution, { status, stopDate, ...facts });
    ended.add(execution.name);
    const { name, startDate, input } = execution;
    const arns = { executionArn: executionArn(name), stateMachineArn: STATE_MACHINE_ARN };
    if (!closed) onEnded({ ...arns, name, status, startDate, stopDate, input });
    for (const name of ended) {
      if (ended.size <= keepEnded) break;
      ended.delete(name);
      executions.delete(name);
    }
    const old = executions.get([...ended].at(-HISTORIES_KEPT - 1) ?? "");
    if (old) Object.assign(old, { log: [], calls: [] });
  }

  function find(arn: string): Execution {
    if (!/^arn:aws[\w-]*:states:[^:]*:\d{12}:execution:[^:]+:[^:]+$/.test(arn)) {
      throw new AwsError("InvalidArn", `Invalid Arn: '${arn}'`);
    }
    const execution = executions.get(arn.replace(/^.*:/, ""));
    if (!execution || executionArn(execution.name) !== arn) {
      throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    }
    return execution;
  }

  return {
    definition,

    startExecution(request) {
      const { stateMachineArn, name = randomUUID(), input = "{}" } = parse(START, request);
      expectStateMachine(stateMachineArn);
      if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) throw new AwsError("InvalidName", `Invalid Name: '${name}'`);
      try {
        JSON.parse(input);
      } catch {
        throw new AwsError("InvalidExecutionInput", "Invalid State Machine Execution Input: the input is not JSON");
      }
      const namesake = executions.get(name);
      if (namesake) {
        // "If you call StartExecution with the same name and input as a running execution, the call succeeds and
        // returns the same response as the original request." (AWS: API reference, StartExecution)
        if (namesake.status === "RUNNING" && namesake.input === input) return started(namesake);
        throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${executionArn(name)}'`);
      }
      const execution: Execution = {
        number: ++starts,
        name,
        status: "RUNNING",
        startDate: Date.now(),
        input,
        log: [],
        calls: [],
        abort: () => {},
      };
      executions.set(name, execution);
      run(execution);
      return started(execution);
    },

    describeExecution(request) {
      const execution = find(parse(DESCRIBE, request).executionArn);
      const { input, output, error, cause } = execution;
      return {
        ...summary(execution),
        input,
        inputDetails: { included: true },
        ...(output === undefined ? {} : { output, outputDetails: { included: true } }),
        error,
        cause,
      };
    },

    listExecutions(request) {
      const { stateMachineArn, statusFilter, maxResults, nextToken } = parse(LIST, request);
      expectStateMachine(stateMachineArn);
      const before = nextToken === undefined ? Infinity : Number(nextToken);
      if (!Number.isSafeInteger(before) && before !== Infinity) {
        throw new AwsError("InvalidToken", `Invalid Token: '${nextToken}'`);
      }
      const size = maxResults || PAGE_SIZE; // 0 asks for the default
      const newestFirst = [...executions.values()]
        .filter(({ number, status }) => number < before && (statusFilter === undefined || status === statusFilter))
        .reverse();
      const page = newestFirst.slice(0, size);
      const last = page.at(-1);
      return {
        executions: page.map(summary),
        ...(last && newestFirst.length > size ? { nextToken: String(last.number) } : {}),
      };
    },

    getExecutionHistory(request) {
      const asked = parse(HISTORY, request);
      const oldestFirst = historyOf(find(asked.executionArn), asked.includeExecutionData);
      const { page, ...more } = pageOf(asked.reverseOrder ? oldestFirst.toReversed() : oldestFirst, asked);
      return { events: page, ...more };
    },

    listStateMachines(request) {
      const { page, ...more } = pageOf([MACHINE], parse(PAGE, request));
      return { stateMachines: page.map((it) => ({ ...it, creationDate: seconds(openedAt) })), ...more };
    },

    describeStateMachine(request) {
      expectStateMachine(parse(DESCRIBE_MACHINE, request).stateMachineArn);
      return {
        ...MACHINE,
        status: "ACTIVE",
        definition: JSON.stringify(definition),
        roleArn: ROLE_ARN,
        creationDate: seconds(openedAt),
        loggingConfiguration: { level: "OFF", includeExecutionData: false },
      };
    },

    stopExecution(request) {
      const { executionArn: arn, error, cause } = parse(STOP, request);
      const execution = find(arn);
      end(execution, "ABORTED", { error, cause });
      execution.abort();
      return { stopDate: seconds(execution.stopDate ?? Date.now()) };
    },

    close() {
      closed = true;
      for (const execution of executions.values()) {
        end(execution, "ABORTED", {});
        execution.abort();
      }
    },
  };
}

/**
 * A failed function, as Step Functions sees it: Error is the `errorType`, Cause the function's whole answer as a JSON string.
 * The interpreter takes them from `name` and `message`.
 */
class TaskError extends Error {
  constructor(error: FunctionError) {
    super(JSON.stringify(error));
    this.name = error.errorType;
  }
}

/** Not caught by `States.ALL` ("Handling errors in Step Functions workflows"): the interpreter asks these two. */
class DataLimitError extends Error {
  override readonly name = "States.DataLimitExceeded";
  readonly isRetryable = false;
  readonly isCatchable = false;

  constructor(state: string) {
    super(
      `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    );
  }
}

function failureFacts(thrown: unknown): { error: string; cause: string } {
  const reason = thrown instanceof ExecutionError ? thrown.cause : thrown;
  return reason instanceof Error
    ? { error: reason.name, cause: reason.message }
    : { error: "States.Runtime", cause: String(reason) };
}

function started(execution: Execution): { executionArn: string; startDate: number } {
  return { executionArn: executionArn(execution.name), startDate: seconds(execution.startDate) };
}

function summary({ name, status, startDate, stopDate }: Execution): Record<string, unknown> {
  return {
    executionArn: executionArn(name),
    stateMachineArn: STATE_MACHINE_ARN,
    name,
    status,
    startDate: seconds(startDate),
    ...(stopDate === undefined ? {} : { stopDate: seconds(stopDate) }),
    redriveCount: 0,
  };
}

function expectStateMachine(arn: string): void {
  if (arn !== STATE_MACHINE_ARN) {
    throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  }
}

function parse<T>(schema: z.ZodType<T>, request: unknown): T {
  const parsed = schema.safeParse(request);
  if (!parsed.success) throw new AwsError("ValidationException", z.prettifyError(parsed.error));
  return parsed.data;
}

/** What `JSON.parse` gives is JSON: looking through it once more took a twenty-fifth of each lap. */
const JSON_VALUE = z.custom<z.infer<ReturnType<typeof z.json>>>();

function parseJson(text: string) {
  return JSON_VALUE.parse(JSON.parse(text));
}

/** Timestamps of the JSON protocols are seconds since 1970. */
function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

async function follow(events: AsyncIterable<InterpreterEvent>, tell: (event: InterpreterEvent) => void): Promise<void> {
  for await (const event of events) tell(event);
}

/** A token is the number of items before the page. @throws AwsError for another */
function pageOf<T>(items: readonly T[], asked: z.infer<typeof PAGE>): { page: T[]; nextToken?: string } {
  const { maxResults, nextToken = "0" } = asked;
  if (!/^\d{1,6}$/.test(nextToken)) throw new AwsError("InvalidToken", `Invalid Token: '${nextToken}'`);
  const end = Number(nextToken) + (maxResults || PAGE_SIZE);
  return { page: items.slice(Number(nextToken), end), ...(end < items.length && { nextToken: String(end) }) };
}

/** The blueprint is plain data; the interpreter checks the rest of it. */
function isStateMachineDefinition(value: object): value is StateMachineDefinition {
  return "StartAt" in value && "States" in value;
}
