// The dependencies of the step that submits.
import { fitImage, makePlaceholder } from "../adapters/source-image.ts";
import { setting } from "../environment.ts";
import * as kling from "../kling.ts";
import { checkedFetch } from "./checked-fetch.ts";
import { announcements } from "./event-bus.ts";
import { gate } from "./gate.ts";
import { mediaFiles } from "./media-files.ts";
import { ledger } from "./ledger.ts";
import { moveDeps } from "./move-deps.ts";
import { prompts } from "./prompts.ts";
import { spendingLimits } from "./spending-limits.ts";
import { webhookUrl } from "./webhooks.ts";
import type { SubmitDeps } from "../generation/submit.ts";

export function submitDeps(): SubmitDeps {
  return {
    ...moveDeps(),
    ledger: ledger(),
    gate: gate(),
    announcements,
    holdSeconds: setting("HOLD_SECONDS"),
    files: mediaFiles(),
    images: { fit: fitImage, placeholder: makePlaceholder },
    fetch: checkedFetch(),
    limits: spendingLimits(),
    prompts: prompts(),
    kling,
    publicUrl: setting("PUBLIC_URL"),
    webhookUrl,
  };
}
