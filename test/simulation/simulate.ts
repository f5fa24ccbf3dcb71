// Runs the simulation in a process of its own, as it must be: it takes the time away from the process that it runs in.
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Report } from "./report.ts";

const MAIN = path.join(import.meta.dirname, "main.ts");

/** A run leaves some MB of short-lived objects behind: with more room for them the collector runs seldom. */
export const ROOM_FOR_THE_YOUNG = "--max-semi-space-size=64";

/** What `npm run simulate` prints. */
export async function simulate(...options: string[]): Promise<string> {
  const child = spawn(process.execPath, [ROOM_FOR_THE_YOUNG, MAIN, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const [printed, wrong] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (printed === "") throw new Error(`the simulation has ended without a word:\n${wrong}`);
  return printed;
}

/** The report of `npm run simulate -- ...`. */
export async function reportOf(...options: string[]): Promise<Report> {
  return JSON.parse(await simulate(...options, "--json")) as Report;
}
