// The definition of the workflow: valid, whole, bounded, the same in every account, and exactly what the local machine runs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type * as interpreter from "aws-local-stepfunctions";
import ts from "typescript";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { DELIVERY_GRACE_SECONDS } from "../../shared/generation/deadlines.ts";
import { SourceImageUnavailableError } from "../../shared/media/errors.ts";
import { WORKFLOW_FUNCTIONS, workflowDefinition } from "../../stacks/blueprint/workflow.asl.ts";
import { functionName } from "../../stacks/blueprint/functions.ts";
import { functionArn } from "../../stacks/local/aws/arns.ts";
import { createWorkflow, localDefinition } from "../../stacks/local/aws/workflow.ts";

/** What the interpreter was given, as it was before the interpreter's own validator wrote into it. */
const interpreted = vi.hoisted((): unknown[] => []);
vi.mock("aws-local-stepfunctions", async (importOriginal) => {
  const original = await importOriginal<typeof interpreter>();
  return {
    ...original,
    StateMachine: class extends original.StateMachine {
      constructor(...given: ConstructorParameters<typeof original.StateMachine>) {
        interpreted.push(structuredClone(given[0]));
        super(...given);
      }
    },
  };
});

const SOURCE = path.join(import.meta.dirname, "../../stacks/blueprint/workflow.asl.ts");
const arns = (account: string) => {
  const arn = (name: string) => `arn:aws:lambda:eu-west-3:${account}:function:media-production-${name}`;
  return {
    SubmitGeneration: arn("Submit"),
    CheckStatus: arn("Check"),
    FinalizeAndAnalyze: arn("Finalize"),
    RecordFailure: arn("Failure"),
  };
};
const DEFINITION = workflowDefinition(arns("111111111111"));

/** Fields of Retry and Catch in JSONPath (AWS: "Handling errors in Step Functions workflows"); asl-validator takes any. */
const RETRY_FIELDS = [
  "ErrorEquals",
  "IntervalSeconds",
  "MaxAttempts",
  "BackoffRate",
  "MaxDelaySeconds",
  "JitterStrategy",
];
const CATCH_FIELDS = ["ErrorEquals", "Next", "ResultPath"];

/** Error names that a step may meet: Step Functions' own, Lambda's as it reports them, and ours. */
const ERROR_NAMES = [
  "States.ALL",
  "States.Timeout",
  "States.TaskFailed",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.TooManyRequestsException",
  "Lambda.ClientExecutionTimeoutException",
  new SourceImageUnavailableError("").name,
];

/** JSONata's, and what the local interpreter does not know. */
const FOREIGN_FIELDS = ["QueryLanguage", "Arguments", "Output", "Assign", "Condition", "Items", "HeartbeatSeconds"];

const retrier = z.looseObject({
  ErrorEquals: z.array(z.string()),
  MaxAttempts: z.int().nonnegative().optional(),
});
const catcher = z.looseObject({ ErrorEquals: z.array(z.string()), Next: z.string() });
const machine = z.looseObject({
  StartAt: z.string(),
  States: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Next: z.string().optional(),
      Default: z.string().optional(),
      Choices: z.array(z.looseObject({ Next: z.string() })).default([]),
      Retry: z.array(retrier).default([]),
      Catch: z.array(catcher).default([]),
    }),
  ),
});
type State = z.infer<typeof machine>["States"][string];

/** Where a state may lead. */
function waysOut(state: State): string[] {
  const named = [state.Next, state.Default].filter((next) => next !== undefined);
  return [...named, ...[...state.Choices, ...state.Catch].map(({ Next }) => Next)];
}

