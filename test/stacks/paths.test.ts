// Every path through the deployed definition, walked by the interpreter: the states visited are asserted, the unhappy ones too,
// and at the end every transition of the definition has been taken.
import { StateMachine, type StateMachineDefinition } from "aws-local-stepfunctions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { definitionOf, graphOf, type Definition } from "../support/resource-graph.ts";

type Step = "SubmitGeneration" | "CheckStatus" | "FinalizeAndAnalyze" | "RecordFailure";
/** What a step answers, call by call: a word for `next`, or an error by name. The last one is repeated. */
type Script = Partial<Record<Step, (string | Error)[]>>;

let definition: Definition;
let machine: StateMachine;
const taken = new Set<string>();

beforeAll(async () => {
  definition = definitionOf(await graphOf("production"));
  machine = new StateMachine(asDefinition(structuredClone(definition)));
});

const INPUT = { tenantId: "t", spaceId: "s", mediaId: "m", enter: "submit", lap: true, pollSeconds: 10 };
const WAKE_UP = { ...INPUT, enter: "check", lap: false };
const RESTART = { ...INPUT, enter: "check" };

const failing = (name: string) => Object.assign(new Error("it did not work"), { name });

/** Walks the machine. Waits and pauses between retries take no time. */
async function walk(input: object, script: Script) {
  const calls: Record<string, number> = {};
  const inputs: unknown[] = [];
  const step = (name: Step) => async (stepInput: unknown) => {
    const answers = script[name] ?? [];
    const call = (calls[name] ?? 0) + 1;
    calls[name] = call;
    inputs.push(stepInput);
    const answer = answers[call - 1] ?? answers.at(-1);
    if (answer === undefined) throw new Error(`${name} was not expected`);
    if (answer instanceof Error) throw answer;
    return { next: answer };
  };
  const steps = ["SubmitGeneration", "CheckStatus", "FinalizeAndAnalyze", "RecordFailure"] as const;
  const { result, eventLogs } = machine.run(
    { ...input },
    {
      overrides: {
        taskResourceLocalHandlers: {
          ...Object.fromEntries(steps.map((name) => [name, step(name)])),
          FinalizeOnce: step("FinalizeAndAnalyze"),
        },
        waitTimeOverrides: { WaitBeforeCheck: 0 },
        retryIntervalOverrides: Object.fromEntries([...steps, "FinalizeOnce"].map((name) => [name, [0, 0, 0]])),
      },
    },
  );
  const visited: string[] = [];
  const listening = (async () => {
    for await (const event of eventLogs) {
      if (event.type === "StateEntered") visited.push(event.state.name);
    }
  })();
  const [ended] = await Promise.allSettled([result, listening]);
  visited.forEach((state, n) => taken.add(`${visited[n - 1] ?? "start"} -> ${state}`));
  const failure: unknown = ended.status === "rejected" ? ended.reason : undefined;
  // A Fail state fails its execution; what no state was written for fails the test.
  if (failure !== undefined) expect({ failure, state: visited.at(-1) }).toMatchObject({ state: "UnknownMedia" });
  const output: unknown = ended.status === "fulfilled" ? ended.value : undefined;
  return {
    visited: visited.join(" "),
    calls,
    inputs,
    output,
    failure: failure instanceof Error ? failure.message : undefined,
  };
}

describe("a generation", () => {
  test("is submitted, looked at until it is finished, and finalized", async () => {
    const { visited, output } = await walk(INPUT, {
      SubmitGeneration: ["wait"],
      CheckStatus: ["wait", "finalize"],
      FinalizeAndAnalyze: ["done"],
    });
    expect(visited).toBe(
      "Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext WaitBeforeCheck CheckStatus WhatNext FinalizeAndAnalyze WhatNext Done",
    );
    // Only keys are carried from state to state.
    expect(output).toEqual({ ...INPUT, step: { next: "done" } });
  });

  test("that was refused at its submission is found to be over after one wait", async () => {
    const { visited } = await walk(INPUT, { SubmitGeneration: ["done"], CheckStatus: ["done"] });
    expect(visited).toBe("Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext Done");
  });

  test("whose claim was released is submitted again", async () => {
    const { visited } = await walk(INPUT, { SubmitGeneration: ["wait"], CheckStatus: ["submit", "done"] });
    expect(visited).toBe(
      "Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext SubmitGeneration WaitBeforeCheck CheckStatus WhatNext Done",
    );
  });

  test("that is past its deadline is recorded as failed", async () => {
    const { visited } = await walk(INPUT, {
      SubmitGeneration: ["wait"],
      CheckStatus: ["fail"],
      RecordFailure: ["done"],
    });
    expect(visited).toBe("Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext RecordFailure WhatNext Done");
  });

  test("another execution of which finalizes it is waited for", async () => {
    const { visited } = await walk(RESTART, { CheckStatus: ["finalize", "done"], FinalizeAndAnalyze: ["wait"] });
    expect(visited).toBe(
      "Enter CheckStatus WhatNext FinalizeAndAnalyze WhatNext WaitBeforeCheck CheckStatus WhatNext Done",
    );
  });

  test("that the sweeper restarts is looked at first", async () => {
    const { visited } = await walk(RESTART, { CheckStatus: ["done"] });
    expect(visited).toBe("Enter CheckStatus WhatNext Done");
  });

  test("that is woken up is looked at once, and finalized if it is ready", async () => {
    expect((await walk(WAKE_UP, { CheckStatus: ["wait"] })).visited).toBe("Enter CheckStatus WhatNext Done");
    expect((await walk(WAKE_UP, { CheckStatus: ["finalize"], FinalizeAndAnalyze: ["done"] })).visited).toBe(
      "Enter CheckStatus WhatNext FinalizeOnce",
    );
    expect((await walk(WAKE_UP, { CheckStatus: ["submit"] })).visited).toBe("Enter CheckStatus WhatNext Done");
  });
});

