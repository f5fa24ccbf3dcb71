// `npm run models`: the catalogue as a table; `--write` puts it into docs/models.md, `--check` holds it against what fal says today.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { KLING_MODELS } from "../../shared/kling/models.ts";
import { differences, readFalsWord } from "../models/drift.ts";
import { documentWith, modelsTable, MODELS_DOCUMENT } from "../models/table.ts";
import { runCommand } from "./call.ts";

const USAGE = "npm run models [-- --write | --check]";

runCommand(async () => {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, check: { type: "boolean" } } });
  if (values.write && values.check) throw new Error(USAGE);
  if (values.write) {
    await writeFile(MODELS_DOCUMENT, documentWith(await readFile(MODELS_DOCUMENT, "utf8"), KLING_MODELS));
    console.log(`Written to ${MODELS_DOCUMENT}.`);
  } else if (values.check) {
    const platformUrl = (process.env["FAL_PLATFORM_URL"] || "https://api.fal.ai").replace(/\/+$/, "");
    const key = process.env["FAL_KEY"];
    if (!key) throw new Error("FAL_KEY is missing: fal shows its prices only to callers with a key.");
    const found = differences(KLING_MODELS, await readFalsWord({ platformUrl, key }, KLING_MODELS));
    for (const { row, what } of found) {
      console.log(`${row.model}/${row.mode}${row.offered === false ? " (off)" : ""}, ${row.endpointId}: ${what}`);
    }
    // What is off is off because it is not certain.
    const counted = found.filter(({ row }) => row.offered !== false).length;
    console.log(
      counted === 0
        ? "Everything that is offered is as fal has it."
        : `${counted} differences. Nothing was changed: read fal's page, then mend shared/kling/models.ts.`,
    );
    if (counted > 0) process.exitCode = 1;
  } else {
    console.log(modelsTable(KLING_MODELS));
  }
});
