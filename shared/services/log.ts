// The log: one JSON line per fact, without secrets, addresses and people's words.
import { Logger } from "@aws-lambda-powertools/logger";
import { secretsInUse } from "../linked.ts";
import type { Log } from "../media/ports.ts";
import { invocationId } from "./invocation.ts";
import { lazy } from "./lazy.ts";

export const log = lazy((): Log => {
  const logger = new Logger({ serviceName: "media" });
  return {
    info: (message, facts) => logger.info(message, { ...ofInvocation(), ...redacted(facts) }),
    warn: (message, facts) => logger.warn(message, { ...ofInvocation(), ...redacted(facts) }),
  };
});

/** Under the name that Powertools gives it (its `injectLambdaContext` would read the logger at every cold start). */
function ofInvocation(): { function_request_id?: string } {
  const id = invocationId();
  return id === undefined ? {} : { function_request_id: id };
}

/** Longer texts are a service's answer or a user's words, of which the beginning is enough. A stack has its own limit. */
const TEXT_MAX_CHARACTERS = 2000;

/** What facts are never called: they would be what they say. */
const UNSPEAKABLE = /^(authorization|token|secret|password|key|prompt|context|words|link|url|image|body|headers)$/i;

/** Facts as they may be logged. */
export function redacted(facts: object): Record<string, unknown> {
  const of = (value: unknown): unknown => {
    if (typeof value === "string") return withoutSecrets(value);
    if (Array.isArray(value)) return value.map(of);
    return typeof value === "object" && value !== null ? redacted(value) : value;
  };
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, UNSPEAKABLE.test(name) ? "[redacted]" : of(value)]),
  );
}

/**
 * A text as it may be logged: mostly another service's error, whose words we do not choose. Addresses are cut to their
 * host: a path may be a key, a query a signature.
 */
function withoutSecrets(text: string): string {
  return secretsInUse()
    .reduce((left, secret) => left.replaceAll(secret, "[secret]"), text)
    .replace(/\b(https?:\/\/)(?:[^\s/?#@"'<>]*@)?([^\s/?#"'<>\\]+)[^\s"'<>\\)]*/gi, "$1$2/...")
    .replace(/\bdata:[\w/+.-]+;base64,[\w+/=-]*/gi, "data:...")
    .replace(/\beyJ[\w-]+\.[\w-]+\.?[\w-]*/g, "[token]")
    .replace(/\bkm_[0-9a-f]{20}_\w+/g, "[key]")
    .replace(/\bwhsec_[\w+/=-]+/g, "[secret]")
    .replace(/\b(Bearer|Basic|Key)\s+[\w.~+/:=-]{8,}/gi, "$1 [secret]")
    .slice(0, TEXT_MAX_CHARACTERS);
}

/** An error as it may leave a function: Lambda's runtime logs it, and Step Functions keeps its message. */
export function redactError(error: Error | null | undefined): void {
  if (!error) return;
  error.message = withoutSecrets(error.message);
  if (error.stack !== undefined) error.stack = withoutSecrets(error.stack);
}
