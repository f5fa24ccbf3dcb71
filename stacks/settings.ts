// The settings of a deploy, required and optional: read from the environment (or `.env`), checked before anything is made.
import * as z from "zod";
import { faultsOf, readSetting } from "../shared/environment.ts";
import { DELIVERY_GRACE_SECONDS } from "../shared/generation/deadlines.ts";
import { HISTORY_EVENTS_PER_LAP } from "./blueprint/workflow.asl.ts";

/** A place in a bucket of this account whose pictures become videos. */
export interface Sources {
  bucket: string;
  prefix: string;
}

export interface Settings {
  /** Who signs the callers' tokens: made with the stage, or the issuer that is there. */
  identity: "cognito" | undefined;
  /** The issuer that is there; undefined where AUTH has no jwt in it, or one is made. */
  jwt: { issuer: string; audiences: string[] } | undefined;
  /** Whether callers may come with keys of ours: AUTH has keys in it. */
  keys: boolean;
  corsOrigins: string[];
  /** Told when something fails. */
  alarmEmail: string | undefined;
  /** Watched for pictures; undefined: none is. */
  sources: Sources | undefined;
  /** The API's own name, in a Route 53 zone of this account. */
  domain: string | undefined;
  /** How many submissions may run at once; undefined: as many as the account allows. */
  submitConcurrency: number | undefined;
  /** Of `sst dev` alone: whether fal is left alone. */
  testMode: "on" | "off";
  /** Handed on to the functions as it is. */
  functionEnvironment: Record<string, string>;
}

/** The functions' own settings that make sense in the cloud; the rest of their environment is ours to fill. */
const HANDED_ON = [
  "AUTH",
  "JWT_TENANT_CLAIM",
  "JWT_USER_CLAIM",
  "JWT_SCOPE_CLAIM",
  "JWT_READ_SCOPE",
  "JWT_WRITE_SCOPE",
  "CONSOLE_CLIENT_ID",
  "CONSOLE_SCOPES",
  "POLL_SECONDS",
  "GENERATION_DEADLINE_SECONDS",
  "IN_DOUBT_SECONDS",
  "HOLD_SECONDS",
  "FAL_QUEUE_URL",
  "FAL_PLATFORM_URL",
  "FAL_WEBHOOK_JWKS_URL",
  "WORKFLOWAI_API_URL",
  "WORKFLOWAI_PROMPT_AGENT",
  "WORKFLOWAI_VIDEO_AGENT",
  "MEDIA_ORIGIN",
  "MEDIA_RETENTION_DAYS",
  "MODELS",
  "MONTHLY_CAP_USD",
  "DAILY_CAP_USD",
  "USER_MONTHLY_CAP_USD",
  "GLOBAL_MONTHLY_CAP_USD",
  "BUDGET_WARNING_SHARE",
  "MAX_OPEN_GENERATIONS",
  "FAL_CONCURRENCY",
  "START_RATE",
] as const;

/** What stands between commas. */
export const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((item) => item.trim() || []));
const httpsUrl = z.url({ protocol: /^https$/, error: "must be an https URL" });
/** Compared with what a browser sends, letter by letter: an origin with a slash behind it would never match. */
export const corsOrigins = list.pipe(
  z.array(
    z.string().refine((text) => URL.parse(text)?.origin === text, {
      error: "must be an origin such as https://app.example.com, without a path and never *",
    }),
  ),
);

const schema = z.object({
  IDENTITY: z.literal("cognito", { error: "must be cognito, or unset with JWT_ISSUER and JWT_AUDIENCE" }).optional(),
  JWT_ISSUER: httpsUrl.optional(),
  JWT_AUDIENCE: list,
  CORS_ORIGINS: corsOrigins,
  ALARM_EMAIL: z.email({ error: "must be an e-mail address" }).optional(),
  SOURCES_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: "must be the name of a bucket of this account" })
    .optional(),
  // A role must not read the whole bucket; the letters are those that EventBridge and IAM take literally.
  SOURCES_PREFIX: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*\/$/, { error: "must be a folder such as animate/, with a slash behind" })
    .optional(),
  DOMAIN: z.hostname({ error: "must be a host name" }).optional(),
  FAL_TEST_MODE: z.enum(["on", "off"], { error: "must be on or off" }).default("on"),
  SUBMIT_CONCURRENCY: z
    .string()
    .regex(/^(none|[1-9]\d{0,2}|1000)$/, { error: "must be a number from 1 to 1000, or none" })
    .default("10"),
});

