// POST /v1/videos: starts a generation in the shape of OpenAI's Videos API.
import * as z from "zod/mini";
import { idempotencyKeySchema } from "../../shared/contract/idempotency-key.ts";
import {
  createVideoRequest,
  DEFAULT_SPACE,
  showVideo,
  spaceHeader,
  startVideoCommand,
} from "../../shared/contract/videos.ts";
import { header } from "../../shared/edge/header.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { VIDEOS_API } from "../../shared/edge/videos-api.ts";
import { startGeneration, startOrFindRepeated } from "../../shared/generation/start.ts";
import { keepSent } from "../../shared/media/upload.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";
import { startDeps } from "../../shared/services/start-deps.ts";

export const handler = http(
  z.object({ body: createVideoRequest }),
  async ({ body }, { headers, caller }) => {
    const spaceId = header(headers, "x-space-id", spaceHeader) ?? DEFAULT_SPACE;
    const key = header(headers, "Idempotency-Key", idempotencyKeySchema);
    const { command, sent } = startVideoCommand({ ...body, spaceId }, caller("write"), offeredModels());
    if (sent) await keepSent({ files: mediaFiles() }, command.tenantId, sent);
    // The clients made by Stainless count how often they have repeated a request, and send no key.
    const isRepeat = Number(headers["x-stainless-retry-count"] ?? 0) > 0;
    const { media, replayed } =
      key === undefined
        ? await startOrFindRepeated(startDeps(), command, { isRepeat })
        : await startGeneration(startDeps(), { ...command, request: { idempotencyKey: key } }, key);
    return reply(200, showVideo(media), replayed ? { "idempotent-replayed": "true" } : {});
  },
  VIDEOS_API,
);
