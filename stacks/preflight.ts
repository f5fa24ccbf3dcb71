// Checks before a deploy makes anything: every reason why it would fail half way, or serve no caller, reported at once.
import * as z from "zod";
import { FUNCTIONS } from "./blueprint/functions.ts";
import { WORKFLOW_FUNCTIONS } from "./blueprint/workflow.asl.ts";
import { fullFunctionName } from "./function-names.ts";
import type { Settings } from "./settings.ts";

/** AWS Lambda, CreateFunction: "If you specify only the function name, it is limited to 64 characters in length." */
const FUNCTION_NAME_CHARACTERS = 64;
/** AWS Lambda, "Configuring reserved concurrency": so much of an account's quota always stays unreserved. */
const UNRESERVED = 100;
const TIMEOUT_MS = 10_000;

export interface Deploy {
  app: string;
  stage: string;
  settings: Settings;
  environment: NodeJS.ProcessEnv;
  /** For `npm run synth`: no account and no issuer is asked. */
  offline: boolean;
  ask?: Ask;
  fetch?: typeof fetch;
}

/** What is asked of the account that is deployed to. */
export interface Ask {
  /** Of the shared configuration, where the environment does not say it; undefined where it does not either. */
  region(): Promise<string | undefined>;
  /** Executions at once that are reserved for no function, and those that are reserved for this one. */
  concurrency(region: string, functionName: string): Promise<{ unreserved: number; reserved: number }>;
}

/**
 * @returns what could not be looked at, a sentence each
 * @throws Error that names everything that is not right, and what to do
 */
export async function preflight(deploy: Deploy): Promise<string[]> {
  const notes: string[] = [];
  const faults = [...stageFaults(deploy), ...(await regionFaults(deploy))];
  // A deploy into a stand-in for AWS may have no Internet: there, an issuer that does not answer is reported, not refused.
  const isStandIn = Boolean(deploy.environment["AWS_ENDPOINT_URL"]);
  const looks = [concurrencyFaults(deploy, notes), issuerFaults(deploy, notes)];
  for (const look of await Promise.allSettled(looks)) {
    if (look.status === "fulfilled") faults.push(...look.value);
    else (isStandIn ? notes : faults).push(String(look.reason instanceof Error ? look.reason.message : look.reason));
  }
  if (faults.length === 0) return notes;
  throw new Error(`Nothing was deployed:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
}

function stageFaults({ app, stage }: Deploy): string[] {
  const names = Object.keys(FUNCTIONS).map((handler) => fullFunctionName({ name: app, stage }, handler));
  const longest = names.reduce((a, b) => (b.length > a.length ? b : a));
  const over = longest.length - FUNCTION_NAME_CHARACTERS;
  if (over <= 0) return [];
  return [
    `The stage "${stage}" has a name that is ${over} characters too long: AWS takes functions' names of ${FUNCTION_NAME_CHARACTERS}, ` +
      `and ${longest} has ${longest.length}. Take one of ${stage.length - over} characters or fewer.`,
  ];
}

async function regionFaults({ environment, offline, ask = askAws }: Deploy): Promise<string[]> {
  if (offline || regionSaid(environment) || (await ask.region()) !== undefined) return [];
  return [
    "The region is not said, and another than you mean would be taken: AWS_REGION=eu-west-1 in the shell, or `aws configure set region eu-west-1`.",
  ];
}

function regionSaid(environment: NodeJS.ProcessEnv): string | undefined {
  return environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"];
}

async function concurrencyFaults(deploy: Deploy, notes: string[]): Promise<string[]> {
  const { app, stage, settings, environment, offline, ask = askAws } = deploy;
  const wanted = settings.submitConcurrency;
  if (wanted === undefined) return [];
  const needs = `${wanted} submissions at once are reserved, and ${UNRESERVED} must stay unreserved: the account needs Lambda's quota of ${wanted + UNRESERVED} concurrent executions`;
  if (offline) {
    notes.push(`${needs}, or SUBMIT_CONCURRENCY=none. A new account may have 10.`);
    return [];
  }
  const region = environment["SST_AWS_REGION"] ?? regionSaid(environment) ?? (await ask.region());
  if (region === undefined) return [];
  const submit = fullFunctionName({ name: app, stage }, WORKFLOW_FUNCTIONS.SubmitGeneration);
  const { unreserved, reserved } = await ask.concurrency(region, submit).catch((error: unknown) => {
    throw new Error(
      `Lambda's quota could not be asked (lambda:GetAccountSettings in ${region}): ${String(error)} Look at your credentials (aws sts get-caller-identity) and at docs/deploy-policy.json.`,
    );
  });
  if (unreserved + reserved - wanted >= UNRESERVED) return [];
  return [
    `${needs} or more, and ${unreserved + reserved} are left in ${region}. Ask for more (usually granted within hours): ` +
      `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region ${region}; ` +
      "or say SUBMIT_CONCURRENCY=none, and submissions run as the account allows.",
  ];
}

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });
const keySet = z.object({ keys: z.array(z.object({ kty: z.string() })) });

/** As API Gateway does with the first token: it finds the keys by the issuer's metadata, and takes RSA alone (AWS: "JWT authorizers"). */
async function issuerFaults({ settings, offline, fetch: get = fetch }: Deploy, notes: string[]): Promise<string[]> {
  const issuer = settings.jwt?.issuer;
  if (issuer === undefined) return [];
  if (offline) {
    notes.push(`${issuer} must be reachable from the Internet, with RSA keys: a deploy asks it.`);
    return [];
  }
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = await read(get, address, metadata);
  if (found.issuer !== issuer) {
    return [
      `JWT_ISSUER is ${issuer}, and the issuer calls itself ${found.issuer}: say it letter by letter as it does.`,
    ];
  }
  const { keys } = await read(get, found.jwks_uri, keySet);
  if (keys.some(({ kty }) => kty === "RSA")) return [];
  return [`${found.jwks_uri} has no RSA key, and API Gateway takes no other: let ${issuer} sign with RS256.`];
}

async function read<T>(get: typeof fetch, address: string, shape: z.ZodType<T>): Promise<T> {
  const wrong = (why: string) =>
    new Error(`JWT_ISSUER: ${address} ${why}. No caller could sign in: look at the issuer's address.`);
  const response = await get(address, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw wrong(`cannot be reached (${String(cause)})`);
  });
  if (!response.ok) throw wrong(`answers ${response.status}`);
  const body: unknown = await response.json().catch(() => undefined);
  const result = shape.safeParse(body);
  if (!result.success) throw wrong("is not what OpenID Connect Discovery 1.0 says");
  return result.data;
}

/** By the SDK that SST's platform brings, which is there when a deploy runs. */
const askAws: Ask = {
  async region() {
    const { LambdaClient } = await import("@aws-sdk/client-lambda");
    return new LambdaClient({}).config.region().catch(() => undefined);
  },
  async concurrency(region, FunctionName) {
    const { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, LambdaClient, ResourceNotFoundException } =
      await import("@aws-sdk/client-lambda");
    const client = new LambdaClient({ region });
    const options = () => ({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });
    const [account, own] = await Promise.all([
      client.send(new GetAccountSettingsCommand({}), options()),
      client.send(new GetFunctionConcurrencyCommand({ FunctionName }), options()).catch((error: unknown) => {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }),
    ]);
    const unreserved = z.number().parse(account.AccountLimit?.UnreservedConcurrentExecutions);
    return { unreserved, reserved: own?.ReservedConcurrentExecutions ?? 0 };
  },
};
