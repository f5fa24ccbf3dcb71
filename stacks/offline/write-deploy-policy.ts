// `npm run deploy-policy`: writes docs/deploy-policy.json, made of the graphs of everything that may be asked for. A test holds it to them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { deployPolicy } from "./deploy-rights.ts";
import type { Graph } from "./graph.ts";

/** Together they have every type of resource that there may be. */
export const VARIANTS: readonly Record<string, string>[] = [
  { IDENTITY: "cognito", CORS_ORIGINS: "https://app.example.com", ALARM_EMAIL: "ops@example.com" },
  { JWT_ISSUER: "https://issuer.example.com", JWT_AUDIENCE: "media", DOMAIN: "media.example.com" },
];
export const POLICY_FILE = fileURLToPath(new URL("../../docs/deploy-policy.json", import.meta.url));

/** The policy as it stands in the file. */
export async function policyText(graphs: readonly Graph[]): Promise<string> {
  const style = await resolveConfig(POLICY_FILE);
  return format(JSON.stringify(deployPolicy(graphs)), { ...style, filepath: POLICY_FILE });
}

function draw(settings: Record<string, string>): Graph {
  const directory = mkdtempSync(join(tmpdir(), "deploy-policy-"));
  const file = join(directory, "graph.json");
  const script = fileURLToPath(new URL("synth.ts", import.meta.url));
  const environment = { PATH: process.env["PATH"], SST_SECRET_FalKey: "offline-fal-key", ...settings };
  try {
    execFileSync(process.execPath, [script, file, "--strict"], {
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return JSON.parse(readFileSync(file, "utf8")) as Graph;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(POLICY_FILE, await policyText(VARIANTS.map(draw)));