test("an execution that the service did not start fails, and says how one starts a generation", async () => {
  const { visited, failure } = await walk(RESTART, { CheckStatus: ["unknown"] });
  expect(visited).toBe("Enter CheckStatus WhatNext UnknownMedia");
  expect(failure).toContain("POST /api/media/enhance");
});

describe("a step that fails", () => {
  test("is tried again, and what it then answers counts", async () => {
    const { visited, calls } = await walk(INPUT, {
      SubmitGeneration: [failing("ThrottlingException"), failing("ThrottlingException"), "wait"],
      CheckStatus: ["done"],
    });
    expect(visited).toBe("Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext Done");
    expect(calls).toEqual({ SubmitGeneration: 3, CheckStatus: 1 });
  });

  test("at the submission ends in the record, with the name of its error", async () => {
    const { visited, inputs, calls } = await walk(INPUT, {
      SubmitGeneration: [failing("SourceImageUnavailableError")],
      RecordFailure: ["done"],
    });
    expect(visited).toBe("Enter SubmitGeneration RecordFailure WhatNext Done");
    expect(calls).toEqual({ SubmitGeneration: 4, RecordFailure: 1 });
    expect(inputs.at(-1)).toMatchObject({ ...INPUT, failure: { Error: "SourceImageUnavailableError" } });
  });

  test("at the submission because all submits are taken waits, and is submitted when its turn comes", async () => {
    const { visited, calls } = await walk(INPUT, {
      SubmitGeneration: [...Array.from({ length: 6 }, () => failing("Lambda.TooManyRequestsException")), "wait"],
      CheckStatus: ["submit", "done"],
    });
    expect(visited).toBe(
      "Enter SubmitGeneration WaitBeforeCheck CheckStatus WhatNext SubmitGeneration WaitBeforeCheck CheckStatus WhatNext Done",
    );
    expect(calls).toEqual({ SubmitGeneration: 7, CheckStatus: 2 });
  });

  test("at the submission after a claim is left to the checks", async () => {
    const { visited } = await walk(INPUT, {
      SubmitGeneration: [failing("States.Timeout")],
      RecordFailure: ["wait"],
      CheckStatus: ["done"],
    });
    expect(visited).toBe("Enter SubmitGeneration RecordFailure WhatNext WaitBeforeCheck CheckStatus WhatNext Done");
  });

  test.each(["Sandbox.Timedout", "Lambda.Unknown", "States.TaskFailed", "Runtime.ExitError"])(
    "at a check with %s says nothing of the job: it is looked at again",
    async (name) => {
      const { visited } = await walk(RESTART, {
        CheckStatus: [failing(name), failing(name), failing(name), failing(name), "done"],
      });
      expect(visited).toBe("Enter CheckStatus WaitOrEnd WaitBeforeCheck CheckStatus WhatNext Done");
    },
  );

  test("at the delivery of a finished video is tried again, lap after lap", async () => {
    const { visited } = await walk(RESTART, {
      CheckStatus: ["finalize"],
      FinalizeAndAnalyze: [...Array.from({ length: 4 }, () => failing("DeliveryError")), "done"],
    });
    expect(visited).toBe(
      "Enter CheckStatus WhatNext FinalizeAndAnalyze WaitOrEnd WaitBeforeCheck CheckStatus WhatNext FinalizeAndAnalyze WhatNext Done",
    );
  });

  test("while the failure is recorded is tried again, lap after lap", async () => {
    const { visited } = await walk(RESTART, {
      CheckStatus: ["fail", "done"],
      RecordFailure: [failing("InternalServerError")],
    });
    expect(visited).toBe(
      "Enter CheckStatus WhatNext RecordFailure WaitOrEnd WaitBeforeCheck CheckStatus WhatNext Done",
    );
  });

  test("in a wake-up ends the wake-up: another execution laps", async () => {
    expect((await walk(WAKE_UP, { CheckStatus: [failing("X")] })).visited).toBe("Enter CheckStatus WaitOrEnd Done");
    const { visited } = await walk(WAKE_UP, { CheckStatus: ["finalize"], FinalizeAndAnalyze: [failing("X")] });
    expect(visited).toBe("Enter CheckStatus WhatNext FinalizeOnce Done");
  });

  test("with an unknown word ends the execution; the sweeper starts another", async () => {
    expect((await walk(RESTART, { CheckStatus: ["dance"] })).visited).toBe("Enter CheckStatus WhatNext Done");
  });
});

afterAll(() => {
  const all = transitions(definition);
  expect([...taken].filter((it) => !all.includes(it))).toEqual([]);
  expect(all.filter((it) => !taken.has(it))).toEqual([]);
  expect(all.length).toBeGreaterThan(15);
});

/** Every transition that the definition knows: `Next`, `Default`, the choices and the catchers. */
function transitions({ StartAt, States }: Definition): string[] {
  const targets = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(targets)
      : typeof value === "object" && value !== null
        ? Object.entries(value).flatMap(([key, inner]) =>
            (key === "Next" || key === "Default") && typeof inner === "string" ? [inner] : targets(inner),
          )
        : [];
  const inside = Object.entries(States).flatMap(([name, state]) => targets(state).map((to) => `${name} -> ${to}`));
  return [...new Set([`start -> ${StartAt}`, ...inside])];
}

function asDefinition(value: object): StateMachineDefinition {
  return value as StateMachineDefinition;
}
