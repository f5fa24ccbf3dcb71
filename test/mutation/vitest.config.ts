import { defineConfig } from "vitest/config";

/** What speaks to the domain in one process; what runs it in another cannot see a mutant. */
const ROOMS = "kling,media,money,generation,adapters,functions,workflow,contract,edge,client";

export default defineConfig({
  test: {
    globalSetup: ["test/support/temporary-files.ts", "test/support/build-web.ts"],
    include: [`test/{${ROOMS}}/**/*.test.ts`, "test/*.test.ts"],
    exclude: ["test/**/*.long.test.ts", "test/house.test.ts"],
    env: { POWERTOOLS_LOG_LEVEL: "SILENT" },
    testTimeout: 20_000,
  },
});
