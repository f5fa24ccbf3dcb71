import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["test/support/temporary-files.ts", "test/support/build-web.ts"],
    include: ["test/**/*.test.ts"],
    // The handlers log one JSON line per call; a test run only wants to see what failed.
    env: { POWERTOOLS_LOG_LEVEL: process.env["POWERTOOLS_LOG_LEVEL"] ?? "SILENT" },
    testTimeout: 20_000,
    // Drawing a resource graph takes 2 s, and five times that where others share the machine.
    hookTimeout: 60_000,
  },
});
