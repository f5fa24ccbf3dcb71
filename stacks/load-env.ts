// The settings in `.env`, where there is one: Node's own flag says "not found" as the first line of everything where there is none.
import { existsSync } from "node:fs";

if (existsSync(".env")) process.loadEnvFile(".env");
