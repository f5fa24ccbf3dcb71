// The status of a generation: the words that records, events and answers have in common.

export const PHASES = [
  "queued",
  "submitting",
  "generating",
  "finalizing",
  "completed",
  "failed",
  "canceled",
  /** No caller sees it: what is left keeps a replay from starting it anew. */
  "deleted",
] as const;
export type Phase = (typeof PHASES)[number];

/** The original application's coarser status, shown beside the phase. */
export const GenerationStatus = {
  GENERATING_VIDEO: "generating-video",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELED: "canceled",
} as const;
export type GenerationStatus = (typeof GenerationStatus)[keyof typeof GenerationStatus];

/** The same, as check-generation and the list's filter say it. */
export const PROGRESS = ["in_progress", "completed", "failed", "canceled"] as const;
export type Progress = (typeof PROGRESS)[number];

export type AnalysisStatus = "pending" | "completed" | "failed";

export const EVENT_TYPES = [
  "Generation Started",
  "Generation Completed",
  "Generation Failed",
  "Generation Canceled",
  "Media Analyzed",
  "Generation Orphaned",
  "Media Deleted",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

const TERMINAL: readonly Phase[] = ["completed", "failed", "canceled", "deleted"];

/** Whether nothing will change this status any more. */
export function isTerminal(phase: Phase): boolean {
  return TERMINAL.includes(phase);
}

/** The original application's status for a phase. */
export function generationStatus(phase: Phase): GenerationStatus {
  return phase === "completed" || phase === "failed" || phase === "canceled" ? phase : "generating-video";
}
