// The published schemas of the events, as a consumer in any language has them: compiled from docs/schemas, by detail type.
import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { expect } from "vitest";

const DIRECTORY = new URL("../../docs/schemas/", import.meta.url);

const ajv = new Ajv2020({ allErrors: true });
formats.default(ajv);

/** Every committed schema, by its title, the detail type. */
export const PUBLISHED_SCHEMAS: ReadonlyMap<string, Record<string, unknown>> = new Map(
  readdirSync(DIRECTORY).map((file) => {
    const schema = JSON.parse(readFileSync(new URL(file, DIRECTORY), "utf8")) as Record<string, unknown>;
    return [String(schema["title"]), schema];
  }),
);

const validators = new Map<string, ValidateFunction>();

/** What is wrong with the detail of an event, as sentences; empty when it keeps its published schema. */
export function faultsOfDetail(detailType: string, detail: unknown): string[] {
  const schema = PUBLISHED_SCHEMAS.get(detailType);
  if (!schema) return [`${detailType} has no schema in docs/schemas`];
  const validate = validators.get(detailType) ?? ajv.compile(schema);
  validators.set(detailType, validate);
  return validate(detail) ? [] : (validate.errors ?? []).map((fault) => `${fault.instancePath} ${fault.message}`);
}

/** Lets the test fail whose event breaks its schema, wherever it was emitted: the publishing code survives a bus that throws. */
export function expectPublished(detailType: string, detail: unknown): void {
  expect.soft(faultsOfDetail(detailType, detail), `${detailType} breaks its schema`).toEqual([]);
}
