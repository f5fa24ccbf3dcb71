// `npm run redrive -- <mediaId> [--stage production]`: has a video that could not be stored fetched again.
import { parseArgs } from "node:util";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { functionName } from "../blueprint/functions.ts";
import { OPERATIONS } from "../blueprint/rules.ts";
import { REGION } from "../local/arns.ts";

/** The name in sst.config.ts. */
const APP = "kling-media";

/** As long as the function may take: it reads through the table. */
const TIMEOUT_MS = 900_000;

const LOCAL = {
  endpoint: `http://127.0.0.1:${process.env["AWS_PORT"] || "4566"}`,
  region: REGION,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
};

const USAGE = "npm run redrive -- <mediaId> [--stage <stage>]   (without a stage: the machine of `npm start`)";

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { stage: { type: "string" } } });
  const [mediaId, ...more] = positionals;
  if (mediaId === undefined || more.length > 0) throw new Error(USAGE);
  const name = functionName(OPERATIONS[0]);
  const { stage } = values;
  const client = new LambdaClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: TIMEOUT_MS },
    ...(stage === undefined && LOCAL),
  });
  const answer = await client.send(
    new InvokeCommand({
      FunctionName: stage === undefined ? name : `${APP}-${stage}-${name}`,
      Payload: JSON.stringify({ mediaId }),
    }),
  );
  const said: unknown = JSON.parse(Buffer.from(answer.Payload ?? []).toString());
  if (answer.FunctionError !== undefined)
    throw new Error(z.object({ errorMessage: z.string() }).parse(said).errorMessage);
  const { spaceId, phase } = z.object({ spaceId: z.string(), phase: z.string() }).parse(said);
  console.log(`${mediaId} in space ${spaceId} is ${phase}: it has ten minutes to arrive.`);
}

main().catch((error: unknown) => {
  const silent = error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
  if (silent) console.error(`Nothing answers at ${LOCAL.endpoint}: does \`npm start\` run, and is AWS_PORT the same?`);
  else console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
