// OpenAPI 3.1, made of the very schemas that validate.
import * as z from "zod/mini";
import packageJson from "../../../package.json" with { type: "json" };
import { ROUTES } from "../../blueprint/routes.ts";
import { ERROR_EXAMPLES, EXAMPLES, type ErrorExample } from "./examples.ts";
import { IDEMPOTENCY_KEY_PATTERN } from "../../../shared/contract/idempotency-key.ts";
import { errorAnswer } from "../../../shared/contract/media-space.ts";
import { videosError } from "../../../shared/edge/videos-error.ts";
import { ANSWERS, HEADERS, isDescribed, OPERATIONS, REQUESTS, TAGS, type Operation } from "./operations.ts";

const SCHEMA_REF = "#/components/schemas/";

/**
 * The public document, or that of the routes that only fal and our own pages call.
 * @param signIn whether callers sign in at the deployment that it describes; on the local machine, they do not
 */
export function openApi({ signIn = true, internal = false } = {}) {
  const paths: Record<string, Record<string, ReturnType<typeof describeOperation>>> = {};
  const own = ROUTES.filter(isDescribed).filter(({ route }) => (OPERATIONS[route].internal ?? false) === internal);
  for (const { route, access } of own) {
    const [method = "", path = ""] = route.split(" ");
    const isOpen = access === "open" || !signIn;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(OPERATIONS[route], isOpen) };
  }
  const responses = Object.entries(ERROR_EXAMPLES).map(
    ([status, error]) => [`Error${status}`, describeError(status, error)] as const,
  );
  const all = {
    schemas: { ...components(REQUESTS, "input"), ...components(ANSWERS, "output") },
    headers: HEADERS,
    responses: Object.fromEntries(responses),
  };
  const named = namesIn(paths, all);
  const kept = <V>(room: string, of: Record<string, V>): Record<string, V> =>
    Object.fromEntries(Object.entries(of).filter(([name]) => named.has(`${room}/${name}`)));
  return {
    openapi: "3.1.0",
    info: {
      title: "Kling media backend",
      version: packageJson.version,
      description: "Paid AI video from a picture and a few words: Kling on fal.ai.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "Where this document comes from." }],
    tags: tagsOf(own.map(({ route }) => OPERATIONS[route].tag)).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: kept("schemas", all.schemas),
      headers: kept("headers", all.headers),
      responses: kept("responses", all.responses),
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

function tagsOf(named: string[]) {
  return Object.entries(TAGS).filter(([name]) => named.includes(name));
}

function describeOperation({ tag, operationId, summary, ...operation }: Operation, isOpen: boolean) {
  const {
    body,
    formFile,
    path,
    query,
    spaceHeader,
    answers,
    errors,
    errorSchema,
    ownErrors = {},
    idempotent,
  } = operation;
  const parameters = [
    ...(path ? parametersOf(path, "path") : []),
    ...(query ? parametersOf(query, "query") : []),
    ...(spaceHeader ? [SPACE] : []),
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ];
  const refusals = [...errors, ...(isOpen ? [] : [401, 403]), 429, 500, 503];
  const asForm = formFile === undefined ? {} : { "multipart/form-data": { schema: formOf(body, formFile) } };
  return {
    operationId,
    tags: [tag],
    summary,
    ...(isOpen && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: ref(body), example: EXAMPLES[body] }, ...asForm },
      },
    }),
    responses: {
      ...mapValues(answers, (_, answer) => describeAnswer(answer)),
      ...Object.fromEntries(refusals.map((status) => [status, refusal(status, errorSchema)])),
      ...mapValues(ownErrors, (status, error) => describeError(status, error, errorSchema)),
    },
  };
}

const mapValues = <V, R>(of: Record<string, V>, map: (name: string, value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(name, value)]));

/** What each route says with this status: where it speaks as all do, said once. */
function refusal(status: number, errorSchema: Operation["errorSchema"]) {
  const error = ERROR_EXAMPLES[status];
  if (errorSchema === undefined || !error) return { $ref: `#/components/responses/Error${status}` };
  return describeError(String(status), error, errorSchema);
}

/** The same fields as in JSON, one of them a file. */
function formOf(body: keyof typeof REQUESTS | undefined, file: string) {
  const { properties = {}, required = [] } = body ? z.toJSONSchema(REQUESTS[body], { io: "input" }) : {};
  const asFile = {
    type: "string",
    contentMediaType: "application/octet-stream",
    description: "The picture, up to 4 MB.",
  };
  return { type: "object", properties: { ...properties, [file]: asFile }, required };
}

const SPACE = {
  name: "x-space-id",
  in: "header",
  description: "The space that it is in; `default` unless given.",
  schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,128}$" },
};

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

function describeError(status: string, { description, example, headers }: ErrorExample, errorSchema?: "VideosError") {
  const content = {
    schema: ref(errorSchema ?? "Error"),
    example: errorSchema === undefined ? example : asVideosError(Number(status), example),
  };
  return { description, headers: headersOf(headers), content: { "application/json": content } };
}

/** An example of ours as the routes of /v1 tell it. */
function asVideosError(status: number, example: object) {
  const { error: message, code, details, traceId } = errorAnswer.parse(example);
  return videosError({ status, code, message, details, budget: undefined, traceId, retryAfterSeconds: undefined }).body;
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

/** The components that the paths name, or that one of these names: `schemas/Error`. */
function namesIn(paths: object, all: Record<string, Record<string, unknown>>): Set<string> {
  const found = new Set<string>();
  const look = (at: unknown) => {
    for (const [, room = "", name = ""] of JSON.stringify(at).matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)) {
      if (found.has(`${room}/${name}`)) continue;
      found.add(`${room}/${name}`);
      look(all[room]?.[name]);
    }
  };
  look(paths);
  return found;
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
