// The tools that lead to a video: what there is, what it costs, and the start.
import * as z from "zod/mini";
import { isOfWebOrUpload, LINK_PATTERN, seconds, startCommand } from "../contract/enhance.ts";
import { idempotencyKeySchema } from "../contract/idempotency-key.ts";
import { spaceId } from "../contract/ids.ts";
import { maybe, text, visible } from "../contract/text.ts";
import { DEFAULT_SPACE, inFieldsOf } from "../contract/videos.ts";
import { RequestError } from "../edge/http-errors.ts";
import { startGeneration, startOrFindRepeated, type StartCommand } from "../generation/start.ts";
import { findRow } from "../kling/catalogue.ts";
import { choose } from "../kling/choice.ts";
import { ASPECT_RATIOS, KlingGenerationMode, PROMPT_MAX_CHARACTERS } from "../kling/models.ts";
import { showModels } from "../kling/present.ts";
import { estimatedCostUsd, prices } from "../kling/price.ts";
import { ModelWithdrawnError } from "../media/errors.ts";
import { offeredModels } from "../services/offered-models.ts";
import { startDeps } from "../services/start-deps.ts";
import { shown } from "./shown.ts";
import { tool } from "./tool.ts";

const TOOL_FIELDS = { context: "prompt", duration: "seconds" };

const choice = {
  model: maybe(z.string()).check(
    z.describe("A model id of list_models, such as kling-2.1, which is taken without it."),
  ),
  mode: maybe(z.enum(KlingGenerationMode)).check(z.describe("A mode of the model; its first without it.")),
  seconds: maybe(seconds).check(z.describe("Length of the video: one of the mode's durations; 5 without it.")),
  audio: maybe(z.boolean()).check(z.describe("true: with sound, where the mode leaves the choice. It costs more.")),
};

export const listModels = tool({
  name: "list_models",
  title: "List the video models",
  description:
    "The Kling image-to-video models that are offered here: their modes, possible lengths in seconds, whether they can have sound, and US dollars per second. Costs nothing.",
  access: "read",
  input: z.object({}),
  run: async () => {
    const models = showModels(offeredModels());
    const lines = models.flatMap(({ id, modes, default: isDefault }) =>
      modes.map(({ mode, durations, audio, prices: perSecond }) => {
        const costs = perSecond.map((it) => `$${it.usdPerSecond}${it.audio ? " with sound" : ""}`).join(" or ");
        const name = `${id} ${mode}${isDefault && mode === modes[0]?.mode ? " (default)" : ""}`;
        return `${name}: ${durations.join(", ")} s; ${costs} a second; sound: ${audio}`;
      }),
    );
    return { text: lines.join("\n"), data: { models } };
  },
});

export const quoteVideo = tool({
  name: "quote_video",
  title: "Ask what a video costs",
  description:
    "What one video would cost in US dollars, before it is started. Costs nothing. Call it before start_video and give its `usd` as maxUsd; if that is more than the person has allowed, ask them first.",
  access: "read",
  input: z.object(choice),
  run: async ({ model, mode, seconds: length, audio }) => {
    const duration = length === undefined ? undefined : String(length);
    const wish = { model, mode, duration, audio, context: "" };
    const { row, ...chosen } = inFieldsOf(TOOL_FIELDS, () => choose(offeredModels(), wish));
    const usd = estimatedCostUsd(row, chosen);
    const listed = prices([row]).find((it) => it.duration === chosen.duration && it.audio === chosen.audio);
    const analysisUsd = listed?.analysisUsd ?? 0;
    const of = `${row.model} ${row.mode}, ${chosen.duration} s, ${chosen.audio ? "with sound" : "without sound"}`;
    const { duration: made, audio: sound } = chosen;
    return {
      text: `${of}: $${usd}. Give maxUsd ${usd} to start_video. Describing the finished video costs up to $${analysisUsd} more.`,
      data: {
        model: row.model,
        mode: row.mode,
        seconds: Number(made),
        audio: sound,
        currency: "USD",
        usd,
        analysisUsd,
      },
    };
  },
});

const imageUrl = text(2048).check(
  z.refine((url) => isOfWebOrUpload(url), "must be an http(s) link, or the link of an upload"),
  z.meta({
    description:
      "The picture to animate: a public http(s) link to a JPEG, PNG or WebP of at least 300 pixels a side, or the link of an upload (POST /api/uploads).",
    pattern: LINK_PATTERN,
  }),
);

export const startVideo = tool({
  name: "start_video",
  title: "Start a video (costs money)",
  description:
    "Starts one video from a picture and a prompt, and answers at once with its id; the video takes one to five minutes: then call wait_for_video. This spends money: maxUsd is the most that it may cost, and nothing is started that costs more. The same call again within ten minutes finds the first video and costs nothing; for a second one of the same give another idempotencyKey. If a call timed out, make the same call again, or look into list_videos.",
  access: "write",
  input: z.object({
    prompt: text(PROMPT_MAX_CHARACTERS).check(
      visible,
      z.describe("What happens in the video: the motion and the camera."),
    ),
    imageUrl,
    ...choice,
    aspectRatio: maybe(z.enum(ASPECT_RATIOS)).check(z.describe("The picture is cut to it; its own ratio without it.")),
    space: maybe(spaceId).check(z.describe(`A name to group videos by; ${DEFAULT_SPACE} without it.`)),
    maxUsd: z
      .number()
      .check(z.nonnegative(), z.describe("US dollars: the `usd` of quote_video, or what the person has allowed.")),
    idempotencyKey: maybe(idempotencyKeySchema).check(
      z.describe(
        "The same key and arguments again give the same video, for 30 days. Give one where you may have to repeat the call.",
      ),
    ),
  }),
  run: async ({ prompt, imageUrl: link, space, maxUsd, idempotencyKey: key, seconds: duration, ...wish }, caller) => {
    const mediaSpace = { media: { image: { link } } };
    const body = { ...wish, spaceId: space ?? DEFAULT_SPACE, context: prompt, mediaSpace, duration };
    const command = inFieldsOf(TOOL_FIELDS, () => startCommand(body, caller, offeredModels()));
    const usd = priceOf(command);
    if (usd > maxUsd) throw overMax(usd, maxUsd);
    const { media, replayed } =
      key === undefined
        ? await startOrFindRepeated(startDeps(), command, { isRepeat: true })
        : await startGeneration(startDeps(), { ...command, request: { idempotencyKey: key } }, key);
    const first = replayed
      ? "This call was made before: nothing new was started, and nothing more is paid."
      : `Started for $${usd}.`;
    return shown(media, first);
  },
});

function priceOf({ model = "", generationMode, duration, audio = false }: StartCommand): number {
  const row = findRow(model, generationMode);
  if (!row) throw new ModelWithdrawnError(model, generationMode);
  return estimatedCostUsd(row, { duration, audio });
}

function overMax(usd: number, maxUsd: number): RequestError {
  const message = `This video costs $${usd}, more than the maxUsd of $${maxUsd}. Nothing was started. Ask for a shorter one or another model (quote_video), or ask the person whether it may cost as much.`;
  return new RequestError(402, "over_max_usd", message, [
    { path: "maxUsd", message: `is less than the price, $${usd}` },
  ]);
}
