// What a process of callers is told to do, and what it tells in return.
import * as z from "zod";

/** Videos to ask for, each at its time (epoch milliseconds). */
export const ERRANDS = z.array(z.object({ prompt: z.string(), startsAt: z.number() }));
export type Errands = z.infer<typeof ERRANDS>;

/** When each was there, in epoch milliseconds; ours can tell besides when its record said so. */
export const SIGHTINGS = z.array(z.object({ seenAt: z.number(), recordedAt: z.number().optional() }));

/** Asks for a video and stays until it is there. */
export type Caller = (prompt: string) => Promise<{ recordedAt?: number }>;
