// `npm run redrive -- <mediaId> [--stage production]`: fetches a video again that could not be stored.
import { parseArgs } from "node:util";
import * as z from "zod";
import { callOperation, runCommand } from "./call.ts";

/** As long as the function may take: it reads through the table. */
const TIMEOUT_MS = 900_000;

const USAGE = "npm run redrive -- <mediaId> [--stage <stage>]   (without a stage: the machine of `npm start`)";

runCommand(async () => {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { stage: { type: "string" } } });
  const [mediaId, ...more] = positionals;
  if (mediaId === undefined || more.length > 0) throw new Error(USAGE);
  const operation = "functions/events/redrive-generation.handler";
  const said = await callOperation(operation, { mediaId }, { stage: values.stage, timeoutMs: TIMEOUT_MS });
  const { spaceId, phase } = z.object({ spaceId: z.string(), phase: z.string() }).parse(said);
  console.log(`${mediaId} in space ${spaceId} is ${phase}: it has nine minutes to arrive.`);
});
