// POST /api/media/enhance: the picture, the words, and how to animate them.
import * as z from "zod/mini";
import { ASPECT_RATIOS, DURATIONS, KlingGenerationMode, PROMPT_MAX_CHARACTERS } from "../kling/models.ts";
import type { StartCommand } from "../generation/start.ts";
import { LINK_PREFIX, UPLOAD_ID, uploadIdIn } from "../media/upload.ts";
import { spaceIdInBody } from "./ids.ts";
import { maybe, text, textOrNumber, visible } from "./text.ts";

const LINK_MAX_CHARACTERS = 2048;

const link = text(LINK_MAX_CHARACTERS).check(
  z.refine((url) => isOfWebOrUpload(url), "must be an http(s) URL, or the link of an upload"),
  z.meta({
    description: "Of the web, or of an upload.",
    examples: ["https://example.com/photo.jpg"],
    format: "uri",
    pattern: `^([Hh][Tt][Tt][Pp][Ss]?://.+|${LINK_PREFIX}${UPLOAD_ID.source.slice(1, -1)})$`,
  }),
);

const words = text(PROMPT_MAX_CHARACTERS);

export const enhanceRequest = z
  .object({
    spaceId: spaceIdInBody,
    type: maybe(z.literal("video")).check(z.describe("video unless given.")),
    context: words.check(
      visible,
      z.meta({ description: "The user's words.", examples: ["The waves roll in, slow camera pan to the right."] }),
    ),
    mediaSpace: z.object({
      id: maybe(textOrNumber(text(128).check(z.minLength(1)))).check(
        z.describe("Of the picture; becomes baseMediaId."),
      ),
      media: z.object({
        name: maybe(text(256)),
        image: z.object({ link, width: maybe(z.number()), height: maybe(z.number()) }),
      }),
    }),
    mode: maybe(z.enum(KlingGenerationMode)),
    isPro: maybe(z.boolean()).check(
      z.meta({ deprecated: true, description: "true means pro; ignored when mode is given." }),
    ),
    duration: maybe(z.union([z.enum(DURATIONS), z.literal(5), z.literal(10)], { error: 'must be "5" or "10"' })).check(
      z.describe("Seconds; 5 unless given."),
    ),
    aspectRatio: maybe(z.enum(ASPECT_RATIOS)),
    negativePrompt: maybe(words),
    cfgScale: maybe(
      z.pipe(
        z.number().check(z.minimum(0), z.maximum(1)),
        // The table takes no number between 0 and 1e-130.
        z.transform((scale) => Math.round(scale * 1e6) / 1e6),
      ),
    ),
    tailImageUrl: maybe(link).check(z.describe("The last frame; pro only.")),
  })
  .check(
    z.refine((body) => body.tailImageUrl === undefined || modeOf(body) === KlingGenerationMode.PRO, {
      path: ["tailImageUrl"],
      message: "is only for mode pro",
    }),
    z.meta({
      if: { properties: { tailImageUrl: { type: "string" } }, required: ["tailImageUrl"] },
      then: {
        anyOf: [
          { properties: { mode: { const: KlingGenerationMode.PRO } }, required: ["mode"] },
          {
            properties: { isPro: { const: true } },
            required: ["isPro"],
            not: { properties: { mode: { type: "string" } }, required: ["mode"] },
          },
        ],
      },
    }),
  );
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
