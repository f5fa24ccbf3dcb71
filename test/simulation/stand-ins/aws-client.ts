// How we call AWS, the product's own numbers over a handler without a socket.
import { Readable } from "node:stream";
import { AWS_CLIENT as REAL } from "../../../shared/services/aws-client.ts";
import { theWorld } from "../link.ts";
import type { HttpCall } from "../simulated-aws.ts";

const ignore = () => {};

/** What the SDK would look for in the environment, in files and from the machine it runs on, for each client of each life. */
const KNOWN = {
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
  defaultsMode: "standard" as const,
  retryMode: "standard",
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: "simulation",
  accountIdEndpointMode: "disabled" as const,
};

export const AWS_CLIENT = {
  ...REAL,
  requestHandler: {
    ...REAL.requestHandler,
    /** @param this the handler as a service may have changed it (S3 waits longer) */
    async handle(this: { requestTimeout: number }, call: HttpCall) {
      const answer = await theWorld().aws.call(call, this.requestTimeout);
      // S3 streams its answers; the others are read as a whole, which is faster for bytes that are there.
      const streams = call.headers["x-amz-target"] === undefined;
      return { response: streams ? { ...answer, body: Readable.from([answer.body]) } : answer };
    },
  },
  ...KNOWN,
  // The SDK's own would copy and clean every input and output, to throw them away.
  logger: { trace: ignore, debug: ignore, warn: ignore, error: ignore },
  // Signatures are not checked here, and they cost a fifth of a call. Links are signed by another client.
  signer: { sign: async (request: HttpCall) => unsigned(request) },
};

function unsigned(request: HttpCall): HttpCall {
  request.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none";
  request.headers["x-amz-date"] = "20260101T000000Z";
  return request;
}
