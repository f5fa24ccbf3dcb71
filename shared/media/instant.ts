// Points in time, as records and answers hold them.

/** A point in time, ISO 8601 in UTC with milliseconds: it sorts as text. */
export type Instant = string;

/** Epoch milliseconds as an instant. */
export function instant(epochMs: number): Instant {
  return new Date(epochMs).toISOString();
}
