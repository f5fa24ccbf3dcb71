// `npm run synth -- graph.json [--stage production] [--strict]`: writes the resource graph of a stage, offline.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as z from "zod";
import { resourceGraph } from "./graph.ts";

/** Stand-ins for missing settings, so that a graph can be drawn without an identity provider; never with --strict. */
const PLACEHOLDERS = { JWT_ISSUER: "https://issuer.example.com", JWT_AUDIENCE: "media" };
const SECRETS = { FalKey: "offline-fal-key" };

const USAGE = `npm run synth -- graph.json [--stage production] [--dev] [--strict]
  --stage   the stage to draw, default "production"
  --dev     as \`sst dev\` would make it
  --strict  only with the settings that are set: fails where a deploy would`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stage: { type: "string", default: "production" },
      strict: { type: "boolean", default: false },
      dev: { type: "boolean", default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new Error(USAGE);
  if (!/^[a-z][a-z0-9-]*$/i.test(values.stage)) throw new Error(`"${values.stage}" cannot be the name of a stage.`);

  // Where keys alone are taken, a deploy needs no identity provider.
  const takesTokens = /\bjwt\b/.test(process.env["AUTH"] ?? "jwt");
  if (!values.strict && takesTokens && !process.env["IDENTITY"]) {
    for (const [name, value] of Object.entries(PLACEHOLDERS)) {
      if (process.env[name] !== undefined) continue;
      process.env[name] = value;
      console.error(`${name} is not set: ${value} stands in (a deploy would stop here).`);
    }
  }
  const graph = await resourceGraph({ stage: values.stage, dev: values.dev, secrets: values.strict ? {} : SECRETS });
  writeFileSync(file, `${JSON.stringify(graph, null, 2)}\n`);
  const { data: notes = [] } = z.array(z.string()).safeParse(graph.outputs["notes"]);
  for (const note of notes) console.error(`[account] ${note}`);
  console.log(`${graph.resources.length} resources of ${graph.app.name}-${graph.app.stage} in ${file}`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    // Pulumi may hold the process open after a failure.
    process.exit(1);
  },
);
