// Ours, as a process: the local machine whose executions wait.
import { startWaitingMachine } from "./waiting-machine.ts";

const [dataDirectory = ""] = process.argv.slice(2);
const { url } = await startWaitingMachine(dataDirectory);
// So that a profile is written.
process.once("SIGTERM", () => process.exit());
console.log(`ready ${url}`);
