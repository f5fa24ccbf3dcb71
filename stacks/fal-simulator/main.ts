// `npm run fal-simulator`: starts the simulator and says where it listens.
import { parseArgs, styleText } from "node:util";
import { listFaults } from "./faults.ts";
import { startFalSimulator } from "./server.ts";
import type { FalSimulatorOptions } from "./world.ts";

const OPTIONS = {
  port: { type: "string", doc: "where to listen, default 4100" },
  host: { type: "string", doc: "default 127.0.0.1" },
  seed: { type: "string", doc: "makes request ids and coin tosses repeatable" },
  "queue-seconds": { type: "string", doc: "how long a job waits in the queue, default 2" },
  "render-seconds": { type: "string", doc: "how long it then renders, default 6" },
  concurrency: { type: "string", doc: "how many jobs run at once, default 40; a new account at fal has 2" },
  help: { type: "boolean", short: "h", doc: "this text" },
} as const;

function help(): string {
  const options = Object.entries(OPTIONS).map(([name, { doc }]) => `  --${name.padEnd(16)} ${doc}`);
  const faults = listFaults().map(({ name, doc, times, seconds, url }) => {
    const defaults = [
      ...(times === undefined ? [] : [`times=${times}`]),
      ...(seconds === undefined ? [] : [`seconds=${seconds}`]),
      ...(url === undefined ? [] : [`url=${url}`]),
    ];
    return `  ${name.padEnd(27)} ${doc}${defaults.length > 0 ? ` (${defaults.join(", ")})` : ""}`;
  });
  return `fal's queue for Kling 2.1, on your machine and for free.

${heading("Usage")}  npm run fal-simulator -- --port 4100 [options]

${options.join("\n")}

${heading("Point this backend to it")}
  FAL_TEST_MODE=off FAL_KEY=anything FAL_QUEUE_URL=http://127.0.0.1:4100 FAL_PLATFORM_URL=http://127.0.0.1:4100 \\
  FAL_WEBHOOK_JWKS_URL=http://127.0.0.1:4100/.well-known/jwks.json npm start

${heading("Faults")}  in a prompt: [fal: slow seconds=90, webhook-lost], or
  curl -X POST 127.0.0.1:4100/__simulator/faults -d '{"fault": "status-500", "times": 3}'
  Options: times=<number>|always, seconds=<number>, url=<url>, and accepted=yes where a submit that goes wrong shall take
  the job all the same. Over HTTP also requestId and endpoint, to strike one job or one endpoint only.

${faults.join("\n")}
`;
}

function heading(text: string): string {
  return styleText("bold", `${text}:`);
}

function readOptions(): FalSimulatorOptions | "help" {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return "help";
  const number = (name: "port" | "seed" | "queue-seconds" | "render-seconds" | "concurrency") => {
    const text = values[name];
    if (text === undefined) return {};
    if (text.trim() === "" || !(Number(text) >= 0)) throw new Error(`--${name} takes a number, not "${text}"`);
    const option = name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase());
    return { [option]: Number(text) };
  };
  return {
    port: 4100,
    ...number("port"),
    ...number("seed"),
    ...number("queue-seconds"),
    ...number("render-seconds"),
    ...number("concurrency"),
    ...(values.host !== undefined && { host: values.host }),
  };
}

try {
  const options = readOptions();
  if (options === "help") {
    console.log(help());
  } else {
    const { url } = await startFalSimulator(options);
    console.log("fal simulator: jobs, faults and every call received under /__simulator; --help lists the faults");
    console.log(`ready ${url}`);
  }
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  console.error(taken ? `${why}: choose another one with --port` : `${why}\nTry --help.`);
  process.exitCode = 1;
}
