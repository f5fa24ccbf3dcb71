// Whether a message really comes from the API: Standard Webhooks (standardwebhooks.com), checked by Web Crypto alone.
import type { WebhookEvent } from "./contract.ts";

/** Either way, as the libraries of Standard Webhooks have it. */
const TOLERANCE_SECONDS = 5 * 60;

/** What is wrong with a message. Answer it with 401, or with 400 where something of it is missing. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
  readonly code: "bad_secret" | "parsed_body" | "missing_header" | "bad_timestamp" | "no_signature_fits" | "not_json";

  constructor(code: WebhookError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** As `fetch`, Node, Express or a Lambda has them: names in any case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
/** The bytes as they came: a parser changes them. */
export type RawBody = string | Uint8Array | ArrayBuffer;

/**
 * The message, if it comes from the owner of the secret and is no older than five minutes. After a rotation one of its two
 * signatures is enough. The same message may come again: remember `webhook-id` for a few days.
 * @param secret `whsec_...`, or several while you change from one to another
 * @throws WebhookError
 */
export async function verifyWebhook(
  secret: string | readonly string[],
  headers: WebhookHeaders,
  rawBody: RawBody,
): Promise<WebhookEvent> {
  const body = bytesOf(rawBody);
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature").split(" ");
  const seconds = Number(timestamp);
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - seconds) > TOLERANCE_SECONDS) {
    throw new WebhookError(
      "bad_timestamp",
      "webhook-timestamp is more than five minutes off: a replayed message, or a clock that is wrong.",
    );
  }
  const given = signatures.flatMap((signature) => (signature.startsWith("v1,") ? fromBase64(signature.slice(3)) : []));
  const signed = signedBytes(id, timestamp, body);
  for (const one of [secret].flat()) {
    const key = await keyOf(one, "verify");
    for (const signature of given) {
      if (await crypto.subtle.verify("HMAC", key, signature, signed)) return parsed(body);
    }
  }
  throw new WebhookError(
    "no_signature_fits",
    "No signature fits: is the secret this webhook's, and the body untouched by a parser?",
  );
}

/**
 * The three headers that the API would send with this body: for the tests of a receiver.
 * @param at epoch milliseconds; now unless given
 * @throws WebhookError
 */
export async function signWebhook(
  secret: string,
  rawBody: RawBody,
  { id = "msg_test", at = Date.now() }: { id?: string; at?: number } = {},
): Promise<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>> {
  const timestamp = String(Math.floor(at / 1000));
  const key = await keyOf(secret, "sign");
  const signature = await crypto.subtle.sign("HMAC", key, signedBytes(id, timestamp, bytesOf(rawBody)));
  const text = btoa(String.fromCharCode(...new Uint8Array(signature)));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${text}` };
}

function header(headers: WebhookHeaders, name: string): string {
  const all: [string, unknown][] = isHeaders(headers) ? [[name, headers.get(name)]] : Object.entries(headers);
  const [, value] = all.find(([key]) => key.toLowerCase() === name) ?? [];
  const text: unknown = Array.isArray(value) ? value.join(" ") : value;
  if (typeof text !== "string" || !text) throw new WebhookError("missing_header", `The header ${name} is missing.`);
  return text;
}

/** Detected by its methods: a framework may have its own class. */
function isHeaders(headers: WebhookHeaders): headers is Headers {
  return typeof headers.get === "function";
}

/** The signed text is `id.timestamp.body`, of the bytes. */
function signedBytes(id: string, timestamp: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  return whole;
}

async function keyOf(secret: string, use: "sign" | "verify") {
  const [bytes] = fromBase64(secret.replace(/^whsec_/, ""));
  if (!bytes?.length)
    throw new WebhookError("bad_secret", "The secret is not one of a webhook: it begins with whsec_.");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [use]);
}

/** Empty when it is no Base64. */
function fromBase64(text: string): Uint8Array<ArrayBuffer>[] {
  try {
    return [Uint8Array.from(atob(text), (character) => character.charCodeAt(0))];
  } catch {
    return [];
  }
}

function bytesOf(body: RawBody): Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new Uint8Array(body);
  throw new WebhookError("parsed_body", "Give the body as it came, a string or bytes: a parser has been at this one.");
}

/** Taken at its word: the owner of the secret has signed it. */
function parsed(body: Uint8Array): WebhookEvent {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as WebhookEvent;
  } catch {
    throw new WebhookError("not_json", "The body is signed, and is no JSON.");
  }
}
