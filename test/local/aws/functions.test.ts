// The functions as Lambda runs them: JSON in and out, errors as data, a time limit.
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createFunctions, handlersFromDisk, type Handler } from "../../../stacks/local/aws/functions.ts";

const CHECK = "functions/workflow/check-status.handler";

function functionsWith(handler: Handler) {
  return createFunctions([{ handlerPath: CHECK, timeoutSeconds: 3 }], { resolve: () => handler });
}

afterEach(() => {
  vi.useRealTimers();
});

describe("an invocation", () => {
  test("passes JSON and nothing else, both ways", async () => {
    const seen: unknown[] = [];
    const functions = functionsWith((event) => {
      seen.push(event);
      return { at: new Date(0), nothing: undefined };
    });
    const outcome = await functions.invoke("check-status", { a: undefined, b: new Date(0) });
    expect(seen).toEqual([{ b: "1970-01-01T00:00:00.000Z" }]);
    expect(outcome).toEqual({ ok: true, payload: '{"at":"1970-01-01T00:00:00.000Z"}' });
  });

  test("carries a context that counts the time down", async () => {
    vi.useFakeTimers();
    const functions = functionsWith((_event, context) => {
      const before = context.getRemainingTimeInMillis();
      vi.advanceTimersByTime(1000);
      return [context.functionName, before, context.getRemainingTimeInMillis(), context.invokedFunctionArn];
    });
    const outcome = await functions.invoke("check-status", {});
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:check-status";
    expect(outcome).toEqual({ ok: true, payload: JSON.stringify(["check-status", 3000, 2000, arn]) });
  });

  test("turns what is thrown into what Lambda reports, and tells the log", async () => {
    const reported: unknown[] = [];
    const functions = createFunctions(
      [{ handlerPath: CHECK, timeoutSeconds: 3 }],
      {
        resolve: () => () => {
          throw new RangeError("too far");
        },
      },
      (name, error) => reported.push([name, error.errorType]),
    );
    const outcome = await functions.invoke("check-status", {});
    expect(outcome).toEqual({
      ok: false,
      error: {
        errorType: "RangeError",
        errorMessage: "too far",
        trace: expect.arrayContaining(["RangeError: too far"]),
      },
    });
    expect(reported).toEqual([["check-status", "RangeError"]]);
  });

  test("that outlasts its limit is cut", async () => {
    vi.useFakeTimers();
    const invocation = functionsWith(() => new Promise(() => {})).invoke("check-status", {});
    await vi.advanceTimersByTimeAsync(3000);
    expect(await invocation).toMatchObject({
      ok: false,
      error: {
        errorType: "Sandbox.Timedout",
        errorMessage: expect.stringMatching(/Task timed out after 3\.00 seconds$/),
      },
    });
  });

  test("of a function that cannot be loaded is an error of the function, not of the machine", async () => {
    const functions = createFunctions([{ handlerPath: CHECK, timeoutSeconds: 3 }], {
      resolve: () => Promise.reject(new Error("Cannot find module")),
    });
    expect(await functions.invoke("check-status", {})).toMatchObject({
      ok: false,
      error: { errorType: "Runtime.ImportModuleError", errorMessage: "Cannot find module" },
    });
  });
});

test("a function is loaded once, when it is first called", async () => {
  let loads = 0;
  const functions = createFunctions([{ handlerPath: CHECK, timeoutSeconds: 3 }], {
    resolve: () => {
      loads++;
      return () => "done";
    },
  });
  expect(loads).toBe(0);
  await functions.invoke("check-status", {});
  await functions.invoke("check-status", {});
  expect(loads).toBe(1);
});

test("two files of one name cannot both be a function", () => {
  const functions = ["functions/api/get.handler", "functions/events/get.handler"];
  expect(() =>
    createFunctions(
      functions.map((handlerPath) => ({ handlerPath, timeoutSeconds: 3 })),
      { resolve: () => () => null },
    ),
  ).toThrow("would both be the function get");
});

test("the machine is idle once every invocation has ended", async () => {
  const gate = Promise.withResolvers<void>();
  const functions = functionsWith(() => gate.promise);
  void functions.invoke("check-status", {});
  let idle = false;
  const waiting = functions.idle().then(() => (idle = true));
  await Promise.resolve();
  expect(idle).toBe(false);
  gate.resolve();
  await waiting;
  expect(idle).toBe(true);
});

test("a handler's path leads to its file and its export", async () => {
  const source = handlersFromDisk(join(import.meta.dirname, "../../.."));
  const arnOf = await source.resolve("stacks/local/aws/arns.functionArn");
  expect(arnOf).toBeTypeOf("function");
  await expect(source.resolve("stacks/local/aws/arns.handler")).rejects.toThrow("does not export handler");
});
