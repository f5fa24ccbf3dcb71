// Generation Requested on the bus: starts a generation as the HTTP route does; a redelivery starts nothing.
import { startCommand } from "../../shared/contract/enhance.ts";
import { generationRequested } from "../../shared/contract/generation-requested.ts";
import { inEvent } from "../../shared/edge/http-errors.ts";
import { onRequestedEvent } from "../../shared/edge/requested-event.ts";
import { refuseOutlived, startGeneration } from "../../shared/generation/start.ts";
import { clock } from "../../shared/services/clock.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";
import { startDeps } from "../../shared/services/start-deps.ts";

export const handler = onRequestedEvent(generationRequested, async ({ id, source, time, detail }) => {
  refuseOutlived(time, clock.now());
  const caller = { tenantId: detail.tenantId, userId: `event:${source}` };
  const request = { id, idempotencyKey: detail.idempotencyKey };
  const command = { ...inEvent("detail", () => startCommand(detail, caller, offeredModels())), request };
  const { media, replayed } = await startGeneration(startDeps(), command, detail.idempotencyKey ?? id);
  // For a caller that invokes the function directly; the bus ignores it.
  return { mediaId: media.id, spaceId: media.spaceId, replayed };
});
