// `npm run schemas`: writes docs/schemas/*.json, made of the contract. A test holds them against it.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";
import { eventSchemas, schemaName } from "../../shared/contract/event-schemas.ts";

const DIRECTORY = new URL("../../docs/schemas/", import.meta.url);

await rm(DIRECTORY, { recursive: true, force: true });
await mkdir(DIRECTORY, { recursive: true });
for (const [detailType, schema] of Object.entries(eventSchemas())) {
  const file = new URL(`${schemaName(detailType)}.json`, DIRECTORY);
  const style = await resolveConfig(file);
  await writeFile(file, await format(JSON.stringify(schema), { ...style, filepath: file.pathname }));
}