/** What asl-validator lets pass, in words. */
function faults(definition: unknown): string[] {
  const { StartAt, States } = machine.parse(definition);
  const found: string[] = [];

  const reached = new Set<string>();
  const reach = (name: string, from: string): void => {
    const state = States[name];
    if (!state) found.push(`${from} leads to ${name}, which does not exist`);
    if (!state || reached.has(name)) return;
    reached.add(name);
    for (const next of waysOut(state)) reach(next, name);
  };
  reach(StartAt, "StartAt");
  for (const name of Object.keys(States)) if (!reached.has(name)) found.push(`${name} is never reached`);

  for (const [name, state] of Object.entries(States)) {
    const unknown = (entries: object[], known: string[]) =>
      entries.flatMap((entry) => Object.keys(entry)).filter((field) => !known.includes(field));
    found.push(...unknown(state.Retry, RETRY_FIELDS).map((field) => `${name}: Retry knows no ${field}`));
    found.push(...unknown(state.Catch, CATCH_FIELDS).map((field) => `${name}: Catch knows no ${field}`));
    for (const { MaxAttempts } of state.Retry) {
      if (MaxAttempts === undefined) found.push(`${name}: a Retry without MaxAttempts`);
    }
    for (const entries of [state.Retry, state.Catch]) {
      for (const [n, { ErrorEquals }] of entries.entries()) {
        found.push(
          ...ErrorEquals.filter((error) => !ERROR_NAMES.includes(error)).map((error) => `${name}: no error ${error}`),
        );
        if (!ErrorEquals.includes("States.ALL")) continue;
        if (n < entries.length - 1) found.push(`${name}: States.ALL hides what comes after it`);
        if (ErrorEquals.length > 1) found.push(`${name}: States.ALL stands by itself`);
      }
    }
    if (state.Type === "Task" && state.Catch.at(-1)?.ErrorEquals[0] !== "States.ALL") {
      found.push(`${name}: nothing catches the rest`);
    }
  }

  walk(definition, (field, value) => {
    if (FOREIGN_FIELDS.includes(field)) found.push(`${field} is not JSONPath, or not known everywhere`);
    if (field === "ResultPath" && value === "$") found.push("ResultPath $ is left unwritten");
    if (typeof value !== "string") return;
    if (value.includes("{%")) found.push(`${value} is JSONata`);
    if (value.startsWith("$$")) found.push(`${value} reads the context, which the local machine does not have`);
  });
  return found;
}

function walk(value: unknown, visit: (field: string, value: unknown) => void): void {
  if (typeof value !== "object" || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    visit(field, inner);
    walk(inner, visit);
  }
}

/** asl-validator has no types. It writes into what it is given. */
function aslValidator(definition: unknown): string {
  const validate: unknown = createRequire(import.meta.url)("asl-validator");
  if (typeof validate !== "function") throw new Error("asl-validator is not a function");
  const verdict: unknown = Reflect.apply(validate, undefined, [structuredClone(definition)]);
  const { isValid, errors } = z.object({ isValid: z.boolean(), errors: z.array(z.unknown()) }).parse(verdict);
  return isValid ? "valid" : JSON.stringify(errors);
}

describe("the definition", () => {
  it("is valid", () => {
    expect(aslValidator(DEFINITION)).toBe("valid");
    expect(aslValidator({ ...DEFINITION, StartAt: "Nowhere" })).not.toBe("valid");
  });

  it("has none of the faults that a validator lets pass", () => {
    expect(faults(DEFINITION)).toEqual([]);
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(DEFINITION))).toStrictEqual(DEFINITION);
  });

  it("calls each function from the state of its name, finalize from a wake-up's too, and no other", () => {
    const tasks = Object.entries(machine.parse(DEFINITION).States).filter(([, { Type }]) => Type === "Task");
    const four = arns("111111111111");
    expect(Object.fromEntries(tasks.map(([name, { Resource }]) => [name, Resource]))).toEqual({
      ...four,
      FinalizeOnce: four.FinalizeAndAnalyze,
    });
  });

  it("differs between two accounts in the functions' ARNs and in nothing else", () => {
    const one = JSON.stringify(workflowDefinition(arns("111111111111")));
    const two = JSON.stringify(workflowDefinition(arns("222222222222")));
    expect(one).not.toBe(two);
    expect(one.replaceAll("111111111111", "222222222222")).toBe(two);
    for (const arn of Object.values(arns("111111111111"))) expect(one).toContain(arn);
  });

  it("outlives the longest generation and its delivery", () => {
    const longestDeadlineSeconds = 86_400;
    expect(DEFINITION.TimeoutSeconds).toBeGreaterThan(longestDeadlineSeconds + DELIVERY_GRACE_SECONDS);
  });
});

