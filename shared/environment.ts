// The only reader of process.env: everything configurable, parsed once, explained when wrong.
import * as z from "zod/mini";
import { KLING_MODELS } from "./kling/models.ts";
import { modelsOf, namesIn, unknownNames } from "./kling/catalogue.ts";

const text = () => z.optional(z.string());
/**
 * What is sent as a header: visible ASCII (RFC 9110, section 5.5). A key that was copied with an ellipsis, a zero-width
 * space or a line break in it would fail each call before its first byte. Says where, and never what the rest is.
 */
const credential = () =>
  z.optional(
    z.pipe(
      z.string(),
      z.transform((said, { issues }) => {
        const at = [...said].findIndex((sign) => !/[\x21-\x7e]/.test(sign));
        if (at < 0) return said;
        const sign = [...said][at]?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
        const message = `holds a character that no header can carry: U+${sign} at place ${at + 1}. Copy the key again`;
        issues.push({ code: "custom", message, input: undefined });
        return z.NEVER;
      }),
    ),
  );
const textOr = (fallback: string) => () => z._default(z.string(), fallback);
/** A whole number of what the environment holds as a text. */
const whole = (min: number, max: number) => z.coerce.number().check(z.int(), z.minimum(min), z.maximum(max));
const wholeOr = (fallback: number, max: number) => () => z._default(whole(1, max), fallback);
const wholeUpTo = (max: number) => () => z.optional(whole(1, max));
/** In plain ASCII: a URL parser drops a zero-width space, but code that compares or sends the text does not. */
const httpUrl = () =>
  z
    .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
    .check(z.regex(/^[\x21-\x7e]*$/, "must be written in ASCII without spaces (a host of other letters as xn--...)"));
const origin = () =>
  z.pipe(
    httpUrl(),
    z.transform((url) => url.replace(/\/+$/, "")),
  );
const anOrigin = () => z.optional(origin());
const originOr = (fallback: string) => () => z._default(origin(), fallback);
/** One scope (RFC 6749, section 3.3), without the separators of a list. */
const scope = () =>
  z.optional(z.string().check(z.regex(/^[\x21\x23-\x2b\x2d-\x5a\x5e-\x7e]+$/, "must be one scope, without spaces")));
/** US dollars, to the tenth of a cent. */
const usd = () => z.optional(z.coerce.number().check(z.minimum(0), z.maximum(1_000_000_000), z.multipleOf(0.001)));
const origins = () =>
  z.pipe(
    z.pipe(
      z._default(z.string(), ""),
      z.transform((list) => list.split(",").flatMap((item) => item.trim() || [])),
    ),
    z.array(
      z.pipe(
        origin(),
        z.transform((url) => new URL(url).origin),
      ),
    ),
  );
/** Ids of the catalogue, or `id/mode`, between commas. */
const modelNames = () =>
  z.optional(
    z.pipe(
      z.string(),
      z.transform((said, { issues }) => {
        const names = said.split(",").flatMap((item) => item.trim() || []);
        const unknown = unknownNames(names);
        if (names.length > 0 && unknown.length === 0) return names;
        const known = `${modelsOf(KLING_MODELS).join(", ")}, or one mode of them: ${namesIn(KLING_MODELS).join(", ")}`;
        const message = `${unknown.length > 0 ? `does not know ${unknown.join(", ")}` : "names no model"}: there are ${known}`;
        issues.push({ code: "custom", message, input: said });
        return z.NEVER;
      }),
    ),
  );
/** What callers prove themselves with; neither of the two where the API is open. */
const auth = () =>
  z.pipe(
    z
      ._default(z.string(), "jwt")
      .check(z.regex(/^\s*(off|jwt|keys|jwt\s*,\s*keys|keys\s*,\s*jwt)\s*$/, "must be jwt, keys, jwt,keys or off")),
    z.transform((said) => ({ jwt: said.includes("jwt"), keys: said.includes("keys") })),
  );
/** `<agent id>#<schema id>@<version>` */
const agentOr = (fallback: string) => () =>
  z.pipe(
    z._default(z.string(), fallback),
    z.transform((said, { issues }) => {
      const [, id, schemaId, version] = /^([\w-]+)#(\d+)@([\w.-]+)$/.exec(said) ?? [];
      if (id !== undefined && version !== undefined) return { id, schemaId: Number(schemaId), version };
      issues.push({ code: "custom", message: "must look like agent-id#1@production", input: said });
      return z.NEVER;
    }),
  );

