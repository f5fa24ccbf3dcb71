// The OpenAPI document: what a linter that is not ours says of it, and that its examples and its locks are true.
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  budgetAnswer,
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
  it("pleases the linter", async () => {
    expect(await problemsOf(openApi())).toEqual([]);
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
    const silent = Object.values(openApi().paths)
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
    const open = Object.entries(openApi().paths).flatMap(([path, methods]) =>
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

describe("the OpenAPI document of a machine without sign-in", () => {
  it("pleases the linter but for the missing lock, and has no lock and no 401", async () => {
    const document = openApi({ signIn: false });
    expect(await problemsOf(document)).toEqual([]);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation).toMatchObject({ security: [] });
        if (path !== "/webhooks/fal/{token}") expect(operation).not.toHaveProperty("responses.401");
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
    CancelAnswer: cancelAnswer,
    UploadRequest: uploadRequest,
    UploadAnswer: uploadAnswer,
    CheckUploadAnswer: checkUploadAnswer,
    FalWebhook: falWebhook,
    ModelsAnswer: modelsAnswer,
    PricingAnswer: pricingAnswer,
    TimingsAnswer: timingsAnswer,
    BudgetAnswer: budgetAnswer,
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