describe("a fault of a definition", () => {
  const { SubmitGeneration, CheckStatus } = DEFINITION.States;
  const withState = (name: string, state: object) => ({
    ...DEFINITION,
    States: { ...DEFINITION.States, [name]: state },
  });
  const withCheck = (changed: object) => withState("CheckStatus", { ...CheckStatus, ...changed });
  const all = { ErrorEquals: ["States.ALL"], Next: "WaitOrEnd" };
  const hiccup = { ErrorEquals: ["States.ALL"], IntervalSeconds: 1, MaxAttempts: 3 };

  it.each<[fault: string, definition: object]>([
    ["CheckStatus: Retry knows no BackOffRate", withCheck({ Retry: [{ ...hiccup, BackOffRate: 2 }] })],
    ["CheckStatus: Retry knows no Next", withCheck({ Retry: [{ ...hiccup, Next: "Done" }] })],
    ["CheckStatus: Catch knows no ResultPaths", withCheck({ Catch: [{ ...all, ResultPaths: "$.failure" }] })],
    ["CheckStatus: a Retry without MaxAttempts", withCheck({ Retry: [{ ErrorEquals: ["States.ALL"] }] })],
    [
      "CheckStatus: no error SourceImageUnavailable",
      withCheck({ Retry: [{ ...hiccup, ErrorEquals: ["SourceImageUnavailable"] }] }),
    ],
    [
      "CheckStatus: States.ALL hides what comes after it",
      withCheck({ Catch: [all, { ...all, ErrorEquals: ["States.Timeout"] }, all] }),
    ],
    [
      "CheckStatus: States.ALL stands by itself",
      withCheck({ Retry: [{ ...hiccup, ErrorEquals: ["States.ALL", "States.Timeout"] }] }),
    ],
    ["CheckStatus: nothing catches the rest", withCheck({ Catch: [{ ...all, ErrorEquals: ["States.Timeout"] }] })],
    ["CheckStatus: nothing catches the rest", withCheck({ Catch: undefined })],
    ["CheckStatus leads to Nowhere, which does not exist", withCheck({ Next: "Nowhere" })],
    ["CheckStatus leads to Nowhere, which does not exist", withCheck({ Catch: [{ ...all, Next: "Nowhere" }] })],
    ["Forgotten is never reached", withState("Forgotten", SubmitGeneration)],
    ["StartAt leads to Nowhere, which does not exist", { ...DEFINITION, StartAt: "Nowhere" }],
    ["ResultPath $ is left unwritten", withCheck({ ResultPath: "$" })],
    ["QueryLanguage is not JSONPath, or not known everywhere", { ...DEFINITION, QueryLanguage: "JSONata" }],
    ["Arguments is not JSONPath, or not known everywhere", withCheck({ Arguments: {} })],
    ["{% $states.input %} is JSONata", withCheck({ Comment: "{% $states.input %}" })],
    [
      "$$.Execution.Name reads the context, which the local machine does not have",
      withCheck({ Parameters: { "name.$": "$$.Execution.Name" } }),
    ],
  ])("is found: %s", (fault, definition) => {
    expect(faults(definition)).toContain(fault);
  });
});

/** A Retry as the source has it: its numbers, and what its comment adds up. */
interface WrittenRetry {
  interval: number;
  backoff: number;
  attempts: number;
  /** `1 + 2 + 4 = 7 s` */
  sum: string | undefined;
}

