// The secrets of this machine: made once, kept in the data directory, readable by their owner alone.
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { StartError } from "./start-error.ts";

const SECRET_BYTES = 32;
const SECRETS = z.object({ linkSecret: z.string().min(1), webhookSecret: z.string().min(1) });
export type Secrets = z.infer<typeof SECRETS>;

/** @throws StartError when the file is there and cannot be read */
export async function keepSecrets(directory: string): Promise<Secrets> {
  const file = join(directory, "secrets.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    const secrets = { linkSecret: newSecret(), webhookSecret: newSecret() };
    await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return secrets;
  }
  try {
    return SECRETS.parse(JSON.parse(text));
  } catch {
    throw new StartError(`${file} does not hold two secrets: delete it, and signed links made so far stop working.`);
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("hex");
}
