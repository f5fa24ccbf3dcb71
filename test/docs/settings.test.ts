// README, "Settings", has every setting that the functions read.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { SETTING_NAMES } from "../../shared/environment.ts";

/** Set by Lambda itself, and by the local machine. */
const NOT_OURS = ["AWS_REGION"];

it("the table of settings in the README leaves none out", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const [, settings = ""] = /^## Settings$(.*?)^## /ms.exec(readme) ?? [];
  const missing = SETTING_NAMES.filter((name) => !settings.includes(`\`${name}\``));
  expect(missing).toEqual(NOT_OURS);
});
