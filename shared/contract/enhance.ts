// POST /api/media/enhance: the picture, the words, and how to animate them.
import * as z from "zod";
import { ASPECT_RATIOS, DURATIONS, KlingGenerationMode, PROMPT_MAX_CHARACTERS } from "../media/modes.ts";
import type { StartCommand } from "../media/start.ts";
import { LINK_PREFIX, UPLOAD_ID, uploadIdIn } from "../media/upload.ts";
import { spaceId } from "./ids.ts";
import { text } from "./text.ts";

const LINK_MAX_CHARACTERS = 2048;

const link = text(LINK_MAX_CHARACTERS)
  .refine((url) => isOfWebOrUpload(url), "must be an http(s) URL, or the link of an upload")
  .meta({
    description: "Of the web, or of an upload.",
    examples: ["https://example.com/photo.jpg"],
    format: "uri",
    pattern: `^([Hh][Tt][Tt][Pp][Ss]?://.+|${LINK_PREFIX}${UPLOAD_ID.source.slice(1, -1)})$`,
  });

const words = text(PROMPT_MAX_CHARACTERS);

export const enhanceRequest = z
  .object({
    spaceId,
    type: z.literal("video"),
    context: words
      .regex(/\S/, "must say what shall happen in the video")
      .meta({ description: "The user's words.", examples: ["The waves roll in, slow camera pan to the right."] }),
    mediaSpace: z.object({
      id: text(128).min(1).optional().meta({ description: "Of the picture; becomes baseMediaId." }),
      media: z.object({
        name: text(256).optional(),
        image: z.object({ link, width: z.number().optional(), height: z.number().optional() }),
      }),
    }),
    mode: z.enum(KlingGenerationMode).optional(),
    isPro: z
      .boolean()
      .optional()
      .meta({ deprecated: true, description: "true means pro; ignored when mode is given." }),
    duration: z
      .union([z.enum(DURATIONS), z.literal(5), z.literal(10)], { error: 'must be "5" or "10"' })
      .optional()
      .meta({ description: "Seconds; 5 unless given." }),
    aspectRatio: z.enum(ASPECT_RATIOS).optional(),
    negativePrompt: words.optional(),
    cfgScale: z
      .number()
      .min(0)
      .max(1)
      // The table takes no number between 0 and 1e-130.
      .transform((scale) => Math.round(scale * 1e6) / 1e6)
      .optional(),
    tailImageUrl: link.optional().meta({ description: "The last frame; pro only." }),
  })
  .refine((body) => body.tailImageUrl === undefined || modeOf(body) === KlingGenerationMode.PRO, {
    path: ["tailImageUrl"],
    message: "is only for mode pro",
  })
  .meta({
    if: { properties: { tailImageUrl: {} }, required: ["tailImageUrl"] },
    then: {
      anyOf: [
        { properties: { mode: { const: KlingGenerationMode.PRO } }, required: ["mode"] },
        {
          properties: { isPro: { const: true } },
          required: ["isPro"],
          not: { properties: { mode: {} }, required: ["mode"] },
        },
      ],
    },
  });
export type EnhanceRequest = z.infer<typeof enhanceRequest>;

/** What the domain starts; of the caller's picture only link, name and id are taken. */
export function startCommand(body: EnhanceRequest, caller: { tenantId: string; userId: string }): StartCommand {
  const { id: baseMediaId, media } = body.mediaSpace;
  return {
    tenantId: caller.tenantId,
    spaceId: body.spaceId,
    uploadedBy: caller.userId,
    baseMediaId,
    name: media.name,
    context: body.context,
    image: { link: media.image.link },
    generationMode: modeOf(body),
    duration: String(body.duration) === "10" ? "10" : "5",
    aspectRatio: body.aspectRatio,
    negativePrompt: body.negativePrompt,
    cfgScale: body.cfgScale,
    tailImageUrl: body.tailImageUrl,
  };
}

function isOfWebOrUpload(link: string): boolean {
  const uploadId = uploadIdIn(link);
  return uploadId === undefined ? /^https?:\/\//i.test(link) && URL.canParse(link) : UPLOAD_ID.test(uploadId);
}

function modeOf({ mode, isPro }: { mode?: KlingGenerationMode; isPro?: boolean }): KlingGenerationMode {
  return mode ?? (isPro ? KlingGenerationMode.PRO : KlingGenerationMode.STANDARD);
}
