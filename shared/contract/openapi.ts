// OpenAPI 3.1, made of the very schemas that validate.
import * as z from "zod/mini";
import {
  budgetAnswer,
  cancelAnswer,
  checkAnswer,
  checkUploadAnswer,
  enhanceAnswer,
  listAnswer,
  mediaAnswer,
  pricingAnswer,
  timingsAnswer,
  uploadAnswer,
} from "./answers.ts";
import { enhanceRequest } from "./enhance.ts";
import { ERROR_EXAMPLES, EXAMPLES, UPLOAD_REFUSED } from "./examples.ts";
import { falWebhook } from "./fal-webhook.ts";
import { IDEMPOTENCY_KEY_PATTERN } from "./idempotency-key.ts";
import { errorAnswer, gatewayError, media, mediaSpace } from "./media-space.ts";
import { checkRequest, listQuery, mediaPath, spacePath, watchQuery } from "./reading.ts";
import { uploadPath, uploadRequest } from "./upload.ts";

const REQUESTS = {
  EnhanceRequest: enhanceRequest,
  CheckGenerationRequest: checkRequest,
  UploadRequest: uploadRequest,
  FalWebhook: falWebhook,
};
const ANSWERS = {
  IMedia: media,
  MediaSpace: mediaSpace,
  Error: errorAnswer,
  GatewayError: gatewayError,
  EnhanceAnswer: enhanceAnswer,
  CheckGenerationAnswer: checkAnswer,
  MediaAnswer: mediaAnswer,
  MediaListAnswer: listAnswer,
  CancelAnswer: cancelAnswer,
  UploadAnswer: uploadAnswer,
  CheckUploadAnswer: checkUploadAnswer,
  PricingAnswer: pricingAnswer,
  TimingsAnswer: timingsAnswer,
  BudgetAnswer: budgetAnswer,
};

const TAGS = {
  generations: "A picture and a few words become a video.",
  uploads: "A place for a picture from somebody's disk.",
  planning: "What it costs and how long it takes, before it is started.",
  service: "The service itself.",
};

interface Operation {
  route: string;
  tag: keyof typeof TAGS;
  operationId: string;
  summary: string;
  body?: keyof typeof REQUESTS;
  path?: z.ZodMiniObject;
  query?: z.ZodMiniType;
  answers: Record<number, { description: string; schema?: keyof typeof ANSWERS; contentType?: string | string[] }>;
  /** The errors it may answer besides 429 and 503, which any route may, and 401 and 403, which any closed one may. */
  errors: number[];
  /** Nobody needs to sign in. */
  open?: true;
  idempotent?: true;
}

/** Every route that callers use; a test holds this list against the route table. */
const OPERATIONS: Operation[] = [
  {
    route: "POST /api/media/enhance",
    tag: "generations",
    operationId: "enhanceMedia",
    summary: "Start a generation: a picture and a few words become a video.",
    body: "EnhanceRequest",
    answers: { 202: { description: "Saved and started.", schema: "EnhanceAnswer" } },
    errors: [400, 402, 413, 415, 422],
    idempotent: true,
  },
  {
    route: "POST /api/media/check-generation",
    tag: "generations",
    operationId: "checkGeneration",
    summary: "Where a generation stands. Reads the record; fal is not asked.",
    body: "CheckGenerationRequest",
    answers: { 200: { description: "Its status and the media.", schema: "CheckGenerationAnswer" } },
    errors: [400, 404, 413, 415],
  },
  {
    route: "GET /api/spaces/{spaceId}/media",
    tag: "generations",
    operationId: "listMedia",
    summary: "The media of a space, newest first.",
    path: spacePath,
    query: listQuery,
    answers: { 200: { description: "One page.", schema: "MediaListAnswer" } },
    errors: [400],
  },
  {
    route: "GET /api/spaces/{spaceId}/media/{id}",
    tag: "generations",
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
    tag: "generations",
    operationId: "deleteMedia",
    summary: "Delete a media and its files. One that is still running is canceled first (409).",
    path: mediaPath,
    answers: { 204: { description: "It is gone, or was already." } },
    errors: [400, 404, 409],
  },
  {
    route: "POST /api/spaces/{spaceId}/media/{id}/cancel",
    tag: "generations",
    operationId: "cancelGeneration",
    summary: "Stop a generation, at fal too. A finished one stays finished (409).",
    path: mediaPath,
    answers: { 200: { description: "Canceled, or fal was asked to stop.", schema: "CancelAnswer" } },
    errors: [400, 404, 409],
  },
  {
    route: "POST /api/uploads",
    tag: "uploads",
    operationId: "uploadImage",
    summary: "A place for a picture: put its bytes there, then have it checked.",
    body: "UploadRequest",
    answers: { 201: { description: "The place.", schema: "UploadAnswer" } },
    errors: [400, 413, 415],
  },
  {
    route: "POST /api/uploads/{id}/check",
    tag: "uploads",
    operationId: "checkUpload",
    summary: "Look at the picture that came. Its link is then good for any generation of yours.",
    path: uploadPath,
    answers: { 200: { description: "It can be animated.", schema: "CheckUploadAnswer" } },
    errors: [400, 404],
  },
  {
    route: "GET /api/pricing",
    tag: "planning",
    operationId: "reportPricing",
    summary: "What one video costs, by mode and duration.",
    answers: { 200: { description: "The price list.", schema: "PricingAnswer" } },
    errors: [],
    open: true,
  },
  {
    route: "GET /api/timings",
    tag: "planning",
    operationId: "reportTimings",
    summary: "How long generations have taken here, by mode and duration.",
    answers: { 200: { description: "From the latest fifty of each kind.", schema: "TimingsAnswer" } },
    errors: [],
  },
  {
    route: "GET /api/budget",
    tag: "planning",
    operationId: "reportBudget",
    summary: "What the caller's tenant may still spend and start.",
    answers: { 200: { description: "What is left, and when it renews.", schema: "BudgetAnswer" } },
    errors: [],
  },
  {
    route: "POST /webhooks/fal/{token}",
    tag: "service",
    operationId: "receiveFalWebhook",
    summary:
      "Where fal says that a job has ended. Believed only with fal's signature, and then only as a reason to look.",
    body: "FalWebhook",
    path: z.object({ token: z.string().check(z.regex(/^[\w-]+\.[\w-]+$/)) }),
    answers: { 200: { description: "Heard.", contentType: "application/json" } },
    errors: [400, 401, 413, 415],
    open: true,
  },
  {
    route: "GET /sources/{name}",
    tag: "service",
    operationId: "serveSource",
    summary: "Where fal fetches a source image.",
    path: z.object({ name: z.string().check(z.regex(/^[\w-]+\.jpg$/)) }),
    answers: { 200: { description: "The image.", contentType: "image/jpeg" } },
    errors: [404],
    open: true,
  },
  {
    route: "GET /",
    tag: "service",
    operationId: "serveConsole",
    summary: "The console.",
    answers: { 200: { description: "A page.", contentType: "text/html" } },
    errors: [],
    open: true,
  },
  {
    route: "GET /docs",
    tag: "service",
    operationId: "serveDocs",
    summary: "This document for people.",
    answers: { 200: { description: "A page.", contentType: "text/html" } },
    errors: [],
    open: true,
  },
  {
    route: "GET /client.js",
    tag: "service",
    operationId: "serveClient",
    summary: "The client library as a module, for browsers and Node.",
    answers: { 200: { description: "An ES module.", contentType: "text/javascript" } },
    errors: [],
    open: true,
  },
  {
    route: "GET /assets/{name}",
    tag: "service",
    operationId: "serveAsset",
    summary: "What the pages are made of.",
    path: z.object({ name: z.string().check(z.regex(/^[\w-]+\.(js|css)$/)) }),
    answers: { 200: { description: "A script or a style sheet.", contentType: ["text/javascript", "text/css"] } },
    errors: [404],
    open: true,
  },
  {
    route: "GET /openapi.json",
    tag: "service",
    operationId: "describeApi",
    summary: "This document.",
    answers: { 200: { description: "OpenAPI 3.1.", contentType: "application/json" } },
    errors: [],
    open: true,
  },
  {
    route: "GET /health",
    tag: "service",
    operationId: "reportHealth",
    summary: "That the API answers.",
    answers: { 200: { description: "It does.", contentType: "application/json" } },
    errors: [],
    open: true,
  },
];

