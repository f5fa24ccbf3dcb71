// One bucket in memory that refuses what S3 refuses: signatures, checksums, parts, conditions, ranges. Each rule is that of S3's API
// reference, whose sentences stand in the SDK too (@aws-sdk/client-s3, dist-types). Plain path-style addresses: /bucket/key.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";
import { refusedSignature } from "./s3-signature.ts";

interface StoredObject {
  bytes: Buffer;
  contentType: string;
  cacheControl?: string;
  /** `x-amz-meta-...`, by their whole names. */
  metadata?: Record<string, string>;
  /** The MD5 of its bytes unless it came in parts. */
  etag?: string;
  /** As it is told to readers who ask for it. */
  checksum?: Checksum;
}
interface Checksum {
  /** `crc32` */
  algorithm: string;
  /** In base64; of an object in parts, the checksum of their checksums and how many they are. */
  value: string;
}
interface Part {
  bytes: Buffer;
  etag: string;
  checksum?: Checksum;
}
interface Upload {
  key: string;
  contentType: string;
  cacheControl?: string;
  /** As CreateMultipartUpload named it; without one, the parts' checksums are checked and forgotten. */
  algorithm?: string;
  parts: Map<number, Part>;
}
interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Amazon S3 User Guide, "Amazon S3 multipart upload limits". */
const SMALLEST_PART_BYTES = 5 * 1024 * 1024;
const LAST_PART_NUMBER = 10_000;
/** ListObjectsV2, MaxKeys. */
const PAGE_KEYS = 1000;

export const S3_CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

