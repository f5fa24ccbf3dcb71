// The MCP server: one for each request, without a session, answering in JSON (Streamable HTTP, protocol 2025-11-25 and older).
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema, type CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Access, Caller } from "../edge/caller.ts";
import { errorFacts } from "../edge/http-errors.ts";
import type { HttpReply } from "../edge/http-event.ts";
import type { Tool, ToolResult } from "./tool.ts";
import { TOOLS } from "./tools.ts";

const INSTRUCTIONS =
  "Makes short videos from a picture and a prompt with Kling. The way: quote_video, then start_video with the quoted price as maxUsd, then wait_for_video until it is ready. Starting spends money; everything else is free. Never start again what may have been started: repeat the same call, or look into list_videos.";

interface McpRequest {
  method: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array<ArrayBuffer>;
  traceId: string;
  /** @throws RequestError 403 */
  callerFor: (access: Access) => Caller;
}

export async function answerMcp({ method, headers, body, traceId, callerFor }: McpRequest): Promise<HttpReply> {
  // The high-level class of the SDK would say what is wrong with arguments in its own words, and weighs 100 KB more.
  const server = new Server(
    { name: "kling-media", title: "Kling videos", version: "1.0.0" },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS.map(described) }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => called(params, { traceId, callerFor }));
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    const told = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    );
    const answer = await transport.handleRequest(
      new Request("http://mcp.invalid/mcp", { method, headers: told, body }),
    );
    return {
      statusCode: answer.status,
      headers: { ...Object.fromEntries(answer.headers), "cache-control": "no-store" },
      body: await answer.text(),
    };
  } finally {
    await server.close();
  }
}

function described({ name, title, description, inputSchema, readOnly }: Tool) {
  const hints = { title, readOnlyHint: readOnly, destructiveHint: name === "cancel_video", openWorldHint: true };
  return { name, title, description, inputSchema, annotations: { ...hints, idempotentHint: true } };
}

/** What went wrong is a result too: the model reads it and does better, or tells the person. */
async function called(
  { name, arguments: args = {} }: { name: string; arguments?: Record<string, unknown> | undefined },
  { traceId, callerFor }: Pick<McpRequest, "traceId" | "callerFor">,
): Promise<CallToolResult> {
  const found = TOOLS.find((it) => it.name === name);
  if (!found)
    return told(
      { text: `There is no tool ${name}. There are: ${TOOLS.map((it) => it.name).join(", ")}.`, data: {} },
      true,
    );
  try {
    return told(await found.call(args, callerFor));
  } catch (error) {
    const facts = await errorFacts(error instanceof Error ? error : new Error(String(error)), traceId);
    const { code, message, details, budget, retryAfterSeconds } = facts;
    const later = retryAfterSeconds === undefined ? "" : ` Try again in ${retryAfterSeconds} s.`;
    return told(
      { text: `${message}${later}`, data: { error: { code, message, details, budget, retryAfterSeconds, traceId } } },
      true,
    );
  }
}

function told({ text, links = [], data }: ToolResult, isError = false): CallToolResult {
  return {
    content: [{ type: "text", text }, ...links.map((link) => ({ type: "resource_link" as const, ...link }))],
    structuredContent: { ...data },
    ...(isError && { isError }),
  };
}
