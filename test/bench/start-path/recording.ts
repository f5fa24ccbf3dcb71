// What one start asks of AWS and answers, so that somebody else can do the same.
import * as z from "zod";

export const RECORDING = z.object({
  /** What stands for the start's own in the texts below: its media's id and its Idempotency-Key. */
  mediaId: z.string(),
  key: z.string(),
  /** In their order, as they went over the wire. */
  calls: z.array(z.object({ target: z.string(), body: z.string() })),
  answer: z.object({ status: z.number(), contentType: z.string(), body: z.string() }),
});
export type Recording = z.infer<typeof RECORDING>;

/** What is sent to `enhance`. */
export const REQUEST = {
  path: "/api/media/enhance",
  body: JSON.stringify({
    spaceId: "bench",
    type: "video",
    context: "The waves roll in, slow camera pan to the right.",
    mediaSpace: { media: { name: "Beach", image: { link: "https://example.com/beach.jpg" } } },
  }),
};

/** An Idempotency-Key that no request has. */
export const NO_KEY = "no-idempotency-key";
