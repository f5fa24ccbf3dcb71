// EventBridge's API destinations on this machine: an event becomes a request to a partner's HTTP endpoint.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { apiDestinationArn, connectionArn } from "./arns.ts";
import { AwsError, parseInput } from "./aws-error.ts";
import { keptJson } from "../kept-json.ts";

/** "API destinations ... must respond within 5 seconds" (AWS: "API destinations as targets"). */
const TIMEOUT_MS = 5000;

const NAME = z.string().regex(/^[.\w-]{1,64}$/);
const CREATE_CONNECTION = z.object({
  Name: NAME,
  AuthorizationType: z.enum(["API_KEY", "BASIC"], { error: "the local bus knows API_KEY and BASIC" }),
  AuthParameters: z.object({
    ApiKeyAuthParameters: z.object({ ApiKeyName: z.string(), ApiKeyValue: z.string() }).optional(),
    BasicAuthParameters: z.object({ Username: z.string(), Password: z.string() }).optional(),
  }),
});
const CREATE_DESTINATION = z.object({
  Name: NAME,
  ConnectionArn: z.string(),
  // AWS takes https only; on this machine a listener without a certificate is enough.
  InvocationEndpoint: z.url({ protocol: /^https?$/ }),
  HttpMethod: z.enum(["POST", "PUT", "PATCH"]),
});
const KEPT = z.object({
  connections: z.array(z.object({ arn: z.string(), name: z.string(), header: z.tuple([z.string(), z.string()]) })),
  destinations: z.array(
    z.object({ arn: z.string(), name: z.string(), connection: z.string(), endpoint: z.string(), method: z.string() }),
  ),
});

/** How a call ended, in EventBridge's words for a dead letter. */
export interface CallFailure {
  code: string;
  message: string;
  /** Whether another try may succeed: not after a 4xx but 401, 407, 409 and 429 (AWS: "API destinations as targets"). */
  passing: boolean;
}

export interface ApiDestinations {
  has(arn: string): boolean;
  /** Sends the event; undefined when it was taken. */
  call(arn: string, event: unknown): Promise<CallFailure | undefined>;
  operations: Record<string, (request: unknown) => unknown>;
}

export async function openApiDestinations(directory: string): Promise<ApiDestinations> {
  const kept = await keptJson(join(directory, "api-destinations.json"), KEPT, { connections: [], destinations: [] });
  const { connections, destinations } = kept.value;
  const refuseNamesake = (all: { name: string }[], name: string) => {
    if (all.some((one) => one.name === name)) {
      throw new AwsError("ResourceAlreadyExistsException", `${name} already exists.`);
    }
  };

  return {
    has: (arn) => destinations.some((one) => one.arn === arn),

    async call(arn, event) {
      const destination = destinations.find((one) => one.arn === arn);
      const connection = connections.find((one) => one.arn === destination?.connection);
      if (!destination || !connection) {
        return { code: "NO_RESOURCE", message: `${arn} does not exist.`, passing: false };
      }
      const { endpoint, method } = destination;
      const [name, value] = connection.header;
      try {
        const { ok, status } = await fetch(endpoint, {
          method,
          headers: {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Amazon/EventBridge/ApiDestinations",
            [name]: value,
          },
          body: JSON.stringify(event),
          redirect: "manual",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        if (ok) return undefined;
        const passing = status >= 500 || [401, 407, 409, 429].includes(status);
        return { code: "SDK_CLIENT_ERROR", message: `${endpoint} answered ${status}.`, passing };
      } catch (error) {
        return { code: "SDK_CLIENT_ERROR", message: `${endpoint} did not answer: ${String(error)}`, passing: true };
      }
    },

    operations: {
      async CreateConnection(request) {
        const { Name, AuthParameters } = parseInput(CREATE_CONNECTION, request);
        refuseNamesake(connections, Name);
        const arn = connectionArn(`${Name}/${randomUUID()}`);
        connections.push({ arn, name: Name, header: authHeader(AuthParameters) });
        await kept.save();
        return { ConnectionArn: arn, ConnectionState: "AUTHORIZED" };
      },
      async CreateApiDestination(request) {
        const { Name, ConnectionArn, InvocationEndpoint, HttpMethod } = parseInput(CREATE_DESTINATION, request);
        refuseNamesake(destinations, Name);
        if (!connections.some(({ arn }) => arn === ConnectionArn)) {
          throw new AwsError("ResourceNotFoundException", `Connection ${ConnectionArn} does not exist.`);
        }
        const arn = apiDestinationArn(`${Name}/${randomUUID()}`);
        const [connection, endpoint, method] = [ConnectionArn, InvocationEndpoint, HttpMethod];
        destinations.push({ arn, name: Name, connection, endpoint, method });
        await kept.save();
        return { ApiDestinationArn: arn, ApiDestinationState: "ACTIVE" };
      },
    },
  };
}

function authHeader(parameters: z.infer<typeof CREATE_CONNECTION>["AuthParameters"]): [string, string] {
  const { ApiKeyAuthParameters: key, BasicAuthParameters: basic } = parameters;
  if (key) return [key.ApiKeyName, key.ApiKeyValue];
  if (!basic) throw new AwsError("ValidationException", "AuthParameters say neither a key nor a user.");
  return ["authorization", `Basic ${Buffer.from(`${basic.Username}:${basic.Password}`).toString("base64")}`];
}
