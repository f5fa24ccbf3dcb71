// Step finalize-and-analyze: the finished video made ours, its facts read, the record committed, the video described.
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { stepInput } from "../../shared/contract/steps.ts";
import { environment } from "../../shared/environment.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/lambda.ts";
import { finalizeGeneration } from "../../shared/media/finalize.ts";
import { checkedFetch } from "../../shared/services/checked-fetch.ts";
import { clock } from "../../shared/services/clock.ts";
import { describer } from "../../shared/services/describer.ts";
import { eventBus } from "../../shared/services/event-bus.ts";
import { log } from "../../shared/services/log.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = step(stepInput, async (ref) =>
  finalizeGeneration(
    {
      records: mediaRecords(),
      files: mediaFiles(),
      fetch: checkedFetch(),
      readVideoFacts,
      describer: describer(),
      kling,
      events: eventBus(),
      publicUrl: environment().PUBLIC_URL,
      clock,
      log: log(),
    },
    ref,
  ),
);
