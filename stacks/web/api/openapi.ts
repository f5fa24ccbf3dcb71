// OpenAPI 3.1, made of the very schemas that validate.
import * as z from "zod/mini";
import packageJson from "../../../package.json" with { type: "json" };
import { ROUTES } from "../../blueprint/routes.ts";
import { ERROR_EXAMPLES, EXAMPLES, type ErrorExample } from "./examples.ts";
import { IDEMPOTENCY_KEY_PATTERN } from "../../../shared/contract/idempotency-key.ts";
import { ANSWERS, HEADERS, OPERATIONS, REQUESTS, TAGS, type Operation } from "./operations.ts";

/**
 * Answers that API Gateway may give by itself in the cloud: a refused token, a body over 10 MB, too many requests, a
 * function that died, one that took too long.
 */
const GATEWAY_ANSWERS = ["401", "413", "429", "500", "503"];

const SCHEMA_REF = "#/components/schemas/";

/**
 * The whole document.
 * @param signIn whether callers sign in at the deployment that it describes; on the local machine, they do not
 */
export function openApi({ signIn = true } = {}) {
  const paths: Record<string, Record<string, object>> = {};
  for (const { route, access } of ROUTES) {
    const [method = "", path = ""] = route.split(" ");
    const isOpen = access === "open" || !signIn;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(OPERATIONS[route], isOpen) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Kling media backend",
      version: packageJson.version,
      description: "Paid AI video from a picture and a few words: Kling on fal.ai.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "Where this document comes from." }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: { ...components(REQUESTS, "input"), ...components(ANSWERS, "output") },
      headers: HEADERS,
      responses: Object.fromEntries(
        Object.entries(ERROR_EXAMPLES)
          .filter(([status]) => signIn || status !== "403")
          .map(([status, error]) => [`Error${status}`, describeError(status, error)]),
      ),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description:
            "A token of the issuer that this deployment was set up with (`AUTH=jwt`), or a key of its own (`km_...`, `AUTH=keys`). On the local machine no sign-in is needed unless `AUTH` is set.",
        },
      },
    },
  };
}

function describeOperation({ tag, operationId, summary, ...operation }: Operation, isOpen: boolean) {
  const { body, path, query, answers, errors, ownErrors = {}, idempotent } = operation;
  const parameters = [
    ...(path ? parametersOf(path, "path") : []),
    ...(query ? parametersOf(query, "query") : []),
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ];
  const refusals = [...errors, ...(isOpen ? [] : [401, 403]), 429, 500, 503];
  return {
    operationId,
    tags: [tag],
    summary,
    ...(isOpen && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { "application/json": { schema: ref(body), example: EXAMPLES[body] } } },
    }),
    responses: {
      ...mapValues(answers, (_, answer) => describeAnswer(answer)),
      ...Object.fromEntries(refusals.map((status) => [status, { $ref: `#/components/responses/Error${status}` }])),
      ...mapValues(ownErrors, describeError),
    },
  };
}

const mapValues = <V, R>(of: Record<string, V>, map: (name: string, value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(name, value)]));

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description: "The same key and body again gives the first answer and starts nothing.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: IDEMPOTENCY_KEY_PATTERN.source },
};

const ref = (schema: string) => ({ $ref: SCHEMA_REF + schema });

function headersOf(own: (keyof typeof HEADERS)[] = []) {
  return Object.fromEntries(
    [...own, "apigw-requestid"].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
}

function describeError(status: string, { description, example, headers }: ErrorExample) {
  const schema = GATEWAY_ANSWERS.includes(status) ? { anyOf: [ref("Error"), ref("GatewayError")] } : ref("Error");
  return { description, headers: headersOf(headers), content: { "application/json": { schema, example } } };
}

function describeAnswer({ description, schema, contentType = [], headers }: Operation["answers"][number]) {
  const content = schema
    ? { "application/json": { schema: ref(schema), example: EXAMPLES[schema] } }
    : Object.fromEntries([contentType].flat().map((type) => [type, {}]));
  return { description, headers: headersOf(headers), ...(Object.keys(content).length > 0 && { content }) };
}

function parametersOf(shape: z.ZodMiniType, place: "path" | "query") {
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema,
  }));
}

/** The schemas by name, each referring to the others by name. */
function components(schemas: Record<string, z.ZodMiniType>, io: "input" | "output"): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, uri: (id) => SCHEMA_REF + id }).schemas;
  const withoutDialect = (schema: object) =>
    Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$id" && key !== "$schema"));
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, withoutDialect(schema)]));
}
