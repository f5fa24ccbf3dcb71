// The secrets of this machine: made once, kept in the data directory, readable by their owner alone.
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { StartError } from "./start-error.ts";

const SECRET_BYTES = 32;
const secret = z.string().min(1);
const SECRETS = z.object({
  linkSecret: secret,
  webhookSecret: secret,
  // Machines of older versions have none yet.
  cursorSecret: secret.default(newSecret),
  sealSecret: secret.default(newSecret),
});
export type Secrets = z.infer<typeof SECRETS>;

/** @throws StartError when the file is there and cannot be read */
export async function keepSecrets(directory: string): Promise<Secrets> {
  const file = join(directory, "secrets.json");
  const kept = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return JSON.stringify({ linkSecret: newSecret(), webhookSecret: newSecret() });
  });
  let secrets: Secrets;
  try {
    secrets = SECRETS.parse(JSON.parse(kept));
  } catch {
    throw new StartError(`${file} does not hold its secrets: delete it, and signed links made so far stop working.`);
  }
  const text = `${JSON.stringify(secrets, null, 2)}\n`;
  if (text === kept) return secrets;
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("hex");
}
