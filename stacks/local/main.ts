// `npm start`: reads the settings, starts the local machine, and says what runs where in words.
import { ROUTES } from "../blueprint/routes.ts";
import { startLocalMachine, type LocalMachine } from "./machine.ts";
import { readLocalSettings, type LocalSettings } from "./settings.ts";
import { buildWeb } from "../web/build.ts";

/** A stop that takes longer than this is a stop that hangs. */
const STOP_LIMIT_MS = 4000;

function banner({ url, awsUrl }: LocalMachine, { dataDirectory, testMode, jwt, keys }: LocalSettings): string {
  const body = JSON.stringify({
    spaceId: "demo",
    type: "video",
    context: "The camera glides slowly towards the light",
    mediaSpace: { media: { name: "A first try", image: { link: `${url}/samples/photo.jpg` } } },
  });
  const bearer = keys || jwt ? ` -H "authorization: Bearer $${keys ? "KEY" : "TOKEN"}"` : "";
  return [
    "",
    `  HTTP API        ${url}`,
    ...(ROUTES.some(({ route }) => route === "GET /") ? [`  Console         ${url}/`] : []),
    `  AWS endpoint    ${awsUrl}  (DynamoDB, Step Functions, EventBridge, SQS, Lambda)`,
    `  Data directory  ${dataDirectory}`,
    "",
    testMode
      ? "  Test mode is on: every video is a placeholder and costs nothing. For real ones put FAL_KEY and FAL_TEST_MODE=off into .env (see .env.example)."
      : "  Test mode is off: every video is made by fal and costs money, $0.28 to $2.80. NODE_ENV=development without FAL_TEST_MODE=off turns test mode on.",
    accessLine(jwt !== undefined, keys),
    "",
    "  Make a video:",
    `    curl -s ${url}/api/media/enhance${bearer} -H 'content-type: application/json' -d '${body}'`,
    "  Look at it (in test mode it is there after about 20 seconds):",
    `    curl -s '${url}/api/spaces/demo/media?limit=1'${bearer}`,
    "",
    `ready ${url}`,
  ].join("\n");
}

function accessLine(jwt: boolean, keys: boolean): string {
  const makeOne = "npm run api-key -- create --tenant demo --name try";
  if (jwt && keys) return `  Callers come with a bearer token, or with a key (AUTH=jwt,keys): ${makeOne}`;
  if (keys) return `  Callers come with a key (AUTH=keys). The first one: ${makeOne}`;
  if (jwt) return "  Callers sign in with a bearer token (AUTH=jwt).";
  return "  The API is open without sign-in to everyone on this machine: it listens on loopback only.";
}

async function main(): Promise<void> {
  process.env["NODE_ENV"] ||= "development";
  // The terminal shows problems only: a success is not worth a line.
  process.env["POWERTOOLS_LOG_LEVEL"] ||= "WARN";
  const settings = readLocalSettings(process.env);
  for (const notice of settings.notices) console.warn(`  ${notice}`);
  await buildWeb();
  const machine = await startLocalMachine({
    ...settings,
    // What a function throws it has logged itself; this is what stops it from doing so.
    report: (functionName, { errorType, errorMessage }) => {
      if (/^(Runtime|Sandbox)\./.test(errorType)) console.error(`${functionName}: ${errorType}: ${errorMessage}`);
    },
  });

  // In Lambda a stray rejection ends one function, not its neighbours.
  process.on("unhandledRejection", (reason) => console.error("Unhandled rejection:", reason));
  const stop = (): void => {
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void machine.close().finally(() => process.exit(0));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  console.log(banner(machine, settings));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
