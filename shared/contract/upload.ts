// POST /api/uploads and its check: a place for a picture from somebody's disk.
import * as z from "zod";
import { IMAGE_MAX_BYTES } from "../media/modes.ts";
import { UPLOAD_ID } from "../media/upload.ts";

export const uploadRequest = z.object({
  size: z.number().int().positive().meta({
    description: "Bytes of the picture, exactly: the place takes no other amount.",
    example: 2_345_678,
    // Held to by the domain, whose answer is that of every picture that is too large.
    maximum: IMAGE_MAX_BYTES,
  }),
});

const uploadId = z
  .string()
  .regex(UPLOAD_ID, "must be the id of an upload")
  .meta({ description: "Of the upload.", example: "019b76da-a800-7000-8000-000000000001" });

export const uploadAnswer = z.object({
  data: z.object({
    id: uploadId,
    put: z
      .object({
        method: z.literal("PUT"),
        url: z.url(),
        headers: z.record(z.string(), z.string()).meta({ description: "To be sent with it." }),
      })
      .meta({ description: "Where the bytes go, without any other header of yours: the URL is the permission." }),
    expiresAt: z.iso.datetime().meta({ description: "The place takes bytes until then." }),
  }),
});

export const uploadPath = z.object({ id: uploadId });

export const checkUploadAnswer = z.object({
  data: z.object({
    link: z.string().meta({
      description: "For `mediaSpace.media.image.link` and `tailImageUrl`, for a week, in any space of yours.",
      example: "upload:019b76da-a800-7000-8000-000000000001",
    }),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
  }),
});
