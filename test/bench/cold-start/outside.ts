// What a function talks to at its first call, without waiting: a table, Step Functions, a bus, a bucket, fal and the web, and a note of every call.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { marshall } from "@aws-sdk/util-dynamodb";
import sharp from "sharp";
import * as z from "zod";
import type { ApiKey } from "../../../shared/access/api-key.ts";
import { newKeyItem } from "../../../shared/adapters/dynamo-api-keys.ts";
import { newMediaItem } from "../../../shared/adapters/media-item.ts";
import type { Media } from "../../../shared/media/media.ts";
import { MEDIA_TABLE } from "../../../stacks/blueprint/tables.ts";
import { executionArn } from "../../../stacks/local/aws/arns.ts";
import { openDynamoDb } from "../../../stacks/local/aws/dynamodb.ts";
import { ROOT } from "../../../stacks/offline/platform.ts";
import { startS3StandIn } from "../../support/s3-stand-in.ts";
import { WebhookSigner } from "../../support/signed-webhooks.ts";

/** One call of a function, as a bare handler can make it again. Calls that were under way together have one `turn`. */
export interface OutsideCall {
  turn: number;
  /** `DynamoDB_20120810.GetItem`; absent for fal and the web. */
  target?: string;
  method: string;
  url: string;
  body: string;
}

export type Outside = Awaited<ReturnType<typeof startOutside>>;

export const BUCKET = "media-files";
const SAMPLES = path.join(ROOT, "stacks/local/samples");

export async function startOutside() {
  let dynamoDb = await openDynamoDb();
  const s3 = await startS3StandIn(BUCKET);
  const signer = new WebhookSigner();
  const files: Record<string, Buffer> = {
    "/picture.jpg": await sharp({ create: { width: 1600, height: 900, channels: 3, background: "#3377aa" } })
      .jpeg()
      .toBuffer(),
    "/video.mp4": await readFile(path.join(SAMPLES, "placeholder-16x9-5s.mp4")),
    "/frame.jpg": await readFile(path.join(SAMPLES, "placeholder-16x9.jpg")),
  };
  const calls: OutsideCall[] = [];
  let [turn, underWay] = [0, 0];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (underWay++ === 0) turn++;
    const { method = "", url = "" } = request;
    const body = await buffer(request);
    const target = request.headersDistinct["x-amz-target"]?.[0];
    calls.push({ turn, method, url: origin + url, body: body.toString(), ...(target !== undefined && { target }) });
    if (target?.startsWith("DynamoDB_")) {
      const headers = { "x-amz-target": target, authorization: AUTHORIZATION, "x-amz-date": "20260101T000000Z" };
      const found = await dynamoDb.handle({ headers: { "content-type": AWS_JSON, ...headers }, body });
      response.writeHead(found.statusCode, { "content-type": AWS_JSON }).end(found.body);
    } else if (target !== undefined) {
      response.writeHead(200, { "content-type": AWS_JSON }).end(JSON.stringify(awsAnswer(target)));
    } else {
      const { pathname } = new URL(url, origin);
      const file = files[pathname];
      if (file) response.writeHead(200, { "content-length": file.length }).end(file);
      else json(response, pathname.endsWith("/jwks.json") ? [200, signer.jwks()] : falAnswer(method, pathname, origin));
    }
  }

  const server = createServer((request, response) => {
    response.on("close", () => underWay--);
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const origin = `http://127.0.0.1:${port}`;

  return {
    origin,
    s3,
    signer,
    /** A new table with this record and this key in it, the picture in the bucket under these keys, and no calls. */
    async prepare(media: Media, key: ApiKey, pictures: readonly string[]): Promise<void> {
      const bytes = files["/picture.jpg"] ?? Buffer.alloc(0);
      s3.objects.clear();
      const metadata = { "x-amz-meta-tenant": media.tenantId, "x-amz-meta-context": "The waves roll in." };
      for (const key of pictures) s3.objects.set(key, { bytes, contentType: "image/jpeg", metadata });
      await dynamoDb.close();
      dynamoDb = await openDynamoDb();
      const headers = { "x-amz-target": "DynamoDB_20120810.PutItem", authorization: AUTHORIZATION };
      for (const item of [newMediaItem(media), newKeyItem(key)]) {
        const put = { TableName: MEDIA_TABLE.name, Item: marshall(item, { removeUndefinedValues: true }) };
        await dynamoDb.handle({
          headers: { "content-type": AWS_JSON, "x-amz-date": "20260101T000000Z", ...headers },
          body: Buffer.from(JSON.stringify(put)),
        });
      }
      calls.length = s3.requests.length = turn = 0;
    },
    calls,
    async close(): Promise<void> {
      server.close().closeAllConnections();
      await s3.close();
      await dynamoDb.close();
    },
  };
}

const AWS_JSON = "application/x-amz-json-1.0";
const AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none";

function awsAnswer(target: string): object {
  switch (target) {
    case "AWSEvents.PutEvents":
      return { FailedEntryCount: 0, Entries: [{ EventId: "event-1" }] };
    case "AWSStepFunctions.StartExecution":
      return { executionArn: executionArn("e1"), startDate: 1_767_225_600 };
    default:
      return { executionArn: executionArn("e1"), stateMachineArn: "", status: "RUNNING", startDate: 1_767_225_600 };
  }
}

/** Kling is still at it when it is looked at, and has a result when it is asked for one; fal's other models are done at once. */
function falAnswer(method: string, pathname: string, origin: string): [number, object] {
  if (method === "POST") return [200, { status: "IN_QUEUE", request_id: "r1", queue_position: 0 }];
  if (method === "PUT") return [202, { status: "CANCELLATION_REQUESTED" }];
  if (pathname.endsWith("/by-endpoint")) return [200, { items: [] }];
  if (pathname.endsWith("/status")) {
    return pathname.includes("kling") ? [202, { status: "IN_PROGRESS" }] : [200, { status: "COMPLETED" }];
  }
  const [video, images] = [{ url: `${origin}/video.mp4` }, [{ url: `${origin}/frame.jpg` }]];
  return [200, { video, images, output: "Waves at a beach." }];
}

function json(response: ServerResponse, [status, body]: [number, object]): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
