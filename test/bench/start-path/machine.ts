// Ours, as a process: the local machine whose executions wait.
import { tellCpuTime } from "../processes.ts";
import { startWaitingMachine } from "./waiting-machine.ts";

const [dataDirectory = ""] = process.argv.slice(2);
const { url } = await startWaitingMachine(dataDirectory);
// So that a profile is written.
tellCpuTime();
process.once("SIGTERM", () => process.exit());
console.log(`ready ${url}`);
