// The one table of moves: every change of status there is. The store builds its conditions from it.
import { instant, type Instant } from "./instant.ts";
import type { LogEvent } from "./log-events.ts";
import type { Media, MediaChange, OutboxEntry } from "./media.ts";
import { isTerminal, PHASES, type EventType, type Phase } from "./status.ts";

interface Move {
  from: readonly Phase[];
  /** Absent: the status stays. */
  to?: Phase;
  /** The event written with the move, in the same write. */
  event?: EventType;
  /** Its name, where the status has none to give. */
  eventName?: string;
  /** What the log calls the move, where it is counted. */
  counted?: LogEvent;
  /** The list apart from the others that it lies in from then on; any other move takes it out. */
  line?: Line;
}

/** Those that no execution drives, until the sweeper wakes them; and those that wait for a place at fal. */
export type Line = "parked" | "waiting";

export const MOVES = {
  /** Durable before any money moves. */
  claim: { from: ["queued"], to: "submitting" },
  /** The submit was not sent, or fal was busy. */
  release: { from: ["submitting"], to: "queued" },
  /** fal takes no job of the account: what is prepared is kept, and no claim is made. */
  "hold back": { from: ["queued"] },
  park: { from: ["queued"], line: "parked" },
  /** fal's places are taken: it is prepared, and its turn will come. */
  "wait for a place": { from: ["queued"], line: "waiting" },
  /** fal took the job, or we found the job that it took. */
  accept: { from: ["submitting"], to: "generating", event: "Generation Started" },
  /** The input was refused, by us before the claim or by fal after it. */
  refuse: { from: ["queued", "submitting"], to: "failed", event: "Generation Failed", counted: "generation_failed" },
  /** Neither the webhook nor fal's history told in time whether fal took the job. */
  "give up": { from: ["submitting"], to: "failed", event: "Generation Failed", counted: "generation_failed" },
  /** What fal reports of a submit in doubt; it settles nothing yet. */
  "note report": { from: ["submitting"] },
  "note progress": { from: ["generating"] },
  "start finalizing": { from: ["generating"], to: "finalizing" },
  "take over finalizing": { from: ["finalizing"] },
  complete: { from: ["finalizing"], to: "completed", event: "Generation Completed", counted: "generation_completed" },
  "fail generation": { from: ["generating"], to: "failed", event: "Generation Failed", counted: "generation_failed" },
  "time out": {
    from: ["queued", "generating"],
    to: "failed",
    event: "Generation Failed",
    counted: "generation_failed",
  },
  /** The job is done and paid for, but its video, or fal's word on it, never reached us. */
  "fail delivery": {
    from: ["generating", "finalizing"],
    to: "failed",
    event: "Generation Failed",
    counted: "delivery_lost",
  },
  cancel: { from: ["queued"], to: "canceled", event: "Generation Canceled", counted: "generation_canceled" },
  "request cancel": { from: ["submitting", "generating"] },
  /** The process that makes this move tells fal; the others do not. */
  "begin telling fal": { from: ["generating"] },
  "tell fal to cancel": { from: ["generating"] },
  "confirm cancel": {
    from: ["generating"],
    to: "canceled",
    event: "Generation Canceled",
    counted: "generation_canceled",
  },
  "record analysis": { from: ["completed"], event: "Media Analyzed", eventName: "analyzed" },
  /** The one move from an end back to work, by an operator. */
  redrive: { from: ["failed"], to: "finalizing" },
  /** Its owner deletes it, or its retention is over: it is no longer shown, and its files are deleted. */
  delete: { from: ["completed", "failed", "canceled"], to: "deleted" },
  /** Its files are deleted, and so is its content. */
  erase: { from: ["deleted"], event: "Media Deleted", eventName: "deleted" },
  /** fal has run a job for this record that it does not follow; its status stays. */
  "note orphan": { from: PHASES, event: "Generation Orphaned", eventName: "orphaned" },
  restart: { from: ["queued", "submitting", "generating", "finalizing", "completed"] },
  /** The sweeper looked and found it running. */
  "postpone sweep": { from: ["queued", "submitting", "generating", "finalizing", "completed"] },
} as const satisfies Record<string, Move>;
export type MoveName = keyof typeof MOVES;

/** The phase that a move leads to; undefined where the phase stays. */
export function phaseAfter(name: MoveName): Phase | undefined {
  const move: Move = MOVES[name];
  return move.to;
}

/** What a move counts as in the log, if it is counted. */
export function countedAs(name: MoveName): LogEvent | undefined {
  const move: Move = MOVES[name];
  return move.counted;
}

/** Everything that one move writes besides its own change. */
export interface PlannedMove {
  from: readonly Phase[];
  to?: Phase;
  change: MediaChange & { updatedAt: Instant };
  event?: { id: string; entry: OutboxEntry };
  line: Line | undefined;
}

/** The complete write of a move: target status, time stamp, and the event that goes with it. */
export function planMove(mediaId: string, name: MoveName, change: MediaChange, nowMs: number): PlannedMove {
  const move: Move = MOVES[name];
  const at = instant(nowMs);
  const plan: PlannedMove = {
    from: move.from,
    to: move.to,
    line: move.line,
    change: {
      // A place in fal's queue is one only while fal has the job, and a hold only while it has not.
      ...(move.to !== undefined && { queuePosition: undefined, hold: undefined }),
      // Who has left the line asks for a place anew.
      waitsSince: undefined,
      ...change,
      updatedAt: at,
    },
  };
  if (move.event) {
    // A record may have several orphans: their events are named after them.
    const orphan = change.orphanRequestIds?.slice(-1) ?? [];
    const id = [mediaId, move.to ?? move.eventName, ...orphan].join(":");
    plan.event = { id, entry: { type: move.event, at } };
  }
  return plan;
}

/** Whether anything about a record is still open: its status, its events, its analysis, its money or its deletion. The sweeper looks as long as it is. */
export function isOpen(media: Media): boolean {
  if (media.phase === undefined) return false;
  if (media.reservation !== undefined) return true;
  if (media.phase === "deleted" && media.expiresAt === undefined) return true;
  return !isTerminal(media.phase) || Object.keys(media.outbox).length > 0 || media.analysisStatus === "pending";
}
