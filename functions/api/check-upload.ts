// POST /api/uploads/{id}/check: looks at the picture that came, and gives the link that stands for it.
import * as z from "zod/mini";
import { inspectImage } from "../../shared/adapters/source-image.ts";
import { uploadPath } from "../../shared/contract/upload.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { checkUpload } from "../../shared/media/upload.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";

export const handler = http(z.object({ path: uploadPath }), async ({ path }, { caller }) => {
  const deps = { files: mediaFiles(), images: { inspect: inspectImage } };
  return reply(200, { data: await checkUpload(deps, { tenantId: caller("write").tenantId, id: path.id }) });
});
