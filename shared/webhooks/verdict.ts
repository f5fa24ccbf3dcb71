// When a message is tried, and what an answer to it means: the schedule of Standard Webhooks.

/** What came back: an answer, or in a sentence why there was none. */
export type Answer = { statusCode: number; retryAfter?: string | undefined } | { fault: string };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Between one try and the next: the first is made at once. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const DELAYS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** Each delay is spread by a fifth, so that a receiver that was down is not asked by everything at once. */
const JITTER = 0.2;

/** A receiver may ask for more time, up to so much. */
const RETRY_AFTER_MAX_MS = DAY_MS;

export type Verdict =
  | { outcome: "delivered" }
  /** The receiver wants nothing more, ever. */
  | { outcome: "gone"; error: string }
  /** Try again. `notBeforeMs`: as the receiver asked for. */
  | { outcome: "failed"; error: string; notBeforeMs?: number };

/** What an answer means. 2xx delivers, 410 ends it, anything else is another try's. */
export function verdictOf(answer: Answer, nowMs: number): Verdict {
  if ("fault" in answer) return { outcome: "failed", error: answer.fault };
  const { statusCode, retryAfter } = answer;
  if (statusCode >= 200 && statusCode < 300) return { outcome: "delivered" };
  if (statusCode === 410) return { outcome: "gone", error: "The receiver answered 410: it wants nothing more." };
  if (statusCode >= 300 && statusCode < 400) {
    return {
      outcome: "failed",
      error: `The receiver redirects (${statusCode}), which is not followed: set its new URL.`,
    };
  }
  const waitMs = retryAfterMs(retryAfter, nowMs);
  const error = `The receiver answered ${statusCode}.`;
  return { outcome: "failed", error, ...(waitMs !== undefined && { notBeforeMs: nowMs + waitMs }) };
}

/**
 * When to try again; undefined after the last try.
 * @param tried how many tries there were
 * @param random from 0 to 1
 */
export function nextTry(tried: number, nowMs: number, random: number, notBeforeMs = 0): number | undefined {
  const delayMs = DELAYS_MS[tried - 1];
  if (delayMs === undefined) return undefined;
  const spread = delayMs * (1 - JITTER + 2 * JITTER * random);
  return Math.max(Math.round(nowMs + spread), notBeforeMs);
}

/** Seconds, or a date (RFC 9110, section 10.2.3); what is neither says nothing. */
function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(header.trim()) ? Number(header) * SECOND_MS : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS);
}
