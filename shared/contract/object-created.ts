// Object Created, as S3 tells EventBridge of it, and the request that an object's metadata make.
import * as z from "zod/mini";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
export const objectCreated = z.object({
  id: z.string(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      "version-id": z.optional(z.string()),
      /** Rises with each write of a key. */
      sequencer: z.optional(z.string()),
    }),
  }),
});

/** Names of the metadata, all of them texts. */
const metadata = z.object({
  tenant: z.string().check(z.minLength(1, "is needed: whose video it is"), z.maxLength(128)),
  context: z.string().check(z.minLength(1, "is needed: what should happen in the video")),
  space: z._default(z.string(), "default"),
  id: z.optional(z.string()),
  name: z.optional(z.string()),
  model: z.optional(z.string()),
  mode: z.optional(z.string()),
  duration: z.optional(z.string()),
  audio: z.optional(z.enum(["true", "false"])),
  "aspect-ratio": z.optional(z.string()),
  "negative-prompt": z.optional(z.string()),
});

/** Faults of an object's metadata, or the detail of the `Generation Requested` that they make: it is judged where that arrives. */
export function requestOf(said: Record<string, string>, link: string, idempotencyKey: string) {
  const { data, error } = metadata.safeParse(said);
  if (!data) {
    const faults = error.issues.map(({ path, message }) => ({ path: `x-amz-meta-${path.join(".")}`, message }));
    return { faults };
  }
  const { tenant: tenantId, space: spaceId, context, id, name, model, mode, duration, audio } = data;
  return {
    tenantId,
    detail: {
      tenantId,
      spaceId,
      context,
      mediaSpace: { id, media: { name, image: { link } } },
      model,
      mode,
      duration,
      audio: audio === undefined ? undefined : audio === "true",
      aspectRatio: data["aspect-ratio"],
      negativePrompt: data["negative-prompt"],
      idempotencyKey,
    },
  };
}
