// The original application's test mode: the whole course of a generation, free of charge, computed from the clock alone.
import { TEST_MODE_REQUEST_ID } from "../kling/models.ts";
import type { Clock, Kling } from "../media/ports.ts";

const QUEUED_MS = 10_000;
const IN_PROGRESS_MS = 10_000;

export interface KlingTestModeOptions {
  clock: Clock;
  /** Origin that serves `/samples/placeholder-<format>-<seconds>s[-720p][-sound].mp4`. */
  samplesOrigin: string;
}

/** 10 s queued, 10 s in progress, then a placeholder in the asked format and length. */
export function createKlingTestMode({ clock, samplesOrigin }: KlingTestModeOptions): Kling {
  /** Only for callers without a record: functions in the cloud share no memory, so the workflow passes `submittedAt`. */
  let latestStartMs = clock.now();
  return {
    async startKlingVideoGeneration() {
      latestStartMs = clock.now();
      // The first check comes when the queue is over: the place in it is part of the answer to the start.
      return { request_id: TEST_MODE_REQUEST_ID, queue_position: 0 };
    },
    async checkKlingRequestStatus(_requestId, _mode, { submittedAt } = {}) {
      const elapsedMs = clock.now() - (submittedAt === undefined ? latestStartMs : Date.parse(submittedAt));
      if (elapsedMs < QUEUED_MS) return { status: "IN_QUEUE", queue_position: 0 };
      if (elapsedMs < QUEUED_MS + IN_PROGRESS_MS) return { status: "IN_PROGRESS" };
      return { status: "COMPLETED" };
    },
    async getKlingRequestResult(_requestId, _mode, { duration = "5", aspectRatio = "16:9", audio, resolution } = {}) {
      const traits = `${resolution === "720p" ? "-720p" : ""}${audio ? "-sound" : ""}`;
      const clip = `placeholder-${aspectRatio.replace(":", "x")}-${duration}s${traits}.mp4`;
      return { data: { video: { url: `${samplesOrigin}/samples/${clip}` } } };
    },
    async cancelKlingRequest() {
      return "confirmed";
    },
    async findKlingRequest() {
      return undefined;
    },
  };
}
