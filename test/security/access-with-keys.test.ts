// The matrix of access once more, where our own authorizer judges callers: their tokens, and their keys.
import { vi } from "vitest";

vi.stubEnv("ACCESS_TEST_AUTH", "jwt,keys");
await import("./access.test.ts");
