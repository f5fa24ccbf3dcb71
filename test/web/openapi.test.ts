// The OpenAPI document: what a linter that is not ours says of it, and that its examples and its locks are true.
import { readFile } from "node:fs/promises";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  budgetAnswer,
  spendingAnswer,
  cancelAnswer,
  checkAnswer,
  checkUploadAnswer,
  createKeyAnswer,
  createWebhookAnswer,
  deliveryAnswer,
  enhanceAnswer,
  healthAnswer,
  listAnswer,
  listDeliveriesAnswer,
  listKeysAnswer,
  listSpacesAnswer,
  listWebhooksAnswer,
  mediaAnswer,
  modelsAnswer,
  oneWebhookAnswer,
  pricingAnswer,
  rotateSecretAnswer,
  timingsAnswer,
  uploadAnswer,
  webhookAnswer,
} from "../../shared/contract/answers.ts";
import { createKeyRequest } from "../../shared/contract/api-keys.ts";
import { enhanceRequest } from "../../shared/contract/enhance.ts";
import {
  ERROR_EXAMPLES,
  EXAMPLES,
  STARTS_LIMITED,
  STARTS_STOPPED,
  UPLOAD_REFUSED,
} from "../../stacks/web/api/examples.ts";
import { falWebhook } from "../../shared/contract/fal-webhook.ts";
import { errorAnswer } from "../../shared/contract/media-space.ts";
import { openApi } from "../../stacks/web/api/openapi.ts";
import { checkRequest } from "../../shared/contract/reading.ts";
import { uploadRequest } from "../../shared/contract/upload.ts";
import { deletedVideoAnswer, videoAnswer, videoListAnswer } from "../../shared/contract/video-answers.ts";
import { createVideoRequest } from "../../shared/contract/videos.ts";
import { changeWebhookRequest, createWebhookRequest } from "../../shared/contract/webhooks.ts";
import { ROUTES } from "../../stacks/blueprint/routes.ts";

/** Redocly's strict rules, and examples held against their schemas. */
async function problemsOf(document: object): Promise<string[]> {
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: { "no-invalid-media-type-examples": "error", "no-invalid-parameter-examples": "error" },
  });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, absoluteRef: "/openapi.json", config });
  return problems.map(({ ruleId, location }) => `${ruleId} at ${location[0]?.pointer}`);
}

describe("the OpenAPI document", () => {
  it.each([false, true])("pleases the linter (internal routes: %s)", async (internal) => {
    expect(await problemsOf(openApi({ internal }))).toEqual([]);
  });

  it.each<[string, (document: ReturnType<typeof openApi>) => void, string]>([
    [
      "an example that its schema refuses",
      ({ components }) => Object.assign(components.schemas, { UploadRequest: { type: "string" } }),
      "no-invalid-media-type-examples",
    ],
    [
      "a schema that is nowhere",
      ({ paths }) =>
        Object.assign(paths["/health"] ?? {}, {
          get: {
            operationId: "a",
            summary: "a",
            tags: ["service"],
            security: [],
            responses: { 200: { $ref: "#/components/responses/None" }, 400: { description: "no" } },
          },
        }),
      "no-unresolved-refs",
    ],
    [
      "a route that says nothing of who may call",
      (document) => Object.assign(document, { security: undefined }),
      "security-defined",
    ],
  ])("would not, with %s", async (_, spoil, rule) => {
    const document = openApi();
    spoil(document);
    expect((await problemsOf(document)).join()).toContain(rule);
  });

  it("says of every answer in JSON what is in it, but of its own", () => {
    const response = z.object({
      content: z.optional(z.record(z.string(), z.object({ schema: z.optional(z.unknown()) }))),
    });
    const operation = z.object({ operationId: z.string(), responses: z.record(z.string(), response) });
    const silent = [openApi(), openApi({ internal: true })]
      .flatMap(({ paths }) => Object.values(paths))
      .flatMap((methods) => Object.values(methods).map((it) => operation.parse(it)))
      .filter(({ responses }) =>
        Object.values(responses).some(
          ({ content = {} }) => content["application/json"] && !content["application/json"].schema,
        ),
      );
    expect(silent.map(({ operationId }) => operationId)).toEqual(["describeApi"]);
  });

  it("says of every route whether a token is needed, as the route table does", () => {
    const operation = z.object({ security: z.optional(z.array(z.unknown())) });
    const paths = { ...openApi().paths, ...openApi({ internal: true }).paths };
    const open = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, it]) => operation.parse(it).security?.length === 0)
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect(open.sort()).toEqual(
      ROUTES.filter(({ access }) => access === "open")
        .map(({ route }) => route)
        .sort(),
    );
  });
});