/** What may be set. A schema is made when its setting is asked for: all of them are 5 ms of a cold start. */
const SETTINGS = {
  FAL_KEY: credential,
  FAL_ADMIN_KEY: credential,
  // Absent means production: a function without configuration trusts nothing.
  NODE_ENV: textOr("production"),
  FAL_TEST_MODE: () => z._default(z.enum(["on", "off"]), "on"),
  FAL_QUEUE_URL: originOr("https://queue.fal.run"),
  FAL_PLATFORM_URL: originOr("https://api.fal.ai"),
  FAL_WEBHOOK_JWKS_URL: () => z._default(httpUrl(), "https://rest.fal.ai/.well-known/jwks.json"),
  PUBLIC_URL: anOrigin,
  WORKFLOWAI_API_KEY: credential,
  WORKFLOWAI_API_URL: anOrigin,
  WORKFLOWAI_PROMPT_AGENT: agentOr("kling-animation-prompt-enhancement#2@production"),
  WORKFLOWAI_VIDEO_AGENT: agentOr("video-description-generation#1@production"),
  // An execution waits at most a minute between looks.
  POLL_SECONDS: wholeOr(10, 60),
  // A day: with its 10 minutes of delivery it fits in the state machine's 26 h.
  GENERATION_DEADLINE_SECONDS: wholeOr(3600, 86_400),
  IN_DOUBT_SECONDS: wholeOr(900, 86_400),
  // A day; at most a week, for who tops an account up on Mondays.
  HOLD_SECONDS: wholeOr(86_400, 604_800),
  MEDIA_STORE: () => z.optional(z.url({ protocol: /^(file|s3)$/, error: "must be file:///directory or s3://bucket" })),
  MEDIA_ORIGIN: anOrigin,
  MEDIA_RETENTION_DAYS: wholeUpTo(3650),
  MODELS: modelNames,
  TRUSTED_MEDIA_ORIGINS: origins,
  MONTHLY_CAP_USD: usd,
  DAILY_CAP_USD: usd,
  USER_MONTHLY_CAP_USD: usd,
  GLOBAL_MONTHLY_CAP_USD: usd,
  BUDGET_WARNING_SHARE: () => z._default(z.coerce.number().check(z.minimum(0.01), z.maximum(1)), 0.8),
  // An account is one item of the table, and each open generation takes some of its 400 KB.
  MAX_OPEN_GENERATIONS: wholeUpTo(1000),
  // fal gives 2 to 40; each that is taken is a part of one item.
  FAL_CONCURRENCY: wholeUpTo(200),
  // Counted by calendar minute: twice as many fit around the end of one.
  START_RATE: wholeUpTo(100_000),
  AWS_REGION: () => z._default(z.string().check(z.regex(/^[a-z0-9-]+$/, "must be like us-east-1")), "us-east-1"),
  // Lambda's own: where a function's zip lies unpacked. Elsewhere what is laid beside a function lies at the project's root.
  LAMBDA_TASK_ROOT: textOr("."),
  AUTH: auth,
  JWT_ISSUER: anOrigin,
  JWT_AUDIENCE: text,
  JWT_JWKS_URL: () => z.optional(httpUrl()),
  CONSOLE_CLIENT_ID: text,
  CONSOLE_SCOPES: textOr("openid"),
  JWT_TENANT_CLAIM: textOr("tenant"),
  JWT_USER_CLAIM: textOr("sub"),
  JWT_SCOPE_CLAIM: textOr("scope"),
  JWT_READ_SCOPE: scope,
  JWT_WRITE_SCOPE: scope,
};
export type Settings = { [Name in keyof typeof SETTINGS]: z.output<ReturnType<(typeof SETTINGS)[Name]>> };
export type SettingName = keyof Settings;

const SCHEMAS: { [Name in SettingName]: () => z.ZodMiniType<Settings[Name]> } = SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS).filter((name): name is SettingName => name in SETTINGS);

/** A setting is missing or malformed. The message names it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/** One setting as `set` has it. An empty variable counts as unset, as in `.env` files. */
export function readSetting<Name extends SettingName>(name: Name, set: NodeJS.ProcessEnv) {
  return SCHEMAS[name]().safeParse(set[name] || undefined);
}

/** What is wrong with `set`: the path of each fault begins with its setting. */
export function faultsOf(set: NodeJS.ProcessEnv, names = SETTING_NAMES): { path: string; message: string }[] {
  return names.flatMap((name) =>
    (readSetting(name, set).error?.issues ?? []).map(({ path, message }) => ({
      path: [name, ...path].join("."),
      message,
    })),
  );
}

const known: { [Name in SettingName]?: { value: Settings[Name] } } = {};

/**
 * A setting, read once.
 * @throws EnvironmentError when it is malformed
 */
export function setting<Name extends SettingName>(name: Name): Settings[Name] {
  const read = known[name];
  if (read) return read.value;
  const { success, data } = readSetting(name, process.env);
  if (!success) {
    const lines = faultsOf(process.env, [name]).map(({ path, message }) => `  ${path}: ${message}`);
    throw new EnvironmentError(`This setting is not right:\n${lines.join("\n")}`);
  }
  Object.assign(known, { [name]: { value: data } });
  return data;
}

/** Whether the original application's test mode is on: in development, unless it is turned off. Nothing else turns it on. */
export function isTestMode(): boolean {
  return setting("NODE_ENV") === "development" && setting("FAL_TEST_MODE") !== "off";
}

/** Whether the API is open: callers do not authenticate. */
export function isOpen(): boolean {
  const { jwt, keys } = setting("AUTH");
  return !jwt && !keys;
}

/** Origins whose addresses may be private. None in production; else those named, fal's host and our own. */
export function trustedMediaOrigins(): string[] {
  if (setting("NODE_ENV") === "production") return [];
  const mediaOrigin = setting("MEDIA_ORIGIN");
  return [
    ...setting("TRUSTED_MEDIA_ORIGINS"),
    new URL(setting("FAL_QUEUE_URL")).origin,
    ...(mediaOrigin ? [new URL(mediaOrigin).origin] : []),
  ];
}

/** Origins that may be the targets of webhooks though they are private or not https. None in production. */
export function trustedWebhookOrigins(): string[] {
  return setting("NODE_ENV") === "production" ? [] : setting("TRUSTED_MEDIA_ORIGINS");
}

/** The origin of the files that a page shows and uploads: its policy must name it in advance. */
export function storeOrigins(): string[] {
  const [store, mediaOrigin] = [setting("MEDIA_STORE"), setting("MEDIA_ORIGIN")];
  const links = mediaOrigin === undefined ? [] : [new URL(mediaOrigin).origin];
  if (!store?.startsWith("s3:")) return links;
  return [...links, `https://${new URL(store).hostname}.s3.${setting("AWS_REGION")}.amazonaws.com`];
}
