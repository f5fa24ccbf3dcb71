// Signature Version 4 as S3 verifies it, in the header of a request or in the query of a link.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface Refusal {
  status: number;
  code: string;
  message: string;
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A link lives a week at most (API reference, "Authenticating Requests: Using Query Parameters", X-Amz-Expires). */
const LONGEST_LINK_SECONDS = 604_800;
/** A signed request is refused when its date differs by more (S3 error codes, RequestTimeTooSkewed). */
const SKEW_MS = 15 * 60_000;

/**
 * Why S3 would refuse this request before it looks at what is asked; undefined for one that is rightly signed.
 * @param now epoch milliseconds by which links end; a header's date is held against this machine's clock, as the SDK signs by it
 */
export function refusedSignature(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
  { credentials, now }: { credentials: Credentials; now: number },
): Refusal | undefined {
  const byLink = [...url.searchParams.keys()].some((name) => name.startsWith("X-Amz-"));
  const signed = byLink ? signedLink(url) : signedHeader(request);
  if (!signed) return denied("This bucket is private: the request carries no signature.");
  if ("status" in signed) return signed;
  const { credential, date, signedHeaders, signature, payload } = signed;

  const [accessKeyId = "", day = "", region = "", service = "", end = ""] = credential.split("/");
  if (accessKeyId !== credentials.accessKeyId) {
    return { status: 403, code: "InvalidAccessKeyId", message: "This access key does not exist." };
  }
  if (!date.startsWith(day) || service !== "s3" || end !== "aws4_request") {
    return malformed(byLink, "The credential's scope must be <key>/<day of the date>/<region>/s3/aws4_request.");
  }
  const time = Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (signed.expires !== undefined) {
    if (time - SKEW_MS > now) return denied("Request is not yet valid");
    if (time + signed.expires * 1000 <= now) return denied("Request has expired");
  } else if (!(Math.abs(time - Date.now()) <= SKEW_MS)) {
    return { status: 403, code: "RequestTimeTooSkewed", message: "The request's date is over 15 minutes off." };
  }

  // Every x-amz- header has to be among the signed ones, and the host always.
  const sent = Object.keys(request.headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  const unsigned = sent.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) return denied(`There were headers present which were not signed: ${unsigned.join(", ")}`);

  const query = [...url.searchParams]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join("&");
  const headers = signedHeaders.map((name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`).join("");
  const canonical = [request.method, url.pathname, query, headers, signedHeaders.join(";"), payload].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const right = createHmac("sha256", key).update(text).digest();
  const given = Buffer.from(signature, "hex");
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    return { status: 403, code: "SignatureDoesNotMatch", message: `The signature is not that of: ${canonical}` };
  }
  if (payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(body)) {
    const message = "The body is not the one whose SHA-256 was signed.";
    return { status: 400, code: "XAmzContentSHA256Mismatch", message };
  }
  return undefined;
}

interface Signed {
  credential: string;
  date: string;
  signedHeaders: string[];
  signature: string;
  /** SHA-256 of the body in hex, or that it is not signed. */
  payload: string;
  /** Seconds that a link lives. */
  expires?: number;
}

function signedLink(url: URL): Signed | Refusal {
  const query = Object.fromEntries(url.searchParams);
  const { "X-Amz-Algorithm": algorithm, "X-Amz-Expires": seconds = "" } = query;
  const { "X-Amz-Credential": credential, "X-Amz-Date": date, "X-Amz-Signature": signature } = query;
  const signedHeaders = query["X-Amz-SignedHeaders"]?.split(";");
  if (algorithm !== "AWS4-HMAC-SHA256" || !credential || !date || !signature || !signedHeaders) {
    return malformed(
      true,
      "A link needs X-Amz-Algorithm, -Credential, -Signature, -Date, -SignedHeaders and -Expires.",
    );
  }
  const expires = Number(seconds);
  if (!/^\d+$/.test(seconds) || expires < 1 || expires > LONGEST_LINK_SECONDS) {
    return malformed(true, `X-Amz-Expires must be between 1 and ${LONGEST_LINK_SECONDS} seconds.`);
  }
  return { credential, date, signedHeaders, signature, expires, payload: "UNSIGNED-PAYLOAD" };
}

function signedHeader({ headers }: IncomingMessage): Signed | Refusal | undefined {
  if (headers.authorization === undefined) return undefined;
  const [, credential, list, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization,
    ) ?? [];
  if (!credential || !list || !signature) return malformed(false, "The Authorization header cannot be read.");
  const payload = headers["x-amz-content-sha256"];
  if (typeof payload !== "string") {
    return { status: 400, code: "MissingSecurityHeader", message: "x-amz-content-sha256 is missing." };
  }
  const date = String(headers["x-amz-date"] ?? "");
  return { credential, date, signedHeaders: list.split(";"), signature, payload };
}

const denied = (message: string): Refusal => ({ status: 403, code: "AccessDenied", message });
const malformed = (byLink: boolean, message: string): Refusal => ({
  status: 400,
  code: byLink ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed",
  message,
});
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
