// What stands around a domain call on a warm function: middy and our wrappers, in microseconds for each call, beside the bare
// function. All in this process, in short blocks by turns.
import middy from "@middy/core";
import type { Context } from "aws-lambda";
import * as z from "zod";
import type { HttpEvent } from "../../shared/edge/http-event.ts";
import { enhanceRequest } from "../../shared/contract/enhance.ts";
import { generationRequested } from "../../shared/contract/generation-requested.ts";
import { mediaPath, watchQuery } from "../../shared/contract/reading.ts";
import { checkInput } from "../../shared/contract/steps.ts";
import { http, onEvent, reply, step } from "../../shared/edge/lambda.ts";
import { REQUEST } from "./start-path/recording.ts";
import { median, type Row } from "./table.ts";

const PART = "warm-overhead";
const CALLS_IN_A_BLOCK = 1000;
/** Blocks that are run and not counted: the compiler is at work. */
const WARM_UP_BLOCKS = 5;

const ID = "019b76da-a800-7000-8000-000000000001";
const REF = { tenantId: "acme", spaceId: "holiday", mediaId: ID };

const context: Context = {
  functionName: "bench",
  functionVersion: "$LATEST",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:bench",
  memoryLimitInMB: "1024",
  awsRequestId: "00000000-0000-4000-8000-000000000000",
  logGroupName: "/aws/lambda/bench",
  logStreamName: "bench",
  callbackWaitsForEmptyEventLoop: false,
  getRemainingTimeInMillis: () => 30_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

function httpEvent(method: string, path: string, rest: Partial<HttpEvent>): HttpEvent {
  return {
    version: "2.0",
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: "",
    headers: { "content-type": "application/json", host: "api.example" },
    requestContext: { requestId: "trace-1", http: { method } },
    isBase64Encoded: false,
    ...rest,
  };
}

/** The domain's part: nothing, so that all the rest is what stands around it. */
const REPLY = reply(200, { data: {} });
const answer = async () => REPLY;
const nothing = async () => ({ next: "wait" });

/** By its name in the table; each makes one call. */
export type Variants = ReadonlyMap<string, () => unknown>;

/** Exported for its test. */
export function variants(): Variants {
  const get = httpEvent("GET", `/api/spaces/holiday/media/${ID}`, {
    pathParameters: { spaceId: "holiday", id: ID },
    queryStringParameters: { sinceVersion: "3", waitSeconds: "20" },
  });
  const post = httpEvent("POST", REQUEST.path, { body: REQUEST.body });
  const requested = {
    id: "event-1",
    source: "shop",
    detail: { ...BODY.parse(JSON.parse(REQUEST.body)), tenantId: "acme" },
  };

  const middied = middy<HttpEvent, unknown>().handler(nothing);
  const getting = http(z.object({ path: mediaPath, query: watchQuery }), answer);
  const posting = http(z.object({ body: enhanceRequest }), answer);
  const stepping = step(checkInput, nothing);
  const hearing = onEvent(generationRequested, nothing);
  return new Map<string, () => unknown>([
    [BARE, () => nothing()],
    ["middy alone", () => middied(get, context)],
    ["http(), the path and query of a GET", () => getting(get, context)],
    ["http(), the body of enhance", () => posting(post, context)],
    ["step(), the input of check-status", () => stepping({ ...REF, lap: true }, context)],
    ["onEvent(), Generation Requested", () => hearing(requested, context)],
  ]);
}

const BARE = "bare function";
const BODY = z.looseObject({});

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  return rowsOf(await timings(variants(), quick ? 15 : 101));
}

/** Microseconds of a call, block by block. */
async function timings(all: Variants, blocks: number): Promise<Map<string, number[]>> {
  const taken = new Map([...all.keys()].map((name): [string, number[]] => [name, []]));
  for (let block = -WARM_UP_BLOCKS; block < blocks; block++) {
    for (const [name, call] of all) {
      const startedAt = performance.now();
      for (let made = 0; made < CALLS_IN_A_BLOCK; made++) await call();
      const microseconds = ((performance.now() - startedAt) * 1000) / CALLS_IN_A_BLOCK;
      if (block >= 0) taken.get(name)?.push(microseconds);
    }
  }
  return taken;
}

/** The table's rows. Exported for its test. */
export function rowsOf(taken: ReadonlyMap<string, number[]>): Row[] {
  const bare = median(taken.get(BARE) ?? []);
  return [...taken]
    .filter(([name]) => name !== BARE)
    .map(([name, microseconds]) => ({
      part: PART,
      what: `${name}, a call`,
      value: median(microseconds),
      unit: "us",
      beside: { what: BARE, value: bare },
      ratio: median(microseconds) / bare,
    }));
}
