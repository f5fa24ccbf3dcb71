// How an operator's command calls its function: in a deployed stage with the operator's own credentials, or on this machine.
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { functionName } from "../blueprint/functions.ts";
import type { OPERATOR_CALLS } from "../blueprint/rules.ts";
import { REGION } from "../local/aws/arns.ts";

/** The name in sst.config.ts. */
const APP = "kling-media";

const LOCAL = {
  endpoint: `http://127.0.0.1:${process.env["AWS_PORT"] || "4566"}`,
  region: REGION,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};

/**
 * @param stage undefined: the machine of `npm start`
 * @param timeoutMs as long as the function may take
 * @returns what the function answered
 * @throws Error with what the function says is wrong
 */
export async function callOperation(
  handler: (typeof OPERATOR_CALLS)[number],
  payload: object,
  { stage, timeoutMs }: { stage: string | undefined; timeoutMs: number },
): Promise<unknown> {
  const name = functionName(handler);
  const client = new LambdaClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    ...(stage === undefined && LOCAL),
  });
  const answer = await client.send(
    new InvokeCommand({
      FunctionName: stage === undefined ? name : `${APP}-${stage}-${name}`,
      Payload: JSON.stringify(payload),
    }),
  );
  const said: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString());
  if (answer.FunctionError !== undefined)
    throw new Error(z.object({ errorMessage: z.string() }).parse(said).errorMessage);
  return said;
}

/**
 * Runs a command: what goes wrong is one line for the person at the terminal.
 * @param exitCode of what goes wrong
 */
export function runCommand(main: () => Promise<void>, exitCode = 1): void {
  main().catch((error: unknown) => {
    const silent = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
    if (silent)
      console.error(`Nothing answers at ${LOCAL.endpoint}: does \`npm start\` run, and is AWS_PORT the same?`);
    else console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = exitCode;
  });
}
