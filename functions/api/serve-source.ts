// GET /sources/{name}: where fal fetches a source image. The random part of the name is the proof.
import * as z from "zod/mini";
import { RequestError } from "../../shared/edge/http-errors.ts";
import { http } from "../../shared/edge/lambda.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";

const path = z.object({ name: z.string() });
const SOURCE_NAME = /^[A-Za-z0-9_-]+-[0-9a-f]{32}\.jpg$/;

export const handler = http(z.object({ path }), async ({ path: { name } }) => {
  const bytes = SOURCE_NAME.test(name) ? await mediaFiles().read(`sources/${name}`) : undefined;
  if (!bytes) throw new RequestError(404, "not_found", "There is no such image.");
  return {
    statusCode: 200,
    headers: {
      "content-type": "image/jpeg",
      "cache-control": "private, max-age=86400",
      "x-content-type-options": "nosniff",
    },
    body: Buffer.from(bytes).toString("base64"),
    isBase64Encoded: true,
  };
});
