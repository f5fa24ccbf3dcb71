// Who calls, and what for: from the verified token alone, in the same words wherever it was verified.
import * as z from "zod/mini";
import { setting } from "../environment.ts";
import type { HttpEvent } from "./http-event.ts";
import { RequestError } from "./http-errors.ts";

export interface Caller {
  tenantId: string;
  userId: string;
}

/** What a route does with what is the caller's. */
export type Access = "read" | "write";

/** A lone surrogate has no UTF-8 form, so it cannot be part of a key. */
const named = z.string().check(
  z.minLength(1),
  z.maxLength(128),
  z.refine((name) => name.isWellFormed()),
);

/**
 * The gateway has verified the token before a function is asked; what it allows is judged here, so that the answer is
 * the same in the cloud and on the local machine, whichever claim holds the scopes.
 * @throws RequestError 401 without a tenant and a user, 403 without the scope
 */
export function callerOf({ requestContext }: HttpEvent, access: Access): Caller {
  if (setting("AUTH") === "off") return { tenantId: "local", userId: "local" };
  const claims = requestContext.authorizer?.jwt?.claims ?? {};
  const tenant = named.safeParse(claims[setting("JWT_TENANT_CLAIM")] ?? claims["sub"]).data;
  // A machine's token by client credentials may name nobody but the client (RFC 9068, section 2.2).
  const user = named.safeParse(
    claims[setting("JWT_USER_CLAIM")] ?? claims["sub"] ?? claims["client_id"] ?? claims["azp"],
  ).data;
  if (tenant === undefined || user === undefined) throw new RequestError(401, "unauthorized", "Sign in first.");
  const needed = setting(access === "read" ? "JWT_READ_SCOPE" : "JWT_WRITE_SCOPE");
  if (needed !== undefined && !scopesIn(claims[setting("JWT_SCOPE_CLAIM")]).includes(needed)) {
    throw new RequestError(403, "missing_scope", `The token lacks the scope "${needed}", which this needs.`);
  }
  return { tenantId: tenant, userId: user };
}

/** One text with spaces (RFC 8693, section 4.2), or a list, which API Gateway hands over as `[one two]`. */
function scopesIn(claim: unknown): string[] {
  if (typeof claim !== "string") return [];
  return claim
    .replace(/^\[(.*)\]$/s, "$1")
    .split(/[\s,]+/)
    .filter(Boolean);
}
