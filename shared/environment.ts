// The only reader of process.env and of SST's Resource: everything configurable, parsed once, explained when wrong.
import { Resource } from "sst/resource";
import * as z from "zod";

const seconds = (fallback: number, max: number) => z.coerce.number().int().min(1).max(max).default(fallback);
const origin = z
  .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
  .transform((url) => url.replace(/\/+$/, ""));
/** One scope (RFC 6749, section 3.3), without the separators of a list. */
const scope = z.string().regex(/^[\x21\x23-\x2b\x2d-\x5a\x5e-\x7e]+$/, "must be one scope, without spaces");
/** US dollars, to the tenth of a cent. */
const usd = z.coerce.number().min(0).max(1_000_000_000).multipleOf(0.001);
const origins = z
  .string()
  .default("")
  .transform((list) => list.split(",").flatMap((item) => item.trim() || []))
  .pipe(z.array(origin.transform((url) => new URL(url).origin)));
/** `<agent id>#<schema id>@<version>` */
const agent = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, issue) => {
      const [, id, schemaId, version] = /^([\w-]+)#(\d+)@([\w.-]+)$/.exec(text) ?? [];
      if (id !== undefined && version !== undefined) return { id, schemaId: Number(schemaId), version };
      issue.addIssue({ code: "custom", message: "must look like agent-id#1@production" });
      return z.NEVER;
    });

/** What may be set; also asked by a deploy, so that a fault shows before anything is made. */
export const environmentSchema = z.object({
  FAL_KEY: z.string().optional(),
  // Absent means production: a function that nobody configured trusts nothing.
  NODE_ENV: z.string().default("production"),
  FAL_TEST_MODE: z.enum(["on", "off"]).default("on"),
  FAL_QUEUE_URL: origin.default("https://queue.fal.run"),
  FAL_PLATFORM_URL: origin.default("https://api.fal.ai"),
  FAL_WEBHOOK_JWKS_URL: z
    .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
    .default("https://rest.fal.ai/.well-known/jwks.json"),
  PUBLIC_URL: origin.optional(),
  WORKFLOWAI_API_KEY: z.string().optional(),
  WORKFLOWAI_API_URL: origin.optional(),
  WORKFLOWAI_PROMPT_AGENT: agent("kling-animation-prompt-enhancement#2@production"),
  WORKFLOWAI_VIDEO_AGENT: agent("video-description-generation#1@production"),
  // An execution waits at most a minute between looks.
  POLL_SECONDS: seconds(10, 60),
  // A day: with its 10 minutes of delivery it fits in the state machine's 26 h.
  GENERATION_DEADLINE_SECONDS: seconds(3600, 86_400),
  IN_DOUBT_SECONDS: seconds(900, 86_400),
  MEDIA_STORE: z.url({ protocol: /^(file|s3)$/, error: "must be file:///directory or s3://bucket" }).optional(),
  MEDIA_ORIGIN: origin.optional(),
  MEDIA_RETENTION_DAYS: z.coerce.number().int().min(1).max(3650).optional(),
  TRUSTED_MEDIA_ORIGINS: origins,
  MONTHLY_CAP_USD: usd.optional(),
  GLOBAL_MONTHLY_CAP_USD: usd.optional(),
  // An account is one item of the table, and each open generation a part of it.
  MAX_OPEN_GENERATIONS: z.coerce.number().int().min(1).max(1000).optional(),
  // Of calendar minutes: around the end of one, twice of it fit.
  START_RATE: z.coerce.number().int().min(1).max(100_000).optional(),
  AWS_REGION: z.string().default("us-east-1"),
  AUTH: z.enum(["off", "jwt"]).default("jwt"),
  JWT_ISSUER: origin.optional(),
  JWT_AUDIENCE: z.string().optional(),
  CONSOLE_CLIENT_ID: z.string().optional(),
  CONSOLE_SCOPES: z.string().default("openid"),
  JWT_TENANT_CLAIM: z.string().default("tenant"),
  JWT_USER_CLAIM: z.string().default("sub"),
  JWT_SCOPE_CLAIM: z.string().default("scope"),
  JWT_READ_SCOPE: scope.optional(),
  JWT_WRITE_SCOPE: scope.optional(),
});
export type Environment = z.infer<typeof environmentSchema>;