export async function startS3StandIn(bucket: string, now: () => number = Date.now) {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Upload>();
  const requests: { operation: string; key: string }[] = [];
  /** Called before each request is carried out; what it throws is S3's own failure. */
  const faults: { before: (operation: string) => void } = { before: () => {} };

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const body = await buffer(request);
    const refusal = refusedSignature(request, url, body, { credentials: S3_CREDENTIALS, now: now() });
    if (refusal) return xmlError(refusal.status, refusal.code, refusal.message);
    if (!url.pathname.startsWith(`/${bucket}/`)) return xmlError(404, "NoSuchBucket", "There is no such bucket.");

    const key = url.pathname.slice(bucket.length + 2);
    const operation = operationOf(request.method ?? "", url.searchParams);
    requests.push({ operation, key });
    faults.before(operation);
    return carryOut(operation, { key, body, headers: request.headers, query: url.searchParams });
  }

  function carryOut(operation: string, { key, body, headers, query }: Asked): Answer {
    const upload = uploads.get(query.get("uploadId") ?? "");
    switch (operation) {
      case "PutObject":
        return putObject(key, body, headers);
      case "GetObject":
      case "HeadObject":
        return objectAnswer(objects.get(key), { headers, query, isHead: operation === "HeadObject" });
      case "ListBucket":
        return listAnswer([...objects.keys()], query);
      case "DeleteObject":
        objects.delete(key);
        return { status: 204 };
      case "CreateMultipartUpload": {
        const id = randomUUID();
        const algorithm = header(headers, "x-amz-checksum-algorithm")?.toLowerCase();
        uploads.set(id, { key, ...kindOf(headers), ...(algorithm !== undefined && { algorithm }), parts: new Map() });
        const { status, body: text } = xml(
          `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
        );
        return {
          status,
          body: text,
          headers: algorithm ? { "x-amz-checksum-algorithm": algorithm.toUpperCase() } : {},
        };
      }
      case "UploadPart":
        return upload?.key === key ? uploadPart(upload, query, body, headers) : NO_SUCH_UPLOAD;
      case "CompleteMultipartUpload": {
        if (upload?.key !== key) return NO_SUCH_UPLOAD;
        const met = refusedCondition(headers, objects.has(key)) ?? completed(upload, body.toString());
        if ("status" in met) return met;
        objects.set(key, met);
        uploads.delete(query.get("uploadId") ?? "");
        return xml(
          `<CompleteMultipartUploadResult><Key>${key}</Key><ETag>${met.etag}</ETag></CompleteMultipartUploadResult>`,
        );
      }
      case "AbortMultipartUpload":
        return uploads.delete(query.get("uploadId") ?? "") ? { status: 204 } : NO_SUCH_UPLOAD;
      default:
        return xmlError(405, "MethodNotAllowed", `This stand-in knows no ${operation}.`);
    }
  }

  function putObject(key: string, body: Buffer, headers: IncomingHttpHeaders): Answer {
    const checked = checkedBody(body, headers);
    if ("status" in checked) return checked;
    const refusal = refusedCondition(headers, objects.has(key));
    if (refusal) return refusal;
    const { checksum } = checked;
    objects.set(key, { bytes: body, ...kindOf(headers), ...(checksum && { checksum }) });
    return { status: 200, headers: { etag: md5(body), ...checksumHeaders(checksum) } };
  }

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => xmlError(500, error instanceof Error ? error.message : "InternalError", ""))
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

interface Asked {
  key: string;
  body: Buffer;
  headers: IncomingHttpHeaders;
  query: URLSearchParams;
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

/**
 * A sender may say the body's checksum in one algorithm, and S3 refuses what was changed on the way (User Guide, "Checking object
 * integrity"). A body in chunks with trailers, which S3 knows too, nothing of ours sends: it is not read here.
 */
function checkedBody(body: Buffer, headers: IncomingHttpHeaders): { checksum?: Checksum } | Answer {
  if (headers["content-length"] === undefined) {
    return xmlError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  if (/aws-chunked/.test(headers["content-encoding"] ?? "")) {
    return xmlError(501, "NotImplemented", "This stand-in reads no body in chunks.");
  }
  const said = Object.keys(headers).flatMap(
    (name) => /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/.exec(name)?.[1] ?? [],
  );
  const [algorithm] = said;
  const announced = header(headers, "x-amz-sdk-checksum-algorithm")?.toLowerCase();
  if (said.length > 1) {
    return xmlError(
      400,
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  if (announced !== undefined && announced !== algorithm) {
    return xmlError(
      400,
      "InvalidRequest",
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* header.",
    );
  }
  if (algorithm === undefined) return {};
  const value = checksumOf(body, algorithm);
  if (header(headers, `x-amz-checksum-${algorithm}`) !== value) {
    return xmlError(
      400,
      "BadDigest",
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
  }
  return { checksum: { algorithm, value } };
}

function uploadPart(upload: Upload, query: URLSearchParams, body: Buffer, headers: IncomingHttpHeaders): Answer {
  const number = Number(query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > LAST_PART_NUMBER) {
    return xmlError(
      400,
      "InvalidArgument",
      `Part number must be an integer between 1 and ${LAST_PART_NUMBER}, inclusive`,
    );
  }
  const checked = checkedBody(body, headers);
  if ("status" in checked) return checked;
  const { checksum } = checked;
  if (upload.algorithm !== undefined && checksum?.algorithm !== upload.algorithm) {
    return xmlError(
      400,
      "InvalidRequest",
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${checksum?.algorithm ?? "null"}`,
    );
  }
  const etag = md5(body);
  upload.parts.set(number, { bytes: body, etag, ...(checksum && { checksum }) });
  return { status: 200, headers: { etag, ...checksumHeaders(checksum) } };
}

/** CompleteMultipartUpload, "Special errors", and CompletedPart, `PartNumber` and `ChecksumCRC32`. */
function completed(upload: Upload, body: string): StoredObject | Answer {
  const named = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => ({
    number: Number(/<PartNumber>(\d+)<\/PartNumber>/.exec(part)?.[1]),
    etag: /<ETag>(.*?)<\/ETag>/.exec(part)?.[1]?.replaceAll("&quot;", '"'),
    checksum: /<Checksum(?<algorithm>\w+)>(?<value>.*?)<\/Checksum/.exec(part)?.groups,
  }));
  if (named.length === 0 || named.some(({ number, etag }) => Number.isNaN(number) || etag === undefined)) {
    return xmlError(
      400,
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  const { algorithm } = upload;
  // With checksums the numbers begin at 1 and leave none out; without, they only have to ascend.
  const inOrder = named.every(({ number }, n) => (algorithm ? number === n + 1 : number > (named[n - 1]?.number ?? 0)));
  if (!inOrder) return xmlError(400, "InvalidPartOrder", "The list of parts was not in ascending order.");

  const parts: Part[] = [];
  for (const { number, etag, checksum } of named) {
    const part = upload.parts.get(number);
    if (part?.etag !== etag || !part) return invalidPart(`part ${number} is not there, or has another ETag`);
    if (algorithm === undefined && checksum) {
      return invalidPart(
        `part ${number} is named with a checksum, and CreateMultipartUpload named no checksum algorithm: name it there`,
      );
    }
    if (algorithm !== undefined && !checksum) {
      return xmlError(
        400,
        "InvalidRequest",
        `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      );
    }
    if (
      checksum &&
      (checksum["algorithm"]?.toLowerCase() !== algorithm || checksum["value"] !== part.checksum?.value)
    ) {
      return invalidPart(`part ${number} has another checksum`);
    }
    parts.push(part);
  }
  if (parts.slice(0, -1).some(({ bytes }) => bytes.length < SMALLEST_PART_BYTES)) {
    return xmlError(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  }
  const { contentType, cacheControl } = upload;
  const composite = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum?.value ?? "", "base64")));
  return {
    bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    contentType,
    ...(cacheControl !== undefined && { cacheControl }),
    etag: md5(Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.slice(1, -1), "hex"))), `-${parts.length}`),
    ...(algorithm !== undefined && {
      checksum: { algorithm, value: `${checksumOf(composite, algorithm)}-${parts.length}` },
    }),
  };
}

/** A conditional write (User Guide, "Add preconditions to S3 operations"): `*` is the only value of If-None-Match. */
function refusedCondition(headers: IncomingHttpHeaders, exists: boolean): Answer | undefined {
  const condition = headers["if-none-match"];
  if (condition === undefined) return undefined;
  if (condition !== "*") {
    return xmlError(501, "NotImplemented", "A header you provided implies functionality that is not implemented");
  }
  return exists
    ? xmlError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    : undefined;
}

/** GetObject: one range, of bytes; what cannot be read as one is ignored. `response-*` in a signed query overrides a header. */
function objectAnswer(
  object: StoredObject | undefined,
  { headers: asked, query, isHead }: { headers: IncomingHttpHeaders; query: URLSearchParams; isHead: boolean },
): Answer {
  if (!object) return isHead ? { status: 404 } : xmlError(404, "NoSuchKey", "The specified key does not exist.");
  const { bytes, contentType, cacheControl, metadata, etag = md5(bytes), checksum } = object;
  const wantsChecksum = "ENABLED" === (header(asked, "x-amz-checksum-mode") ?? query.get("x-amz-checksum-mode"));
  const overridden = ["content-type", "content-disposition", "cache-control"].flatMap((name) => {
    const value = query.get(`response-${name}`);
    return value === null ? [] : [[name, value]];
  });
  const headers: Record<string, string> = {
    ...metadata,
    "content-type": contentType,
    "accept-ranges": "bytes",
    etag,
    ...(cacheControl !== undefined && { "cache-control": cacheControl }),
    ...Object.fromEntries(overridden),
  };
  if (asked["if-none-match"] === etag) return { status: 304, headers };
  if (asked["if-match"] !== undefined && asked["if-match"] !== etag) {
    return xmlError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  const range = rangeIn(asked.range, bytes.length);
  if (range === undefined) {
    const whole = {
      ...headers,
      ...(wantsChecksum && checksumHeaders(checksum)),
      "content-length": String(bytes.length),
    };
    return { status: 200, headers: whole, body: bytes };
  }
  if (range === "behind the end") return xmlError(416, "InvalidRange", "The requested range is not satisfiable");
  const { first, last } = range;
  return {
    status: 206,
    headers: {
      ...headers,
      "content-range": `bytes ${first}-${last}/${bytes.length}`,
      "content-length": String(last + 1 - first),
    },
    body: bytes.subarray(first, last + 1),
  };
}

function rangeIn(
  range: string | undefined,
  size: number,
): { first: number; last: number } | "behind the end" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (from === "")
    return Number(to) === 0 ? "behind the end" : { first: Math.max(0, size - Number(to)), last: size - 1 };
  const [first, last] = [Number(from), to === "" ? size - 1 : Math.min(Number(to), size - 1)];
  if (to !== "" && Number(to) < first) return undefined;
  return first >= size ? "behind the end" : { first, last };
}

/** In the order of their UTF-8 bytes, a page at a time. */
function listAnswer(all: string[], query: URLSearchParams): Answer {
  const [prefix, after] = [query.get("prefix") ?? "", query.get("continuation-token") ?? ""];
  const keys = all.filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, Math.min(Number(query.get("max-keys") ?? PAGE_KEYS), PAGE_KEYS));
  const isTruncated = page.length < keys.length;
  const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
  const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
  return xml(`<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${next}${contents}</ListBucketResult>`);
}

function kindOf(headers: IncomingHttpHeaders): Pick<StoredObject, "contentType" | "cacheControl" | "metadata"> {
  const cacheControl = headers["cache-control"];
  return {
    contentType: headers["content-type"] ?? "binary/octet-stream",
    ...(cacheControl !== undefined && { cacheControl }),
    metadata: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith("x-amz-meta-") && typeof value === "string" ? [[name, value]] : [],
      ),
    ),
  };
}

/** @throws Error for an algorithm that nothing of ours sends */
function checksumOf(bytes: Buffer, algorithm: string): string {
  if (algorithm === "sha1" || algorithm === "sha256") return createHash(algorithm).update(bytes).digest("base64");
  if (algorithm !== "crc32") throw new Error(`This stand-in cannot compute ${algorithm}.`);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}

function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {};
  const { algorithm, value } = checksum;
  return {
    [`x-amz-checksum-${algorithm}`]: value,
    "x-amz-checksum-type": value.includes("-") ? "COMPOSITE" : "FULL_OBJECT",
  };
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join() : value;
}

const md5 = (bytes: Buffer, parts = "") => `"${createHash("md5").update(bytes).digest("hex")}${parts}"`;
const xml = (body: string): Answer => ({ status: 200, headers: { "content-type": "application/xml" }, body });

function xmlError(status: number, code: string, message: string): Answer {
  const text = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

const NO_SUCH_UPLOAD = xmlError(
  404,
  "NoSuchUpload",
  "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
);
const invalidPart = (why: string) =>
  xmlError(400, "InvalidPart", `One or more of the specified parts could not be found: ${why}.`);
