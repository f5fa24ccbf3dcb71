// What SST asks its command line to build: one function, with what it is linked to.
import { relative } from "node:path";
import * as z from "zod";
import { ROOT } from "./platform.ts";

export const buildSchema = z.object({
  functionID: z.string(),
  handler: z.string(),
  runtime: z.string(),
  /** By name, what `Resource.<name>` gives in that function. */
  links: z.record(z.string(), z.record(z.string(), z.unknown())),
  properties: z.record(z.string(), z.unknown()).nullish(),
  /** Files and directories of the project, from its root, and where they lie in the zip. */
  copyFiles: z
    .array(z.object({ from: z.string().transform((path) => relative(ROOT, path)), to: z.string() }))
    .default([]),
});
export type FunctionBuild = z.infer<typeof buildSchema>;
