// The settings of `npm start`: read from the environment (or `.env`), every fault named before anything is opened.
import { resolve } from "node:path";
import * as z from "zod";
import { faultsOf, readSetting, SETTING_NAMES } from "../../shared/environment.ts";
import { nearestName } from "../../shared/edge/near-miss.ts";
import { corsOrigins, list } from "../settings.ts";
import type { JwtSettings } from "./gateway/jwt-authorizer.ts";
import { StartError } from "./start-error.ts";

export interface LocalSettings {
  port: number;
  awsPort: number;
  dataDirectory: string;
  /** A user's own functions, by their full paths. */
  guests: string[];
  corsOrigins: string[];
  /** Undefined unless AUTH has jwt in it. */
  jwt: JwtSettings | undefined;
  /** Whether AUTH has keys in it. */
  keys: boolean;
  testMode: boolean;
  /** Variables that look like settings but are never read: a sentence each. */
  notices: string[];
}

const port = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^\d+$/.test(text) && Number(text) <= 65_535, {
      error: "must be a port number from 0 to 65535 (0: any free one)",
    })
    .transform(Number);
const handlerPath = z.string().regex(/[^/]\.\w+$/, "must be like path/to/file.handler");

/** What the machine alone reads; the functions' settings have a schema of their own. */
export const localSchema = z.object({
  PORT: port("3000"),
  AWS_PORT: port("4566"),
  DATA_DIR: z.string().default(".local"),
  LOCAL_FUNCTIONS: list.pipe(z.array(handlerPath)),
  CORS_ORIGINS: corsOrigins,
  // A token's issuer is compared letter by letter.
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: list,
  JWT_JWKS_URL: z.url({ protocol: /^https?$/, error: "must be an http(s) URL" }).optional(),
});

/**
 * @param variables an empty one counts as unset
 * @throws StartError that names every setting, the machine's and the functions', that is missing or malformed
 */
export function readLocalSettings(variables: NodeJS.ProcessEnv): LocalSettings {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const local = localSchema.safeParse(set);
  const faults = [
    ...(local.error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}.`),
    ...faultsOf(set).map(({ path, message }) => `${path} ${message}.`),
  ];
  const testMode = set["NODE_ENV"] === "development" && set["FAL_TEST_MODE"] !== "off";
  if (!testMode && set["FAL_KEY"] === undefined) {
    faults.push(
      "FAL_KEY is missing. Put your fal.ai key into .env (see .env.example), or run in test mode (NODE_ENV=development without FAL_TEST_MODE=off).",
    );
  }
  const isSaid = (name: string) => /[^\s,]/.test(set[name] ?? "");
  const { jwt = false, keys = false } = set["AUTH"] === undefined ? {} : (readSetting("AUTH", set).data ?? {});
  if (jwt && !["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS_URL"].every(isSaid)) {
    faults.push("AUTH=jwt (or jwt,keys) needs JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL.");
  }
  if (!local.success || faults.length > 0) {
    throw new StartError(
      `Nothing was started, these settings are not right:\n${faults.map((fault) => `  ${fault}`).join("\n")}`,
    );
  }

  const { PORT, AWS_PORT, DATA_DIR, LOCAL_FUNCTIONS, CORS_ORIGINS, JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL } =
    local.data;
  return {
    port: PORT,
    awsPort: AWS_PORT,
    dataDirectory: DATA_DIR,
    guests: LOCAL_FUNCTIONS.map((handler) => resolve(handler)),
    corsOrigins: CORS_ORIGINS,
    jwt:
      jwt && JWT_ISSUER !== undefined && JWT_JWKS_URL !== undefined
        ? { issuer: JWT_ISSUER, audience: JWT_AUDIENCE, jwksUrl: JWT_JWKS_URL }
        : undefined,
    keys,
    testMode,
    notices: misspelt(Object.keys(set)),
  };
}

function misspelt(names: string[]): string[] {
  const known = [...SETTING_NAMES, ...Object.keys(localSchema.shape)];
  return names.flatMap((name) => {
    const meant = known.includes(name) ? undefined : nearestName(name, known);
    return meant === undefined ? [] : [`${name} is set and is no setting: ${meant} is, and may be what is meant.`];
  });
}
