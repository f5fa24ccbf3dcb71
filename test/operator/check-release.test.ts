// A release is one thing: its version, its changelog, its tag and its client package.
import { expect, it } from "vitest";
import { releaseFaults, type Release } from "../../stacks/operator/check-release.ts";

const SOUND: Release = {
  version: "0.2.0",
  lockVersion: "0.2.0",
  clientVersion: "0.2.0",
  changelog: "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-28\n",
  tags: ["v0.2.0"],
};

it("lets a release be whose parts agree, and one that is not tagged yet", () => {
  expect(releaseFaults(SOUND)).toEqual([]);
  expect(releaseFaults({ ...SOUND, tags: undefined })).toEqual([]);
});

it.each<[Partial<Release>, string]>([
  [
    { version: "0.2", lockVersion: "0.2", clientVersion: "0.2", changelog: "## [0.2] - 2026-11-28", tags: ["v0.2"] },
    "is not major.minor.patch",
  ],
  [{ lockVersion: "0.1.0" }, "package-lock.json says 0.1.0"],
  [{ clientVersion: "0.1.0" }, "The client package says 0.1.0"],
  [{ changelog: "## [Unreleased]\n## [0.2.0]\n" }, 'has no "## [0.2.0] - YYYY-MM-DD"'],
  [{ tags: ["v0.1.0"] }, "has no tag v0.2.0"],
])("says what does not fit: %o", (planted, fault) => {
  expect(releaseFaults({ ...SOUND, ...planted })).toEqual([expect.stringContaining(fault)]);
});
