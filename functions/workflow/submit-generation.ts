// Step submit-generation: the source image made ours, the prompt enhanced, one claim, one POST.
import { fitImage, makePlaceholder } from "../../shared/adapters/source-image.ts";
import { stepInput } from "../../shared/contract/steps.ts";
import { setting } from "../../shared/environment.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/edge/lambda.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { checkedFetch } from "../../shared/services/checked-fetch.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";
import { prompts } from "../../shared/services/prompts.ts";
import { spendingLimits } from "../../shared/services/spending-limits.ts";
import { webhookUrl } from "../../shared/services/webhooks.ts";

export const handler = step(stepInput, async (ref) =>
  submitGeneration(
    {
      ...moveDeps(),
      files: mediaFiles(),
      images: { fit: fitImage, placeholder: makePlaceholder },
      fetch: checkedFetch(),
      limits: spendingLimits(),
      prompts: prompts(),
      kling,
      publicUrl: setting("PUBLIC_URL"),
      webhookUrl,
    },
    ref,
  ),
);
