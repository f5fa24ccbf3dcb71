// `npm run release:check [-- --tag]`: version, changelog, tag and client package say the same.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { ROOT } from "../offline/platform.ts";
import { packageClient } from "../web/package-client.ts";

const versioned = z.object({ version: z.string() });

/** What stands where. */
export interface Release {
  /** of package.json */
  version: string;
  /** of package-lock.json */
  lockVersion: string;
  clientVersion: string;
  /** the whole text of docs/changelog.md */
  changelog: string;
  /** tags of the commit that is checked out; undefined where none is asked for */
  tags: readonly string[] | undefined;
}

/** What does not fit, in words; empty when all does. */
export function releaseFaults({ version, lockVersion, clientVersion, changelog, tags }: Release): string[] {
  const entry = new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - \\d{4}-\\d{2}-\\d{2}$`, "m");
  return [
    ...(/^\d+\.\d+\.\d+$/.test(version) ? [] : [`package.json: "${version}" is not major.minor.patch.`]),
    ...(lockVersion === version
      ? []
      : [`package-lock.json says ${lockVersion}, package.json ${version}: run npm install.`]),
    ...(clientVersion === version ? [] : [`The client package says ${clientVersion}, package.json ${version}.`]),
    ...(entry.test(changelog) ? [] : [`docs/changelog.md has no "## [${version}] - YYYY-MM-DD".`]),
    ...(tags === undefined || tags.includes(`v${version}`)
      ? []
      : [`This commit has no tag v${version}: git tag -a v${version} -m "${version}".`]),
  ];
}

/** @param withTag whether the commit must carry the version's tag already */
async function readRelease(withTag: boolean): Promise<Release> {
  const version = (file: string) => versioned.parse(JSON.parse(readFileSync(file, "utf8"))).version;
  const directory = await mkdtemp(join(tmpdir(), "release-"));
  try {
    await packageClient(directory);
    const git = (...words: string[]) => execFileSync("git", words, { cwd: ROOT, encoding: "utf8" });
    return {
      version: version(join(ROOT, "package.json")),
      lockVersion: version(join(ROOT, "package-lock.json")),
      clientVersion: version(join(directory, "package.json")),
      changelog: await readFile(join(ROOT, "docs/changelog.md"), "utf8"),
      tags: withTag ? git("tag", "--points-at", "HEAD").split("\n") : undefined,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { tag: { type: "boolean", default: false } } });
  const release = await readRelease(values.tag);
  const faults = releaseFaults(release);
  for (const fault of faults) console.error(fault);
  if (faults.length === 0)
    console.log(`${release.version}: version, changelog${values.tag ? ", tag" : ""} and client package agree.`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