/** A setting is missing or malformed. The message names each one. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

let parsed: Environment | undefined;

/**
 * The settings. An empty variable counts as unset, as in `.env` files.
 * @throws EnvironmentError naming every malformed setting
 */
export function environment(): Environment {
  if (parsed) return parsed;
  const set = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ""));
  const result = environmentSchema.safeParse(set);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `  ${path.join(".")}: ${message}`);
    throw new EnvironmentError(`These settings are not right:\n${lines.join("\n")}`);
  }
  parsed = result.data;
  return parsed;
}

/** Whether the seed's test mode is on: in development, unless it is turned off. Nothing else turns it on. */
export function isTestMode(): boolean {
  return environment().NODE_ENV === "development" && environment().FAL_TEST_MODE !== "off";
}

/**
 * Checks every setting at once, for a start that fails early.
 * @throws EnvironmentError
 */
export function checkEnvironment(): void {
  const { FAL_KEY } = environment();
  if (!isTestMode() && FAL_KEY === undefined) {
    throw new EnvironmentError(
      "FAL_KEY is missing. Put your fal.ai key into .env (see .env.example), or run in test mode (NODE_ENV=development without FAL_TEST_MODE=off).",
    );
  }
}

/** fal's credential. @throws EnvironmentError */
export function falKey(): string {
  const key = environment().FAL_KEY ?? linkedSecret("FalKey");
  if (key === undefined) throw new EnvironmentError("FAL_KEY is missing.");
  return key;
}

/** WorkflowAI's key, where one is configured. */
export function workflowAiKey(): string | undefined {
  return environment().WORKFLOWAI_API_KEY ?? linkedSecret("WorkflowAiKey");
}

/** Origins whose addresses may be private. None in production; else those named, fal's host and our own. */
export function trustedMediaOrigins(): string[] {
  const { NODE_ENV, TRUSTED_MEDIA_ORIGINS, FAL_QUEUE_URL, MEDIA_ORIGIN } = environment();
  if (NODE_ENV === "production") return [];
  return [
    ...TRUSTED_MEDIA_ORIGINS,
    new URL(FAL_QUEUE_URL).origin,
    ...(MEDIA_ORIGIN ? [new URL(MEDIA_ORIGIN).origin] : []),
  ];
}

/** The name of a table or bus linked by SST, by its name in `sst.config.ts`. */
export function linkedName(resource: "Media" | "Bus"): string {
  return z.object({ name: z.string() }).parse(Reflect.get(Resource, resource)).name;
}

/** The ARN of the state machine linked by SST. */
export function linkedArn(resource: "Generation"): string {
  return z.object({ arn: z.string() }).parse(Reflect.get(Resource, resource)).arn;
}

const SECRETS = ["FalKey", "WorkflowAiKey", "LinkSecret", "WebhookSecret", "CursorSecret"] as const;
type SecretName = (typeof SECRETS)[number];

/** A secret linked by SST; undefined where it is not linked or empty. */
export function linkedSecret(name: SecretName): string | undefined {
  if (!Reflect.has(Resource, name)) return undefined;
  return z.object({ value: z.string() }).parse(Reflect.get(Resource, name)).value || undefined;
}

/** Where the files are that a page shows and puts: it has to know in advance. */
export function storeOrigins(): string[] {
  const { MEDIA_STORE, MEDIA_ORIGIN, AWS_REGION } = environment();
  const links = MEDIA_ORIGIN === undefined ? [] : [new URL(MEDIA_ORIGIN).origin];
  if (!MEDIA_STORE?.startsWith("s3:")) return links;
  return [...links, `https://${new URL(MEDIA_STORE).hostname}.s3.${AWS_REGION}.amazonaws.com`];
}

/** A shorter one is a placeholder of somebody's simulator, and would tear words of every line apart. */
const SECRET_MIN_CHARACTERS = 6;

/** Every secret that this function knows: what must not be written down anywhere. */
export function secretsInUse(): string[] {
  const { FAL_KEY, WORKFLOWAI_API_KEY } = environment();
  const known = [FAL_KEY, WORKFLOWAI_API_KEY, ...SECRETS.map(linkedSecret)];
  return known.flatMap((secret = "") => (secret.length >= SECRET_MIN_CHARACTERS ? [secret] : []));
}
