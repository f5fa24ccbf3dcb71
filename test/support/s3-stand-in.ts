// One bucket in memory, as S3 answers for what the store asks of it: whole and ranged objects, uploads in parts, links that are
// signed (their signature is verified) and end. Plain path-style addresses: /bucket/key.
import { createHash, createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";

interface StoredObject {
  bytes: Buffer;
  contentType: string;
  cacheControl?: string;
}
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export const S3_CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

export async function startS3StandIn(bucket: string, now: () => number = Date.now) {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Omit<StoredObject, "bytes"> & { key: string; parts: Map<number, Buffer> }>();
  const requests: { operation: string; key: string }[] = [];
  /** Called before each request is carried out; what it throws is S3's own failure. */
  const faults: { before: (operation: string) => void } = { before: () => {} };

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const body = await buffer(request);
    const refusal = url.searchParams.has("X-Amz-Signature")
      ? refusedLink(request, url, now())
      : /^AWS4-HMAC-SHA256 Credential=/.test(request.headers.authorization ?? "")
        ? undefined
        : xmlError(403, "AccessDenied");
    if (refusal) return refusal;
    if (!url.pathname.startsWith(`/${bucket}/`)) return xmlError(404, "NoSuchBucket");
    if (/aws-chunked/.test(request.headers["content-encoding"] ?? "")) return xmlError(501, "NotImplemented");

    const key = url.pathname.slice(bucket.length + 2);
    const operation = operationOf(request.method ?? "", url.searchParams);
    requests.push({ operation, key });
    faults.before(operation);
    // A presigned place asks nobody for a checksum: S3 makes its own.
    if (!url.searchParams.has("X-Amz-Signature") && !intact(request, body)) return xmlError(400, "BadDigest");
    const contentType = request.headers["content-type"] ?? "binary/octet-stream";
    const cacheControl = request.headers["cache-control"];
    const uploadId = url.searchParams.get("uploadId") ?? "";

    switch (operation) {
      case "PutObject":
        objects.set(key, { bytes: body, contentType, cacheControl });
        return { status: 200, headers: { etag: etagOf(body) } };
      case "GetObject":
      case "HeadObject":
        return objectAnswer(objects.get(key), request.headers.range, operation === "HeadObject");
      case "ListBucket": {
        const keys = [...objects.keys()].filter((it) => it.startsWith(url.searchParams.get("prefix") ?? ""));
        const contents = keys.map((it) => `<Contents><Key>${it}</Key></Contents>`).join("");
        return xml(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
      }
      case "DeleteObject":
        objects.delete(key);
        return { status: 204 };
      case "CreateMultipartUpload": {
        const id = randomUUID();
        uploads.set(id, { key, contentType, cacheControl, parts: new Map() });
        return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
      }
      case "UploadPart": {
        const upload = uploads.get(uploadId);
        if (!upload) return xmlError(404, "NoSuchUpload");
        upload.parts.set(Number(url.searchParams.get("partNumber")), body);
        return { status: 200, headers: { etag: etagOf(body) } };
      }
      case "CompleteMultipartUpload": {
        const upload = uploads.get(uploadId);
        if (!upload) return xmlError(404, "NoSuchUpload");
        const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) => Number(n));
        const parts = named.map((n) => upload.parts.get(n) ?? Buffer.alloc(0));
        const small = parts.slice(0, -1).some((part) => part.length < 5 * 1024 * 1024);
        if (small) return xmlError(400, "EntityTooSmall");
        const { contentType, cacheControl } = upload;
        objects.set(upload.key, { bytes: Buffer.concat(parts), contentType, cacheControl });
        uploads.delete(uploadId);
        return xml(`<CompleteMultipartUploadResult><Key>${upload.key}</Key></CompleteMultipartUploadResult>`);
      }
      case "AbortMultipartUpload":
        uploads.delete(uploadId);
        return { status: 204 };
      default:
        return xmlError(405, "MethodNotAllowed");
    }
  }

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => xmlError(500, error instanceof Error ? error.message : "InternalError"))
      .then(({ status, headers, body }) => {
        response.writeHead(status, { "content-length": Buffer.byteLength(body ?? ""), ...headers });
        response.end(request.method === "HEAD" ? undefined : body);
      })
      .catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    objects,
    /** Begun and neither completed nor aborted. */
    uploads,
    requests,
    faults,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The operation's name in the S3 API, which is its IAM action in most cases. */
export function operationOf(method: string, query: URLSearchParams): string {
  if (query.has("list-type")) return "ListBucket";
  if (query.has("uploads")) return "CreateMultipartUpload";
  if (query.has("uploadId")) {
    return (
      { PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" }[method] ?? "ListParts"
    );
  }
  const plain = { PUT: "PutObject", GET: "GetObject", HEAD: "HeadObject", DELETE: "DeleteObject" };
  return Object.entries(plain).find(([it]) => it === method)?.[1] ?? "Unknown";
}

function objectAnswer(object: StoredObject | undefined, range: string | undefined, head: boolean): Answer {
  if (!object) return head ? { status: 404 } : xmlError(404, "NoSuchKey");
  const { bytes, contentType, cacheControl } = object;
  const headers: Record<string, string> = {
    "content-type": contentType,
    "accept-ranges": "bytes",
    etag: etagOf(bytes),
    ...(cacheControl !== undefined && { "cache-control": cacheControl }),
  };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined) {
    return { status: 200, headers: { ...headers, "content-length": String(bytes.length) }, body: bytes };
  }
  if (Number(first) >= bytes.length) return xmlError(416, "InvalidRange");
  const end = Math.min(last ? Number(last) : bytes.length, bytes.length - 1);
  return {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${first}-${end}/${bytes.length}` },
    body: bytes.subarray(Number(first), end + 1),
  };
}

/** Whoever sends bytes says their checksum, and S3 refuses what was changed on the way (AWS: "Checking object integrity"). */
function intact({ method, headers }: IncomingMessage, body: Buffer): boolean {
  if (method !== "PUT") return true;
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return headers["x-amz-checksum-crc32"] === sum.toString("base64");
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function refusedLink(request: IncomingMessage, url: URL, now: number): Answer | undefined {
  const query = Object.fromEntries(url.searchParams);
  const { "X-Amz-Date": date = "", "X-Amz-Expires": seconds = "", "X-Amz-Credential": credential = "" } = query;
  const signed = query["X-Amz-SignedHeaders"] ?? "";
  const time = date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z");
  if (!(Date.parse(time) + Number(seconds) * 1000 > now)) return xmlError(403, "AccessDenied");

  const [, day = "", region = "", service = ""] = credential.split("/");
  const canonicalQuery = Object.entries(query)
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join("&");
  const headers = signed.split(";").map((name) => `${name}:${String(request.headers[name])}\n`);
  const canonical = [request.method, url.pathname, canonicalQuery, headers.join(""), signed, "UNSIGNED-PAYLOAD"].join(
    "\n",
  );
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${S3_CREDENTIALS.secretAccessKey}`,
  );
  const right = createHmac("sha256", key).update(text).digest("hex");
  return right === query["X-Amz-Signature"] ? undefined : xmlError(403, "SignatureDoesNotMatch");
}

const escaped = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
const etagOf = (bytes: Buffer) => `"${createHash("md5").update(bytes).digest("hex")}"`;
const xml = (body: string): Answer => ({ status: 200, headers: { "content-type": "application/xml" }, body });

function xmlError(status: number, code: string): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}
