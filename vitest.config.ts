import { defineConfig } from "vitest/config";

// Two lanes (CONTRIBUTING.md, "Tests in lanes"): `npm test` is what a person waits for, `npm run check` runs both.
const LONG = "test/**/*.long.test.ts";

export default defineConfig({
  test: {
    globalSetup: ["test/support/temporary-files.ts", "test/support/build-web.ts"],
    projects: [
      { extends: true, test: { name: "quick", include: ["test/**/*.test.ts"], exclude: [LONG] } },
      { extends: true, test: { name: "long", include: [LONG] } },
    ],
    // vitest leaves one core to itself, which is half of a machine of two.
    maxWorkers: "100%",
    // The handlers log one JSON line per call; a test run only wants to see what failed.
    env: { POWERTOOLS_LOG_LEVEL: process.env["POWERTOOLS_LOG_LEVEL"] ?? "SILENT" },
    testTimeout: 20_000,
    // Drawing a resource graph takes 2 s, and five times that where others share the machine.
    hookTimeout: 60_000,
  },
});
