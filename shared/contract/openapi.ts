// OpenAPI 3.1, made of the very schemas that validate.
import * as z from "zod";
import { enhanceAnswer, enhanceRequest } from "./enhance.ts";
import { falWebhook } from "./fal-webhook.ts";
import { errorAnswer, media, mediaSpace } from "./media-space.ts";
import {
  cancelAnswer,
  checkAnswer,
  checkRequest,
  listAnswer,
  listQuery,
  mediaAnswer,
  mediaPath,
  spacePath,
  watchQuery,
} from "./reading.ts";

const REQUESTS = {
  EnhanceRequest: enhanceRequest,
  CheckGenerationRequest: checkRequest,
  FalWebhook: falWebhook,
};
const ANSWERS = {
  IMedia: media,
  MediaSpace: mediaSpace,
  Error: errorAnswer,
  EnhanceAnswer: enhanceAnswer,
  CheckGenerationAnswer: checkAnswer,
  MediaAnswer: mediaAnswer,
  MediaListAnswer: listAnswer,
  CancelAnswer: cancelAnswer,
};

interface Operation {
  route: string;
  operationId: string;
  summary: string;
  body?: keyof typeof REQUESTS;
  path?: z.ZodObject;
  query?: z.ZodType;
  answers: Record<number, { description: string; schema?: keyof typeof ANSWERS; contentType?: string }>;
  /** The errors it may answer besides 401, 429 and 503, which any route may. */
  errors: number[];
  idempotent?: true;
}

/** Every route that callers use; a test holds this list against the route table. */
const OPERATIONS: Operation[] = [
  {
    route: "POST /api/media/enhance",
    operationId: "enhanceMedia",
    summary: "Start a generation: a picture and a few words become a video.",
    body: "EnhanceRequest",
    answers: { 202: { description: "Saved and started.", schema: "EnhanceAnswer" } },
    errors: [400, 413, 415, 422],
    idempotent: true,
  },
  {
    route: "POST /api/media/check-generation",
    operationId: "checkGeneration",
    summary: "Where a generation stands. Reads the record; fal is not asked.",
    body: "CheckGenerationRequest",
    answers: { 200: { description: "Its status and the media.", schema: "CheckGenerationAnswer" } },
    errors: [400, 404, 413, 415],
  },
  {
    route: "GET /api/spaces/{spaceId}/media",
    operationId: "listMedia",
    summary: "The media of a space, newest first.",
    path: spacePath,
    query: listQuery,
    answers: { 200: { description: "One page.", schema: "MediaListAnswer" } },
    errors: [400],
  },
  {
    route: "GET /api/spaces/{spaceId}/media/{id}",
    operationId: "getMedia",
    summary: "One media; with sinceVersion and waitSeconds, as soon as it has changed.",
    path: mediaPath,
    query: watchQuery,
    answers: {
      200: { description: "The media.", schema: "MediaAnswer" },
      204: { description: "It did not change within waitSeconds." },
    },
    errors: [400, 404],
  },
  {
    route: "DELETE /api/spaces/{spaceId}/media/{id}",
    operationId: "deleteMedia",
    summary: "Delete a media and its files. One that is still running is canceled first (409).",
    path: mediaPath,
    answers: { 204: { description: "It is gone, or was already." } },
    errors: [400, 404, 409],
  },
  {
    route: "POST /api/spaces/{spaceId}/media/{id}/cancel",
    operationId: "cancelGeneration",
    summary: "Stop a generation, at fal too. A finished one stays finished (409).",
    path: mediaPath,
    answers: { 200: { description: "Canceled, or fal was asked to stop.", schema: "CancelAnswer" } },
    errors: [400, 404, 409],
  },
  {
    route: "POST /webhooks/fal/{token}",
    operationId: "receiveFalWebhook",
    summary:
      "Where fal says that a job has ended. Believed only with fal's signature, and then only as a reason to look.",
    body: "FalWebhook",
    path: z.object({ token: z.string() }),
    answers: { 200: { description: "Heard.", contentType: "application/json" } },
    errors: [400, 401, 413, 415],
  },
  {
    route: "GET /sources/{name}",
    operationId: "serveSource",
    summary: "Where fal fetches a source image.",
    path: z.object({ name: z.string() }),
    answers: { 200: { description: "The image.", contentType: "image/jpeg" } },
    errors: [404],
  },
  {
    route: "GET /openapi.json",
    operationId: "describeApi",
    summary: "This document.",
    answers: { 200: { description: "OpenAPI 3.1.", contentType: "application/json" } },
    errors: [],
  },
  {
    route: "GET /health",
    operationId: "reportHealth",
    summary: "That the API answers.",
    answers: { 200: { description: "It does.", contentType: "application/json" } },
    errors: [],
  },
];

const SCHEMA_REF = "#/components/schemas/";

/** The whole document. */
export function openApi() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const [method = "", path = ""] = operation.route.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Kling media backend",
      version: "1.0.0",
      description: "Paid AI video from a picture and a few words: Kling 2.1 on fal.ai.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: { schemas: { ...components(REQUESTS, "input"), ...components(ANSWERS, "output") } },
  };
}

function describeOperation({ operationId, summary, body, path, query, answers, errors, idempotent }: Operation) {
  const parameters = [
    ...(path ? parametersOf(path, "path") : []),
    ...(query ? parametersOf(query, "query") : []),
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    operationId,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: { "application/json": { schema: { $ref: SCHEMA_REF + body } } } },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      ...Object.fromEntries([...errors, 401, 429, 503].map((status) => [status, ERROR_ANSWER])),
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description: "The same key and body again gives the first answer and starts nothing.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const ERROR_ANSWER = {
  description: "What went wrong, for a person and for a program.",
  content: { "application/json": { schema: { $ref: `${SCHEMA_REF}Error` } } },
};

function describeAnswer({ description, schema, contentType }: Operation["answers"][number]) {
  if (schema) return { description, content: { "application/json": { schema: { $ref: SCHEMA_REF + schema } } } };
  return contentType ? { description, content: { [contentType]: {} } } : { description };
}

function parametersOf(shape: z.ZodType, place: "path" | "query") {
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema,
  }));
}

/** The schemas by name, each referring to the others by name. */
function components(schemas: Record<string, z.ZodType>, io: "input" | "output"): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io, uri: (id) => SCHEMA_REF + id }).schemas;
  const withoutDialect = (schema: object) =>
    Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$id" && key !== "$schema"));
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, withoutDialect(schema)]));
}