function writtenRetries(text: string): WrittenRetry[] {
  const file = ts.createSourceFile("workflow.asl.ts", text, ts.ScriptTarget.Latest, true);
  const retries: WrittenRetry[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const numbers = Object.fromEntries(node.properties.flatMap((property) => numberOf(property) ?? []));
      const { IntervalSeconds: interval, BackoffRate: backoff, MaxAttempts: attempts } = numbers;
      if (interval !== undefined || attempts !== undefined) {
        const sum = /\d+(?: \+ \d+)+ = \d+ s/.exec(commentAbove(node, text))?.[0];
        retries.push({ interval: interval ?? 1, backoff: backoff ?? 2, attempts: attempts ?? 3, sum });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return retries;
}

function numberOf(property: ts.ObjectLiteralElementLike): [[string, number]] | undefined {
  if (!ts.isPropertyAssignment(property) || !ts.isNumericLiteral(property.initializer)) return undefined;
  return [[property.name.getText(), Number(property.initializer.text)]];
}

/** The comment right above a value, or above the constant that it is. */
function commentAbove(node: ts.Node, text: string): string {
  for (
    let at: ts.Node | undefined = node;
    at && !ts.isSourceFile(at) && !ts.isArrayLiteralExpression(at);
    at = at.parent
  ) {
    const comment = ts.getLeadingCommentRanges(text, at.getFullStart())?.at(-1);
    if (comment) return text.slice(comment.pos, comment.end);
  }
  return "";
}

/** The waits between the tries, as Step Functions makes them. */
function waits({ interval, backoff, attempts }: WrittenRetry): string {
  const each = Array.from({ length: attempts }, (_, n) => interval * backoff ** n);
  return `${each.join(" + ")} = ${each.reduce((sum, seconds) => sum + seconds, 0)} s`;
}

describe("every Retry", () => {
  const retries = writtenRetries(readFileSync(SOURCE, "utf8"));

  it("of the definition is written where its reasons are", () => {
    const used = Object.values(machine.parse(DEFINITION).States).flatMap(({ Retry }) => Retry);
    const different = new Set(used.map((entry) => JSON.stringify(entry)));
    expect(retries).toHaveLength(different.size);
  });

  it("says how long it waits in all, and the sum is right", () => {
    expect(retries.map(({ sum }) => sum)).toEqual(retries.map(waits));
  });

  it("would be caught with a wrong sum, or none", () => {
    const written = "{ ErrorEquals: [], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3 }";
    const [right] = writtenRetries(`/** The host: 5 + 10 + 20 = 35 s. */\nconst RETRY = ${written};`);
    expect(right?.sum).toBe("5 + 10 + 20 = 35 s");
    expect(right && waits(right)).toBe("5 + 10 + 20 = 35 s");
    const [wrong] = writtenRetries(`// 5 + 10 = 15 s\nconst RETRY = ${written.replace("5", "4")};`);
    expect(wrong && waits(wrong)).not.toBe(wrong?.sum);
    const [silent] = writtenRetries(`// no numbers\nconst RETRY = [${written}];`);
    expect(silent?.sum).toBeUndefined();
  });
});

describe("the local machine", () => {
  it("runs exactly this definition, with its own functions in it", () => {
    const arn = (handlerPath: string) => functionArn(functionName(handlerPath));
    const { SubmitGeneration, CheckStatus, FinalizeAndAnalyze, RecordFailure } = WORKFLOW_FUNCTIONS;
    const ours = workflowDefinition({
      SubmitGeneration: arn(SubmitGeneration),
      CheckStatus: arn(CheckStatus),
      FinalizeAndAnalyze: arn(FinalizeAndAnalyze),
      RecordFailure: arn(RecordFailure),
    });
    expect(localDefinition()).toStrictEqual(ours);

    const workflow = createWorkflow({ invoke: () => new Promise(() => {}) });
    expect(workflow.definition).toStrictEqual(ours);
    expect(interpreted).toStrictEqual([ours]);
    workflow.close();
  });

  it("changes nothing in it by running it", () => {
    const workflow = createWorkflow({ invoke: () => new Promise(() => {}) });
    expect(workflow.definition).toStrictEqual(localDefinition());
    expect(JSON.stringify(workflow.definition)).not.toContain("QueryLanguage");
    workflow.close();
  });
});