describe("a client that is generated of the document", () => {
  const schema = z.looseObject({ type: z.optional(z.unknown()), anyOf: z.optional(z.array(z.unknown())) });
  /** Every schema in it that is a choice, by its path. */
  function choicesIn(value: unknown, path = ""): { path: string; type?: unknown; anyOf: unknown[] }[] {
    if (typeof value !== "object" || value === null) return [];
    const { type, anyOf } = schema.safeParse(value).data ?? {};
    const inside = Object.entries(value).flatMap(([name, inner]) => choicesIn(inner, `${path}/${name}`));
    return anyOf ? [{ path, type, anyOf }, ...inside] : inside;
  }

  it("gets one schema for all errors, but in the shapes of another's API", () => {
    const { paths, components } = openApi();
    const errors = [...Object.values(components.responses), ...Object.values(paths).flatMap(Object.values<object>)]
      .flatMap((it) => [...JSON.stringify(it).matchAll(/"schema":\{"\$ref":"#\/components\/schemas\/(\w*Error)"\}/g)])
      .map(([, name]) => name);
    expect(new Set(errors)).toEqual(new Set(["Error", "VideosError"]));
    expect(JSON.stringify({ paths, responses: components.responses })).not.toContain("oneOf");
  });

  it("can tell the choices apart by their type: none has two objects in it, and none stands beside a type", () => {
    const typesOf = (it: unknown): string[] => {
      const inner = choicesIn(it).find(({ path }) => path === "");
      return inner ? inner.anyOf.flatMap(typesOf) : [z.looseObject({ type: z.string() }).parse(it).type];
    };
    for (const { path, type, anyOf } of choicesIn(openApi())) {
      const objects = anyOf.flatMap(typesOf).filter((name) => name === "object");
      expect([path, type, objects.length]).toEqual([path, undefined, Math.min(objects.length, 1)]);
    }
  });

  it("finds the second document as it is today: `npm run schemas` writes it anew", async () => {
    const published = await readFile(new URL("../../docs/openapi.internal.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(openApi({ internal: true }))));
  });

  it("gets none of what fal and our own pages call, which the second document has", () => {
    const internal = Object.keys(openApi({ internal: true }).paths);
    expect(internal).toEqual([
      "/webhooks/fal/{token}",
      "/sources/{name}",
      "/",
      "/docs",
      "/client.js",
      "/assets/{name}",
      "/openapi.json",
      "/llms.txt",
    ]);
    expect(Object.keys(openApi().paths).filter((path) => internal.includes(path))).toEqual([]);
    expect(Object.keys(openApi().components.schemas)).not.toContain("FalWebhook");
  });
});

describe("the OpenAPI document of a machine without sign-in", () => {
  it("pleases the linter but for the missing lock, and has no lock and no 401", async () => {
    const document = openApi({ signIn: false });
    expect(await problemsOf(document)).toEqual([]);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation).toMatchObject({ security: [] });
        expect([path, operation]).not.toHaveProperty("1.responses.401");
        expect(operation).not.toHaveProperty("responses.403");
      }
    }
  });
});

describe("an example", () => {
  const SCHEMAS: Record<keyof typeof EXAMPLES, z.ZodMiniType> = {
    EnhanceRequest: enhanceRequest,
    EnhanceAnswer: enhanceAnswer,
    CheckGenerationRequest: checkRequest,
    CheckGenerationAnswer: checkAnswer,
    MediaAnswer: mediaAnswer,
    MediaListAnswer: listAnswer,
    SpaceListAnswer: listSpacesAnswer,
    CancelAnswer: cancelAnswer,
    UploadRequest: uploadRequest,
    UploadAnswer: uploadAnswer,
    CheckUploadAnswer: checkUploadAnswer,
    FalWebhook: falWebhook,
    ModelsAnswer: modelsAnswer,
    PricingAnswer: pricingAnswer,
    TimingsAnswer: timingsAnswer,
    BudgetAnswer: budgetAnswer,
    SpendingAnswer: spendingAnswer,
    CreateKeyRequest: createKeyRequest,
    CreateKeyAnswer: createKeyAnswer,
    KeyListAnswer: listKeysAnswer,
    CreateWebhookRequest: createWebhookRequest,
    ChangeWebhookRequest: changeWebhookRequest,
    CreateWebhookAnswer: createWebhookAnswer,
    OneWebhookAnswer: oneWebhookAnswer,
    WebhookListAnswer: listWebhooksAnswer,
    RotateSecretAnswer: rotateSecretAnswer,
    DeliveryAnswer: deliveryAnswer,
    DeliveryListAnswer: listDeliveriesAnswer,
    CreateVideoRequest: createVideoRequest,
    Video: videoAnswer,
    VideoList: videoListAnswer,
    DeletedVideo: deletedVideoAnswer,
    WebhookAnswer: webhookAnswer,
    HealthAnswer: healthAnswer,
  };

  it.each(Object.entries(SCHEMAS))("of %s is what the schema takes, and nothing beside it", (name, schema) => {
    const example: unknown = Object.entries(EXAMPLES).find(([it]) => it === name)?.[1];
    expect(schema.parse(example)).toEqual(example);
  });

  it("of an error has its shape", () => {
    for (const { example } of [...Object.values(ERROR_EXAMPLES), STARTS_LIMITED, STARTS_STOPPED, UPLOAD_REFUSED]) {
      expect(errorAnswer.parse(example)).toEqual(example);
    }
  });
});
