// "Step Functions Execution Status Change" (AWS: Step Functions guide, "Automating Step Functions event delivery with EventBridge").
import * as z from "zod";
import { stepInput } from "./steps.ts";

export const executionEnded = z.object({
  detail: z.object({
    name: z.string(),
    /** Epoch milliseconds. */
    startDate: z.number(),
    stopDate: z.number(),
    /** JSON text; ours is a few hundred bytes, far below the 248 KiB above which AWS leaves it out. */
    input: z
      .string()
      .transform((text, issue): unknown => {
        try {
          return JSON.parse(text);
        } catch {
          issue.addIssue({ code: "custom", message: "must be JSON" });
          return z.NEVER;
        }
      })
      .pipe(stepInput),
  }),
});
