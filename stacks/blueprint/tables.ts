// The one table: its keys and its sparse index, as plain data for the cloud and for the local machine.

/** One item per generation; idempotency keys are items of their own. */
export const MEDIA_TABLE = {
  name: "Media",
  partitionKey: "pk",
  sortKey: "sk",
  /** Epoch seconds; only items that may vanish carry it. */
  timeToLive: "expiresAt",
  /**
   * Only open records carry these two attributes, so the sweeper reads what is open and nothing else.
   * 16 shards: one partition takes 1,000 writes a second (AWS: "Best practices for partition keys"), a lap writes at most once.
   */
  sweepIndex: { name: "sweep", partitionKey: "sweepShard", sortKey: "sweepAt", projection: "KEYS_ONLY" },
} as const;
