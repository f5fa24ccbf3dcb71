// `npm run api-key -- create|list|revoke`: the keys of any tenant, on this machine or in a stage.
import { parseArgs } from "node:util";
import * as z from "zod";
import { callOperation, runCommand } from "./call.ts";

const OPERATION = "functions/events/manage-api-keys.handler";
/** One write of one item. */
const TIMEOUT_MS = 30_000;

const USAGE = `npm run api-key -- create --tenant <tenant> --name <what it is for>
                     [--scopes read,write] [--expires-days 90] [--monthly-cap-usd 50] [--stage <stage>] [--json]
npm run api-key -- list --tenant <tenant> [--stage <stage>] [--json]
npm run api-key -- revoke <id> [--stage <stage>] [--json]
(without a stage: the machine of \`npm start\`)`;

const key = z.object({
  id: z.string(),
  tenantId: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  lastUsedAt: z.string().optional(),
  monthlyCapUsd: z.number().optional(),
});
type Key = z.infer<typeof key>;
const created = z.object({ key, secret: z.string() });
const listed = z.object({ items: z.array(key) });
const revoked = key.pick({ id: true, tenantId: true, name: true });

runCommand(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      tenant: { type: "string" },
      name: { type: "string" },
      scopes: { type: "string" },
      "expires-days": { type: "string" },
      "monthly-cap-usd": { type: "string" },
      stage: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { tenant: tenantId, name, stage, json } = values;
  const ask = (payload: object) => callOperation(OPERATION, payload, { stage, timeoutMs: TIMEOUT_MS });
  const [command, id, ...more] = positionals;

  if (command === "create" && id === undefined && tenantId !== undefined && name !== undefined) {
    const wish = {
      scopes: values.scopes?.split(",").map((scope) => scope.trim()),
      expiresInDays: numberOf("--expires-days", values["expires-days"]),
      monthlyCapUsd: numberOf("--monthly-cap-usd", values["monthly-cap-usd"]),
    };
    const made = created.parse(await ask({ action: "create", tenantId, name, ...wish }));
    console.log(json ? asJson(made) : inWords(made));
  } else if (command === "list" && id === undefined && tenantId !== undefined) {
    const { items } = listed.parse(await ask({ action: "list", tenantId }));
    console.log(json ? JSON.stringify({ items }) : items.map(line).join("\n") || `${tenantId} has no keys.`);
  } else if (command === "revoke" && id !== undefined && more.length === 0) {
    const gone = revoked.parse(await ask({ action: "revoke", id }));
    console.log(
      json ? JSON.stringify(gone) : `Revoked: "${gone.name}" of ${gone.tenantId} is refused within a minute.`,
    );
  } else throw new Error(USAGE);
});

function asJson({ key: { id, tenantId, scopes, expiresAt }, secret }: z.infer<typeof created>): string {
  return JSON.stringify({ id, key: secret, tenantId, scopes, expiresAt });
}

function inWords({ key: made, secret }: z.infer<typeof created>): string {
  return [
    line(made),
    "",
    `  ${secret}`,
    "",
    "It is shown this once: keep it where you keep secrets. Callers send it as `Authorization: Bearer <key>`.",
  ].join("\n");
}

function line({ id, name, tenantId, scopes, expiresAt, lastUsedAt, monthlyCapUsd }: Key): string {
  return [
    id,
    `"${name}"`,
    `of ${tenantId}`,
    `may ${scopes.join(", ")}`,
    expiresAt === undefined ? "until it is revoked" : `until ${expiresAt}`,
    ...(monthlyCapUsd === undefined ? [] : [`at most $${monthlyCapUsd} a month`]),
    lastUsedAt === undefined ? "never used" : `last used about ${lastUsedAt}`,
  ].join("  ");
}

/** What is no number is left to the function to refuse, under the name that was typed. */
function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new Error(`${option} must be a number.\n${USAGE}`);
  return number;
}
