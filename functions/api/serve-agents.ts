// POST /mcp: the tools of agents, by the Model Context Protocol. GET and DELETE are of sessions, of which there are none.
import * as z from "zod/mini";
import { AGENTS_API } from "../../shared/edge/agents-api.ts";
import { RequestError } from "../../shared/edge/http-errors.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { answerMcp } from "../../shared/mcp/server.ts";

const BODY_MAX_BYTES = 1024 * 1024;

export const handler = http(
  z.object({}),
  async (_, { method, headers, traceId, rawBody, caller }) => {
    // Whatever it does, a caller of agents may read; the tools that write ask for more.
    caller("read");
    if (method !== "POST")
      return reply(405, { error: "Use POST.", code: "method_not_allowed", traceId }, { allow: "POST" });
    const body = new Uint8Array(rawBody());
    if (body.length > BODY_MAX_BYTES) throw new RequestError(413, "body_too_large", "The body is larger than 1 MB.");
    return answerMcp({ method, headers, body, traceId, callerFor: caller });
  },
  AGENTS_API,
);
