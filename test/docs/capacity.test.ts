// docs/capacity.md is what the script writes of the counts and the quotas, and our own limits in it are those of the code.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { capacityDocument } from "../bench/capacity/document.ts";
import quotas from "../bench/capacity/quotas.json" with { type: "json" };

const ROOT = path.join(import.meta.dirname, "../..");

test("the document is the script's: npm run capacity", async () => {
  expect(await readFile(path.join(ROOT, "docs/capacity.md"), "utf8")).toBe(await capacityDocument());
});

test("our own limits are those of stacks/api.ts", async () => {
  const source = await readFile(path.join(ROOT, "stacks/api.ts"), "utf8");
  const quotaOf = (page: string) => quotas.limits.find((limit) => limit.page === page)?.quota;
  expect(source).toContain(`STAGE_LIMIT = { rate: ${quotaOf("stacks/api.ts, STAGE_LIMIT")},`);
  expect(source).toContain(`write: { rate: ${quotaOf("stacks/api.ts, ROUTE_LIMITS.write")},`);
});
