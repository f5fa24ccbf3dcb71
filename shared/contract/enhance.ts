// POST /api/media/enhance: the picture, the words, and how to animate them.
import * as z from "zod/mini";
import { choose } from "../kling/choice.ts";
import { ASPECT_RATIOS, KlingGenerationMode, PROMPT_MAX_CHARACTERS, type KlingRow } from "../kling/models.ts";
import type { StartCommand } from "../generation/start.ts";
import type { KeyBudget } from "../media/media.ts";
import { LINK_PREFIX, UPLOAD_ID, uploadIdIn } from "../media/upload.ts";
import { spaceIdInBody } from "./ids.ts";
import { maybe, text, textOrNumber, visible } from "./text.ts";

const LINK_MAX_CHARACTERS = 2048;

/** Of links as the published schema says it. */
export const LINK_PATTERN = `^([Hh][Tt][Tt][Pp][Ss]?://.+|${LINK_PREFIX}${UPLOAD_ID.source.slice(1, -1)})$`;

const link = text(LINK_MAX_CHARACTERS).check(
  z.refine((url) => isOfWebOrUpload(url), "must be an http(s) URL, or the link of an upload"),
  z.meta({
    description: "Of the web, or of an upload.",
    examples: ["https://example.com/photo.jpg"],
    format: "uri",
    pattern: LINK_PATTERN,
  }),
);

const words = text(PROMPT_MAX_CHARACTERS);

/** Which lengths are possible is the model's; here it is a whole number, in digits as fal and older clients have it, or as a number. */
export const seconds = z.union(
  [z.string().check(z.regex(/^[1-9]\d{0,2}$/)), z.int().check(z.minimum(1), z.maximum(999))],
  {
    error: 'must be a whole number of seconds, such as "5" or 5',
  },
);

export const enhanceRequest = z.object({
  spaceId: spaceIdInBody,
  type: maybe(z.literal("video")).check(z.describe("video unless given.")),
  context: words.check(
    visible,
    z.meta({ description: "The user's words.", examples: ["The waves roll in, slow camera pan to the right."] }),
  ),
  mediaSpace: z.object({
    id: maybe(textOrNumber(text(128).check(z.minLength(1)))).check(z.describe("Of the picture; becomes baseMediaId.")),
    media: z.object({
      name: maybe(text(256)),
      image: z.object({ link, width: maybe(z.number()), height: maybe(z.number()) }),
    }),
  }),
  model: maybe(z.string()).check(
    z.meta({ description: "Of GET /api/models; its default unless given.", examples: ["kling-3"] }),
  ),
  mode: maybe(z.enum(KlingGenerationMode)).check(z.describe("The model's first unless given.")),
  isPro: maybe(z.boolean()).check(
    z.meta({ deprecated: true, description: "true means pro; ignored when mode is given." }),
  ),
  duration: maybe(seconds).check(z.describe("One of the mode's; 5 unless given, or the sum of the shots.")),
  audio: maybe(z.boolean()).check(z.describe("With sound, where the mode leaves the choice; false unless given.")),
  shots: maybe(z.array(z.object({ prompt: words.check(visible), duration: seconds }))).check(
    z.describe("What happens shot by shot, where the mode has `shots`; context then describes the whole."),
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
  tailImageUrl: maybe(link).check(z.describe("The last frame, where the mode has `lastFrame`.")),
});
export type EnhanceRequest = z.infer<typeof enhanceRequest>;

/** What is asked for, by whichever route it came. */
type StartWish = Pick<EnhanceRequest, "spaceId" | "context"> &
  Partial<Omit<EnhanceRequest, "mediaSpace">> & {
    mediaSpace: { id?: string | undefined; media: { name?: string | undefined; image: { link: string } } };
  };

/**
 * What the domain starts; of the caller's picture only link, name and id are taken.
 * @param offered what this deployment offers
 * @throws NotOfferedError with what would be possible
 */
export function startCommand(
  body: StartWish,
  caller: { tenantId: string; userId: string; keyBudget?: KeyBudget },
  offered: readonly KlingRow[],
): StartCommand {
  const { id: baseMediaId, media } = body.mediaSpace;
  const { context, audio, negativePrompt, cfgScale, tailImageUrl } = body;
  const mode = body.mode ?? (body.isPro ? KlingGenerationMode.PRO : undefined);
  const duration = body.duration === undefined ? undefined : String(body.duration);
  const shots = body.shots?.map((shot) => ({ ...shot, duration: String(shot.duration) }));
  const asked = { model: body.model, mode, duration, audio, shots, context, negativePrompt, cfgScale, tailImageUrl };
  const { row, ...choice } = choose(offered, asked);
  return {
    tenantId: caller.tenantId,
    spaceId: body.spaceId,
    uploadedBy: caller.userId,
    keyBudget: caller.keyBudget,
    baseMediaId,
    name: media.name,
    context,
    image: { link: media.image.link },
    generationMode: row.mode,
    duration: choice.duration,
    aspectRatio: body.aspectRatio,
    negativePrompt,
    cfgScale,
    tailImageUrl,
    model: row.model,
    audio: choice.audio,
    shots: choice.shots,
  };
}

export function isOfWebOrUpload(link: string): boolean {
  const uploadId = uploadIdIn(link);
  return uploadId === undefined ? /^https?:\/\//i.test(link) && URL.canParse(link) : UPLOAD_ID.test(uploadId);
}