/** Of the 25,000 that an execution may have (AWS: "Step Functions service quotas"), with room for retries. */
const HISTORY_EVENTS = 20_000;

/** What is wrong with looking so often for so long, if anything: the execution would end before the generation. */
function historyFault(set: NodeJS.ProcessEnv): string[] {
  const { data: poll } = readSetting("POLL_SECONDS", set);
  const { data: deadline } = readSetting("GENERATION_DEADLINE_SECONDS", set);
  if (poll === undefined || deadline === undefined) return [];
  const laps = HISTORY_EVENTS / HISTORY_EVENTS_PER_LAP;
  const shortest = Math.ceil((deadline + DELIVERY_GRACE_SECONDS) / laps);
  if (poll >= shortest) return [];
  return [
    `POLL_SECONDS must be at least ${shortest} with a GENERATION_DEADLINE_SECONDS of ${deadline}: ` +
      "more looks than that do not fit into one execution of Step Functions.",
  ];
}

/**
 * @throws Error that names each setting that is missing or malformed, and what to do
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const result = schema.safeParse(set);
  const handedOn = pick(set, HANDED_ON);
  const faults = [
    ...(result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}.`),
    ...faultsOf(handedOn).map(({ path, message }) => `${path} ${message}.`),
    ...historyFault(handedOn),
    ...unreadable(set),
  ];
  const { jwt = true, keys = false } = readSetting("AUTH", set).data ?? {};
  const { IDENTITY: identity, JWT_ISSUER: issuer, JWT_AUDIENCE: audience = [] } = result.data ?? {};
  if (identity !== undefined && (!jwt || issuer !== undefined || audience.length > 0)) {
    faults.push(
      "IDENTITY=cognito makes an issuer: it goes with neither JWT_ISSUER, JWT_AUDIENCE nor an AUTH without jwt in it.",
    );
  }
  if (jwt && result.data && identity === undefined && (issuer === undefined || audience.length === 0)) {
    faults.push(
      "JWT_ISSUER and JWT_AUDIENCE are needed: who signs your callers' tokens (an https URL), and for whom. " +
        "IDENTITY=cognito makes an issuer for you; AUTH=keys needs none: callers come with keys that you make. " +
        "AUTH=off deploys without either, open to anyone who knows the address.",
    );
  }
  const { SOURCES_BUCKET: bucket, SOURCES_PREFIX: prefix } = result.data ?? {};
  if ((bucket === undefined) !== (prefix === undefined)) {
    faults.push("SOURCES_BUCKET and SOURCES_PREFIX belong together: set both, or neither.");
  }
  if (!result.success || faults.length > 0) {
    throw new Error(
      `Nothing was deployed, these settings are not right:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
    );
  }

  const { JWT_ISSUER, JWT_AUDIENCE, CORS_ORIGINS, ALARM_EMAIL, DOMAIN, FAL_TEST_MODE, SUBMIT_CONCURRENCY } =
    result.data;
  return {
    identity,
    jwt: jwt && JWT_ISSUER !== undefined ? { issuer: JWT_ISSUER, audiences: JWT_AUDIENCE } : undefined,
    keys,
    sources: bucket === undefined || prefix === undefined ? undefined : { bucket, prefix },
    corsOrigins: CORS_ORIGINS,
    alarmEmail: ALARM_EMAIL,
    domain: DOMAIN,
    submitConcurrency: SUBMIT_CONCURRENCY === "none" ? undefined : Number(SUBMIT_CONCURRENCY),
    testMode: FAL_TEST_MODE,
    functionEnvironment: { AUTH: "jwt", ...handedOn },
  };
}

/** A file of settings with Windows line ends ends each value in one, which no parser below would mention. */
function unreadable(set: NodeJS.ProcessEnv): string[] {
  const names = [...Object.keys(schema.shape), ...HANDED_ON].filter((name) => /\p{Cc}/u.test(set[name] ?? ""));
  return names.map((name) => `${name} has a control character in it: a Windows line end, most likely.`);
}

function pick(from: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = from[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
