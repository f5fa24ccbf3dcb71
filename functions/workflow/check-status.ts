// Step check-status: one look at fal with the endpoint of the stored mode, and what comes next.
import { checkInput } from "../../shared/contract/steps.ts";
import { environment } from "../../shared/environment.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/lambda.ts";
import { checkStatus } from "../../shared/media/check.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";

export const handler = step(checkInput, async (input) =>
  checkStatus(
    {
      ...moveDeps(),
      files: mediaFiles(),
      kling,
      publicUrl: environment().PUBLIC_URL,
      inDoubtSeconds: environment().IN_DOUBT_SECONDS,
    },
    input,
    input.step?.requestId,
  ),
);
