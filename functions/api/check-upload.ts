// POST /api/uploads/{id}/check: checks the uploaded picture, and returns the link that stands for it.
import * as z from "zod/mini";
import { uploadPath } from "../../shared/contract/upload.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { checkUpload } from "../../shared/media/upload.ts";
import { imageInspector } from "../../shared/services/image-inspector.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";

export const handler = http(z.object({ path: uploadPath }), async ({ path }, { caller }) => {
  const deps = { files: mediaFiles(), images: imageInspector };
  return reply(200, { data: await checkUpload(deps, { tenantId: caller("write").tenantId, id: path.id }) });
});
