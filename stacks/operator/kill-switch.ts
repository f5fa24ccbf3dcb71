// `npm run kill-switch -- on|off [--stage production]`: stops every start and every submit at once, or allows them again.
import { parseArgs } from "node:util";
import { callOperation, runCommand } from "./call.ts";

/** One write of one item. */
const TIMEOUT_MS = 30_000;

const USAGE = "npm run kill-switch -- on|off [--stage <stage>]   (without a stage: the machine of `npm start`)";

runCommand(async () => {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { stage: { type: "string" } } });
  const [wanted, ...more] = positionals;
  if ((wanted !== "on" && wanted !== "off") || more.length > 0) throw new Error(USAGE);
  const stopped = wanted === "on";
  const operation = "functions/events/set-kill-switch.handler";
  await callOperation(operation, { stopped }, { stage: values.stage, timeoutMs: TIMEOUT_MS });
  console.log(
    stopped
      ? "Nothing is started or submitted any more. What fal has goes on; what is queued waits, until its deadline."
      : "Starts and submits go on.",
  );
});
