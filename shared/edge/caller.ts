// Who calls, and with which scopes: from the verified token or key alone, in the same form wherever it was verified.
import * as z from "zod/mini";
import { isOpen, setting } from "../environment.ts";
import type { HttpEvent } from "./http-event.ts";
import type { KeyBudget } from "../media/media.ts";
import { RequestError } from "./http-errors.ts";

export interface Caller {
  tenantId: string;
  userId: string;
  /** The caller's key, where it has its own cap. */
  keyBudget?: KeyBudget;
}

/** What a route does with the caller's data. */
export type Access = "read" | "write" | "admin";

/** A lone surrogate has no UTF-8 form, so it cannot be part of a key. */
const named = z.string().check(
  z.minLength(1),
  z.maxLength(128),
  z.refine((name) => name.isWellFormed()),
);

/** What our authorizer says of a key, as strings: API Gateway reliably passes on nothing else. */
const keyContext = z.object({
  keyId: z.string(),
  keyName: z.string(),
  tenantId: named,
  scopes: z.string(),
  monthlyCapMills: z.optional(z.string()),
});
export type KeyContext = z.infer<typeof keyContext>;
/** What it says of a token: its claims, as JSON. */
const tokenContext = z.object({ claims: z.string() });
export type TokenContext = z.infer<typeof tokenContext>;
/** What it says where it could judge neither way: of nobody. */
export const ISSUER_UNAVAILABLE = "issuer_unavailable";
const unjudgedContext = z.object({ unjudged: z.literal(ISSUER_UNAVAILABLE) });
export type UnjudgedContext = z.infer<typeof unjudgedContext>;

/**
 * The gateway has verified the token or the key before a function is asked; what it allows is judged here, so that the
 * answer is the same in the cloud and on the local machine, whichever authorizer verified it.
 * @throws RequestError 401 without a tenant and a user, 403 without the scope, 503 where the issuer does not answer
 */
export function callerOf({ requestContext }: HttpEvent, access: Access): Caller {
  if (isOpen()) return { tenantId: "local", userId: "local" };
  const { jwt, lambda } = requestContext.authorizer ?? {};
  const key = keyContext.safeParse(lambda).data;
  if (key) return callerWithKey(key, access);
  if (unjudgedContext.safeParse(lambda).success) throw issuerUnavailable();
  return callerWithToken(jwt?.claims ?? claimsIn(lambda), access);
}

function callerWithKey({ keyId, keyName, tenantId, scopes, monthlyCapMills }: KeyContext, access: Access): Caller {
  if (!scopesIn(scopes).includes(access)) throw missingScope("key", access);
  return {
    tenantId,
    userId: `key:${keyId}/${keyName}`,
    ...(monthlyCapMills !== undefined && { keyBudget: { keyId, monthlyCapMills: Number(monthlyCapMills) } }),
  };
}

function callerWithToken(claims: Record<string, unknown>, access: Access): Caller {
  const tenant = named.safeParse(claims[setting("JWT_TENANT_CLAIM")] ?? claims["sub"]).data;
  // A machine's token by client credentials may name only the client (RFC 9068, section 2.2).
  const user = named.safeParse(
    claims[setting("JWT_USER_CLAIM")] ?? claims["sub"] ?? claims["client_id"] ?? claims["azp"],
  ).data;
  if (tenant === undefined || user === undefined) throw new RequestError(401, "unauthorized", "Sign in first.");
  // An issuer has scopes for reading and writing only; a token that may write may also manage the tenant's keys and webhooks.
  const needed = setting(access === "read" ? "JWT_READ_SCOPE" : "JWT_WRITE_SCOPE");
  if (needed !== undefined && !scopesIn(claims[setting("JWT_SCOPE_CLAIM")]).includes(needed)) {
    throw missingScope("token", needed);
  }
  return { tenantId: tenant, userId: user };
}

function issuerUnavailable(): RequestError {
  const message =
    "Your token could not be checked: the identity provider that issued it does not answer us. Nothing is wrong with the request, and nothing was done. Try again in a minute.";
  return new RequestError(503, ISSUER_UNAVAILABLE, message);
}

function missingScope(what: "key" | "token", needed: string): RequestError {
  return new RequestError(403, "missing_scope", `The ${what} lacks the scope "${needed}", which this needs.`);
}

function claimsIn(context: unknown): Record<string, unknown> {
  const { claims = "{}" } = tokenContext.safeParse(context).data ?? {};
  return z.record(z.string(), z.unknown()).parse(JSON.parse(claims));
}

/** One text with spaces (RFC 8693, section 4.2), or a list, which API Gateway hands over as `[one two]`. */
function scopesIn(claim: unknown): string[] {
  if (typeof claim !== "string") return [];
  return claim
    .replace(/^\[(.*)\]$/s, "$1")
    .split(/[\s,]+/)
    .filter(Boolean);
}
