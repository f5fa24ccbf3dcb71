// SST's own components and types, laid out once under .sst by SST itself: a minute and 320 MB, nothing when it is there.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const PLATFORM = join(ROOT, ".sst/platform");
/** Written last: an installation that was interrupted has none. */
const STAMP = join(PLATFORM, "installed-for");

/** Ten times what it takes: a registry that does not answer ends it. */
const INSTALL_TIMEOUT_MS = 600_000;

/** The platform follows from the version of `sst` and from the providers that sst.config.ts names. */
function wanted(): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(ROOT, "node_modules/sst/package.json"), "utf8")));
  const providers = /providers:\s*\{[^}]*\}[^}]*\}/.exec(readFileSync(join(ROOT, "sst.config.ts"), "utf8"))?.[0] ?? "";
  return `sst ${version} ${createHash("sha256").update(providers).digest("hex")}\n`;
}

function installPlatform(): void {
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted()) return;
  console.error("Installing SST's platform into .sst (once, about a minute) ...");
  rmSync(STAMP, { force: true });
  const settings = {
    SST_STAGE: "ci",
    SST_TELEMETRY_DISABLED: "1",
    SST_SKIP_DEPENDENCY_CHECK: "true",
    SST_NO_BUN: "true",
  };
  const options = {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    encoding: "utf8",
    stdio: "pipe",
    timeout: INSTALL_TIMEOUT_MS,
  } as const;
  try {
    execFileSync(join(ROOT, "node_modules/.bin/sst"), ["install"], options);
  } catch (error) {
    const said = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    console.error(`${said}\nSST's platform could not be installed; it needs the npm registry once.`);
    process.exit(1);
  }
  writeFileSync(STAMP, wanted());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installPlatform();
