// The only reader of process.env: everything configurable, parsed once, explained when wrong.
import * as z from "zod/mini";

/** A whole number of what the environment holds as a text. */
const whole = (min: number, max: number) => z.coerce.number().check(z.int(), z.minimum(min), z.maximum(max));
const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http(s) URL" });
const origin = z.pipe(
  httpUrl,
  z.transform((url) => url.replace(/\/+$/, "")),
);
/** One scope (RFC 6749, section 3.3), without the separators of a list. */
const scope = z.string().check(z.regex(/^[\x21\x23-\x2b\x2d-\x5a\x5e-\x7e]+$/, "must be one scope, without spaces"));
/** US dollars, to the tenth of a cent. */
const usd = z.coerce.number().check(z.minimum(0), z.maximum(1_000_000_000), z.multipleOf(0.001));
const origins = z.pipe(
  z.pipe(
    z._default(z.string(), ""),
    z.transform((list) => list.split(",").flatMap((item) => item.trim() || [])),
  ),
  z.array(
    z.pipe(
      origin,
      z.transform((url) => new URL(url).origin),
    ),
  ),
);
/** `<agent id>#<schema id>@<version>` */
const agent = (fallback: string) =>
  z.pipe(
    z._default(z.string(), fallback),
    z.transform((text, { issues }) => {
      const [, id, schemaId, version] = /^([\w-]+)#(\d+)@([\w.-]+)$/.exec(text) ?? [];
      if (id !== undefined && version !== undefined) return { id, schemaId: Number(schemaId), version };
      issues.push({ code: "custom", message: "must look like agent-id#1@production", input: text });
      return z.NEVER;
    }),
  );

/** What may be set; also asked by a deploy, so that a fault shows before anything is made. */
export const environmentSchema = z.object({
  FAL_KEY: z.optional(z.string()),
  // Absent means production: a function that nobody configured trusts nothing.
  NODE_ENV: z._default(z.string(), "production"),
  FAL_TEST_MODE: z._default(z.enum(["on", "off"]), "on"),
  FAL_QUEUE_URL: z._default(origin, "https://queue.fal.run"),
  FAL_PLATFORM_URL: z._default(origin, "https://api.fal.ai"),
  FAL_WEBHOOK_JWKS_URL: z._default(httpUrl, "https://rest.fal.ai/.well-known/jwks.json"),
  PUBLIC_URL: z.optional(origin),
  WORKFLOWAI_API_KEY: z.optional(z.string()),
  WORKFLOWAI_API_URL: z.optional(origin),
  WORKFLOWAI_PROMPT_AGENT: agent("kling-animation-prompt-enhancement#2@production"),
  WORKFLOWAI_VIDEO_AGENT: agent("video-description-generation#1@production"),
  // An execution waits at most a minute between looks.
  POLL_SECONDS: z._default(whole(1, 60), 10),
  // A day: with its 10 minutes of delivery it fits in the state machine's 26 h.
  GENERATION_DEADLINE_SECONDS: z._default(whole(1, 86_400), 3600),
  IN_DOUBT_SECONDS: z._default(whole(1, 86_400), 900),
  MEDIA_STORE: z.optional(z.url({ protocol: /^(file|s3)$/, error: "must be file:///directory or s3://bucket" })),
  MEDIA_ORIGIN: z.optional(origin),
  MEDIA_RETENTION_DAYS: z.optional(whole(1, 3650)),
  TRUSTED_MEDIA_ORIGINS: origins,
  MONTHLY_CAP_USD: z.optional(usd),
  GLOBAL_MONTHLY_CAP_USD: z.optional(usd),
  // An account is one item of the table, and each open generation a part of it.
  MAX_OPEN_GENERATIONS: z.optional(whole(1, 1000)),
  // Of calendar minutes: around the end of one, twice of it fit.
  START_RATE: z.optional(whole(1, 100_000)),
  AWS_REGION: z._default(z.string(), "us-east-1"),
  AUTH: z._default(z.enum(["off", "jwt"]), "jwt"),
  JWT_ISSUER: z.optional(origin),
  JWT_AUDIENCE: z.optional(z.string()),
  CONSOLE_CLIENT_ID: z.optional(z.string()),
  CONSOLE_SCOPES: z._default(z.string(), "openid"),
  JWT_TENANT_CLAIM: z._default(z.string(), "tenant"),
  JWT_USER_CLAIM: z._default(z.string(), "sub"),
  JWT_SCOPE_CLAIM: z._default(z.string(), "scope"),
  JWT_READ_SCOPE: z.optional(scope),
  JWT_WRITE_SCOPE: z.optional(scope),
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

/** Where the files are that a page shows and puts: it has to know in advance. */
export function storeOrigins(): string[] {
  const { MEDIA_STORE, MEDIA_ORIGIN, AWS_REGION } = environment();
  const links = MEDIA_ORIGIN === undefined ? [] : [new URL(MEDIA_ORIGIN).origin];
  if (!MEDIA_STORE?.startsWith("s3:")) return links;
  return [...links, `https://${new URL(MEDIA_STORE).hostname}.s3.${AWS_REGION}.amazonaws.com`];
}
