// "Step Functions Execution Status Change" (AWS: Step Functions guide, "Automating Step Functions event delivery with EventBridge").
import * as z from "zod/mini";
import { stepInput } from "./steps.ts";

export const executionEnded = z.object({
  detail: z.object({
    name: z.string(),
    /** Epoch milliseconds. */
    startDate: z.number(),
    stopDate: z.number(),
    /** JSON text; ours is a few hundred bytes, far below the 248 KiB above which AWS leaves it out. */
    input: z.pipe(
      z.pipe(
        z.string(),
        z.transform((text, { issues }): unknown => {
          try {
            return JSON.parse(text);
          } catch {
            issues.push({ code: "custom", message: "must be JSON", input: text });
            return z.NEVER;
          }
        }),
      ),
      stepInput,
    ),
  }),
});
