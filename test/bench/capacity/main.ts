// `npm run capacity`: writes docs/capacity.md; with --recount it first counts anew what a generation asks of AWS.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../../stacks/offline/platform.ts";
import { billedMs, transitionsOf } from "../cost/bill.ts";
import { countGenerations } from "../cost.ts";

const RENDER_SECONDS = 105;

/** What one generation asks for, each in its own unit. */
async function recount(): Promise<void> {
  const all = await countGenerations();
  const found = all.find(({ renderSeconds, webhooks }) => renderSeconds === RENDER_SECONDS && webhooks);
  if (!found) throw new Error(`no run has counted a render of ${RENDER_SECONDS} s`);
  const { counts } = found;
  const milliseconds = Object.entries(counts.functions).map(([name, use]) => billedMs(use, name));
  const each = {
    executions: counts.executions,
    transitions: transitionsOf(counts),
    // Whole seconds, rounded up: what is behind the point is this machine's.
    functionSeconds: Math.ceil(milliseconds.reduce((sum, ms) => sum + ms, 0) / 1000),
    tableWriteUnits: counts.writeUnits,
    indexWriteUnits: counts.indexWriteUnits,
    writeUnits: counts.writeUnits + counts.indexWriteUnits,
    busEvents: counts.busEvents,
    httpRequests: counts.httpRequests,
    s3Writes: counts.s3Writes,
    s3Reads: counts.s3Reads,
  };
  const text = JSON.stringify({ renderSeconds: RENDER_SECONDS, each }, null, 2);
  await writeFile(path.join(import.meta.dirname, "counts.json"), `${text}\n`);
}

const { values } = parseArgs({ options: { recount: { type: "boolean", default: false } } });
if (values.recount) await recount();
// Imported when the counts are there.
const { capacityDocument } = await import("./document.ts");
await writeFile(path.join(ROOT, "docs/capacity.md"), await capacityDocument());
