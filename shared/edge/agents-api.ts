// How /mcp is spoken to: callers judged here, so that a refusal tells how to come back; and no call from a page of another origin.
import type { MiddlewareObj } from "@middy/core";
import { setting } from "../environment.ts";
import { judgesCaller } from "./credential.ts";
import { ourFormat, RequestError, type ErrorFormat } from "./http-errors.ts";
import type { HttpEvent } from "./http-event.ts";
import type { Manners } from "./lambda.ts";

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * "Servers MUST validate the Origin header on all incoming connections to prevent DNS rebinding attacks" (MCP 2025-11-25,
 * "Streamable HTTP"). Agents send none. A page is taken from PUBLIC_URL alone where that is set; else from the machine itself:
 * `Host` is what such an attack forges. @throws RequestError 403
 */
const refusesForeignOrigin: MiddlewareObj<HttpEvent> = {
  before: ({ event: { headers } }) => {
    const { origin } = headers;
    if (origin === undefined) return;
    const own = setting("PUBLIC_URL");
    const from = URL.parse(origin);
    if (from && (own === undefined ? LOOPBACK.test(from.hostname) : from.origin === new URL(own).origin)) return;
    throw new RequestError(
      403,
      "foreign_origin",
      "A page of another origin may not call this: agents call it, from outside a browser.",
    );
  },
};

/** No metadata of OAuth beside it: clients that see some drop the key that a person has set (anthropics/claude-code 59467). */
const withChallenge: ErrorFormat = (facts) => ({
  ...ourFormat(facts),
  ...(facts.status === 401 && { headers: { "www-authenticate": 'Bearer realm="kling-media"' } }),
});

export const AGENTS_API: Manners = { errors: withChallenge, before: [refusesForeignOrigin, judgesCaller] };
