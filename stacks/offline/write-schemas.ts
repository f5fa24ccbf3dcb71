// `npm run schemas`: writes docs/schemas/*.json and docs/openapi.internal.json, made of the contract. Tests hold them against it.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";
import { eventSchemas, schemaName } from "../../shared/contract/event-schemas.ts";
import { openApi } from "../web/api/openapi.ts";

const DIRECTORY = new URL("../../docs/schemas/", import.meta.url);

await rm(DIRECTORY, { recursive: true, force: true });
await mkdir(DIRECTORY, { recursive: true });
for (const [detailType, schema] of Object.entries(eventSchemas())) {
  await write(new URL(`${schemaName(detailType)}.json`, DIRECTORY), schema);
}
await write(new URL("../openapi.internal.json", DIRECTORY), openApi({ internal: true }));

async function write(file: URL, document: object): Promise<void> {
  const style = await resolveConfig(file);
  await writeFile(file, await format(JSON.stringify(document), { ...style, filepath: file.pathname }));
}
