// What comes in through the HTTP API and what goes out: payload format 2.0.
import type { APIGatewayProxyEventV2WithRequestContext, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

interface RequestContext {
  requestId: string;
  http: { method: string };
  /** Of API Gateway's own JWT authorizer, or of ours (functions/api/authorize-caller.ts). */
  authorizer?: { jwt?: { claims?: Record<string, unknown> }; lambda?: Record<string, unknown> };
}
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<RequestContext>;

/** Whether API Gateway sent it: a function may be called by its name with anything. */
export function isHttpEvent(event: unknown): boolean {
  if (typeof event !== "object" || event === null || !("requestContext" in event)) return false;
  const { requestContext } = event;
  return typeof requestContext === "object" && requestContext !== null && "http" in requestContext;
}

export type HttpReply = APIGatewayProxyStructuredResultV2;
