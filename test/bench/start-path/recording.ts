// What the processes of this bench tell each other: a recorded start, the request that makes one, and the load.
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

/** Load: so many turns of so many seconds on each of the servers. */
export const ORDER = z.object({
  urls: z.array(z.string()),
  withKey: z.boolean(),
  turns: z.number(),
  seconds: z.number(),
  callers: z.number(),
});

/** What one turn has come to. */
const TURN = z.object({ perSecond: z.number(), latenciesMs: z.array(z.number()) });
export type Turn = z.infer<typeof TURN>;

/** Server by server, in the order of the addresses. */
export const TURNS = z.array(z.array(TURN));
