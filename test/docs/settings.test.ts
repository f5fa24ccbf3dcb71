// docs/settings.md has every setting that the functions and the local machine read.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { SETTING_NAMES } from "../../shared/environment.ts";
import { localSchema } from "../../stacks/local/settings.ts";

/** Set by Lambda itself, and by the local machine. */
const NOT_OURS = ["AWS_REGION", "LAMBDA_TASK_ROOT"];

it("the table of settings leaves none out", async () => {
  const settings = await readFile(new URL("../../docs/settings.md", import.meta.url), "utf8");
  const known = new Set([...SETTING_NAMES, ...Object.keys(localSchema.shape)]);
  const missing = [...known].filter((name) => !settings.includes(`\`${name}\``));
  expect(missing).toEqual(NOT_OURS);
});
