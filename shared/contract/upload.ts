// The requests of POST /api/uploads and its check: a picture from the user's disk.
import * as z from "zod/mini";
import { IMAGE_LIMITS } from "../kling/models.ts";
import { UPLOAD_ID } from "../media/upload.ts";

export const uploadRequest = z.object({
  size: z.int().check(
    z.positive(),
    z.meta({
      description: "Bytes of the picture, exactly: the place takes no other amount.",
      example: 2_345_678,
      // Held to by the domain, whose answer is that of every picture that is too large.
      maximum: IMAGE_LIMITS.maxBytes,
    }),
  ),
});

export const uploadId = z
  .string()
  .check(
    z.regex(UPLOAD_ID, "must be the id of an upload"),
    z.meta({ description: "Of the upload.", example: "019b76da-a800-7000-8000-000000000001" }),
  );

export const uploadPath = z.object({ id: uploadId });
