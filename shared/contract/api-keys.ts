// POST, GET and DELETE /api/keys, and the operator's command: what a key is asked for with.
import * as z from "zod/mini";
import { DEFAULT_SCOPES, KEY_ID, SCOPES } from "../access/api-key.ts";
import type { KeyWish } from "../access/api-keys.ts";
import { millsOf } from "../money/budget.ts";
import { maybe, text } from "./text.ts";

const NAME_MAX_CHARACTERS = 64;
/** Ten years: what is meant for ever has no end. */
const DAYS_MAX = 3650;

export const createKeyRequest = z.object({
  name: text(NAME_MAX_CHARACTERS).check(
    z.regex(/^\S(.*\S)?$/su, "must say what the key is for, without blanks around it"),
    z.meta({ description: "What the key is for.", examples: ["shop backend"] }),
  ),
  scopes: maybe(z.array(z.enum(SCOPES)).check(z.minLength(1))).check(
    z.describe(`None of them includes another; ${DEFAULT_SCOPES.join(" and ")} unless given.`),
  ),
  expiresInDays: maybe(z.int().check(z.minimum(1), z.maximum(DAYS_MAX))).check(
    z.describe("Without it the key lives until it is revoked."),
  ),
  monthlyCapUsd: maybe(z.number().check(z.minimum(0), z.maximum(1_000_000_000))).check(
    z.describe(
      "Dollars, to the tenth of a cent, that may be committed with it in a calendar month (UTC), besides the tenant's own limits.",
    ),
  ),
});
export type CreateKeyRequest = z.infer<typeof createKeyRequest>;

export const keyPath = z.object({
  id: z.string().check(z.regex(KEY_ID, "must be the id of a key"), z.meta({ example: "5f2a9c01d3e4b5a6c7d8" })),
});

const tenantId = z.string().check(
  z.minLength(1, "must name a tenant"),
  z.maxLength(128),
  z.refine((name) => name.isWellFormed(), "must be well-formed Unicode"),
);

/** What `npm run api-key` asks its function for. */
export const keyOperation = z.discriminatedUnion("action", [
  z.extend(createKeyRequest, { action: z.literal("create"), tenantId }),
  z.object({ action: z.literal("list"), tenantId }),
  z.object({ action: z.literal("revoke"), id: z.string() }),
]);

/** What the domain makes; its tenant comes from the caller's credential, or from the operator. */
export function keyWish(tenantId: string, request: CreateKeyRequest): KeyWish {
  const { name, scopes, expiresInDays, monthlyCapUsd } = request;
  const monthlyCapMills = monthlyCapUsd === undefined ? undefined : millsOf(monthlyCapUsd);
  return { tenantId, name, scopes, expiresInDays, monthlyCapMills };
}
