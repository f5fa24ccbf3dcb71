// `npm start`: reads the settings, starts the local machine, and says what runs where in words.
import { resolve } from "node:path";
import { ROUTES } from "../blueprint/routes.ts";
import type { JwtSettings } from "./jwt-authorizer.ts";
import { startLocalMachine, type LocalMachine } from "./machine.ts";
import { StartError } from "./start-error.ts";
import { buildWeb } from "../web/build.ts";

/** A stop that takes longer than this is a stop that hangs. */
const STOP_LIMIT_MS = 4000;

function portSetting(name: string, fallback: number): number {
  const text = process.env[name] || String(fallback);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new StartError(`${name} must be a port number from 0 to 65535 (0: any free one), not "${text}".`);
  }
  return port;
}

function jwtSettings(): JwtSettings | undefined {
  const { AUTH, JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL } = process.env;
  if (AUTH !== "jwt") return undefined;
  if (!JWT_ISSUER || !JWT_AUDIENCE || !URL.canParse(JWT_JWKS_URL ?? "")) {
    throw new StartError("AUTH=jwt needs JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL (a URL).");
  }
  return { issuer: JWT_ISSUER, audience: list(JWT_AUDIENCE), jwksUrl: JWT_JWKS_URL ?? "" };
}

function list(text = ""): string[] {
  return text.split(",").flatMap((item) => item.trim() || []);
}

function banner({ url, awsUrl }: LocalMachine, dataDirectory: string): string {
  const { NODE_ENV, FAL_TEST_MODE, AUTH } = process.env;
  const testMode = NODE_ENV === "development" && FAL_TEST_MODE !== "off";
  const body = JSON.stringify({
    spaceId: "demo",
    type: "video",
    context: "The camera glides slowly towards the light",
    mediaSpace: { media: { name: "A first try", image: { link: `${url}/samples/photo.jpg` } } },
  });
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
    AUTH === "jwt"
      ? "  Callers sign in with a bearer token (AUTH=jwt)."
      : "  The API is open without sign-in to whoever is on this machine: it listens on loopback only.",
    "",
    "  Make a video:",
    `    curl -s ${url}/api/media/enhance -H 'content-type: application/json' -d '${body}'`,
    "  Look at it (in test mode it is there after about 20 seconds):",
    `    curl -s '${url}/api/spaces/demo/media?limit=1'`,
    "",
    `ready ${url}`,
  ].join("\n");
}

async function main(): Promise<void> {
  process.env["NODE_ENV"] ||= "development";
  // A terminal is for people: what goes well is not worth a line.
  process.env["POWERTOOLS_LOG_LEVEL"] ||= "WARN";
  const dataDirectory = process.env["DATA_DIR"] || ".local";
  await buildWeb();
  const machine = await startLocalMachine({
    port: portSetting("PORT", 3000),
    awsPort: portSetting("AWS_PORT", 4566),
    dataDirectory,
    guests: list(process.env["LOCAL_FUNCTIONS"]).map((handler) => resolve(handler)),
    corsOrigins: list(process.env["CORS_ORIGINS"]),
    jwt: jwtSettings(),
    async check() {
      // Imported when its variables are set: it reads them once.
      const { checkEnvironment } = await import("../../shared/environment.ts");
      checkEnvironment();
    },
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
  console.log(banner(machine, dataDirectory));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