/** What API Gateway may say by itself in the cloud: a token it refuses, a body over 10 MB, too many requests, nobody answered. */
const GATEWAY_ANSWERS = ["401", "413", "429", "503"];

const SCHEMA_REF = "#/components/schemas/";

/**
 * The whole document.
 * @param signIn whether callers sign in at the deployment that it describes; on the local machine, nobody does
 */
export function openApi({ signIn = true } = {}) {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const [method = "", path = ""] = operation.route.split(" ");
    const isOpen = operation.open ?? !signIn;
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(operation, isOpen) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Kling media backend",
      version: "1.0.0",
      description: "Paid AI video from a picture and a few words: Kling 2.1 on fal.ai.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "Where this document comes from." }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: { ...components(REQUESTS, "input"), ...components(ANSWERS, "output") },
      responses: Object.fromEntries(
        Object.entries(ERROR_EXAMPLES)
          .filter(([status]) => signIn || status !== "403")
          .map(([status, { description, example }]) => [
            `Error${status}`,
            jsonAnswer(
              description,
              GATEWAY_ANSWERS.includes(status) ? { anyOf: [ref("Error"), ref("GatewayError")] } : ref("Error"),
              example,
            ),
          ]),
      ),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "Of the issuer that this deployment was set up with. On the local machine nobody signs in.",
        },
      },
    },
  };
}

function describeOperation({ route, tag, operationId, summary, ...operation }: Operation, isOpen: boolean) {
  const { body, path, query, answers, errors, idempotent } = operation;
  const parameters = [
    ...(path ? parametersOf(path, "path") : []),
    ...(query ? parametersOf(query, "query") : []),
    ...(idempotent ? [IDEMPOTENCY_KEY] : []),
  ];
  const refusals = [...errors, ...(isOpen ? [] : [401, 403]), 429, 503];
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
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)])),
      ...Object.fromEntries(refusals.map((status) => [status, { $ref: `#/components/responses/Error${status}` }])),
      ...(route === "POST /api/uploads/{id}/check" && {
        400: jsonAnswer(UPLOAD_REFUSED.description, ref("Error"), UPLOAD_REFUSED.example),
      }),
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description: "The same key and body again gives the first answer and starts nothing.",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: IDEMPOTENCY_KEY_PATTERN.source },
};

const ref = (schema: string) => ({ $ref: SCHEMA_REF + schema });

function jsonAnswer(description: string, schema: object, example: object) {
  return { description, content: { "application/json": { schema, example } } };
}

function describeAnswer({ description, schema, contentType }: Operation["answers"][number]) {
  if (schema) {
    const content = { schema: ref(schema), ...(schema in EXAMPLES && { example: exampleOf(schema) }) };
    return { description, content: { "application/json": content } };
  }
  if (contentType === undefined) return { description };
  return { description, content: Object.fromEntries([contentType].flat().map((type) => [type, {}])) };
}

function exampleOf(schema: string): unknown {
  return Object.entries(EXAMPLES).find(([name]) => name === schema)?.[1];
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
