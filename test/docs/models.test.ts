// docs/models.md holds the catalogue as it is.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { KLING_MODELS } from "../../shared/kling/models.ts";
import { documentWith, MODELS_DOCUMENT } from "../../stacks/models/table.ts";

it("the table in docs/models.md is the catalogue's: npm run models -- --write", async () => {
  const document = await readFile(MODELS_DOCUMENT, "utf8");
  expect(document).toBe(documentWith(document, KLING_MODELS));
  for (const { endpointId } of KLING_MODELS) expect(document).toContain(endpointId);
});

it("a document without its marks is not written over", () => {
  expect(() => documentWith("# Models\n", KLING_MODELS)).toThrow("has lost its mark");
});
