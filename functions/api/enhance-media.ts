// POST /api/media/enhance: starts a generation and answers at once.
import * as z from "zod/mini";
import { enhanceRequest, startCommand } from "../../shared/contract/enhance.ts";
import { idempotencyKeySchema } from "../../shared/contract/idempotency-key.ts";
import { header } from "../../shared/edge/header.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { startGeneration } from "../../shared/generation/start.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";
import { startDeps } from "../../shared/services/start-deps.ts";

export const handler = http(z.object({ body: enhanceRequest }), async ({ body }, { headers, caller }) => {
  const key = header(headers, "Idempotency-Key", idempotencyKeySchema);
  const request = key === undefined ? undefined : { idempotencyKey: key };
  const command = { ...startCommand(body, caller("write"), offeredModels()), request };
  const { media, replayed } = await startGeneration(startDeps(), command, key);
  const mediaSpace = await presentMedia(mediaFiles(), media);
  const message = "The generation has started. Follow it with check-generation or by its own address.";
  return reply(
    202,
    { data: { success: true, message, mediaSpace } },
    replayed ? { "idempotent-replayed": "true" } : {},
  );
});
