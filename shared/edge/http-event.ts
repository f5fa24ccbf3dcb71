// What comes in through the HTTP API and what goes out: payload format 2.0.
import type { APIGatewayProxyEventV2WithRequestContext, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

interface RequestContext {
  requestId: string;
  http: { method: string };
  /** Of API Gateway's own JWT authorizer, or of ours (functions/api/authorize-caller.ts). */
  authorizer?: { jwt?: { claims?: Record<string, unknown> }; lambda?: Record<string, unknown> };
}
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<RequestContext>;

export type HttpReply = APIGatewayProxyStructuredResultV2;
