// A process full of callers of one kind: each asks for its video at its time, and tells when it had it.
import { setTimeout as sleep } from "node:timers/promises";
import { readInput } from "../processes.ts";
import { ERRANDS, type Caller } from "./errand.ts";

const [kind, address = ""] = process.argv.slice(2);

/** Imported one by one: the peers read the network's functions when they are loaded. */
async function callerOf(): Promise<Caller> {
  switch (kind) {
    case "ours":
      return (await import("./ours.ts")).callerOf(address);
    case "ai-sdk":
      return (await import("./ai-sdk.ts")).callerOf(address);
    case "fal-subscribe":
      return (await import("./fal-subscribe.ts")).callerOf(address);
    default:
      throw new Error(`there is no caller "${kind}"`);
  }
}

const call = await callerOf();
const sightings = (await readInput(ERRANDS)).map(async ({ prompt, startsAt }) => {
  await sleep(startsAt - Date.now());
  const told = await call(prompt);
  return { seenAt: Date.now(), ...told };
});
console.log(JSON.stringify(await Promise.all(sightings)));
