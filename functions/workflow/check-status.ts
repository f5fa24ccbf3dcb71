// Step check-status: one look at fal with the endpoint of the stored mode, and what comes next.
import { checkInput } from "../../shared/contract/steps.ts";
import { environment } from "../../shared/environment.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/lambda.ts";
import { checkStatus } from "../../shared/media/check.ts";
import { clock } from "../../shared/services/clock.ts";
import { eventBus } from "../../shared/services/event-bus.ts";
import { log } from "../../shared/services/log.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = step(checkInput, async (input) =>
  checkStatus(
    {
      records: mediaRecords(),
      files: mediaFiles(),
      kling,
      events: eventBus(),
      publicUrl: environment().PUBLIC_URL,
      inDoubtSeconds: environment().IN_DOUBT_SECONDS,
      clock,
      log: log(),
    },
    input,
    input.step?.requestId,
  ),
);
