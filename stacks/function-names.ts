// What a function is called in AWS: the stage's name and its own.
import { functionName } from "./blueprint/functions.ts";

/** `kling-media-production-enhance-media`. */
export function fullFunctionName({ name, stage }: { name: string; stage: string }, handler: string): string {
  return `${name}-${stage}-${functionName(handler)}`;
}
