// POST /api/uploads: an address to upload a picture from the user's disk to, for so many bytes and a quarter of an hour.
import * as z from "zod/mini";
import { uploadRequest } from "../../shared/contract/upload.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { openUpload } from "../../shared/media/upload.ts";
import { clock } from "../../shared/services/clock.ts";
import { newId } from "../../shared/services/new-id.ts";
import { uploadPlaces } from "../../shared/services/upload-places.ts";

export const handler = http(z.object({ body: uploadRequest }), async ({ body }, { caller }) => {
  const { tenantId } = caller("write");
  return reply(201, { data: await openUpload({ places: uploadPlaces(), clock, newId }, { tenantId, ...body }) });
});
