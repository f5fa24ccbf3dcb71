// A claim without a request id: fal may have the job, so it is looked for and never submitted again. The verdict of a check.
import type { Media } from "../media/media.ts";
import { deliverBy, passed } from "./deadlines.ts";

/** Twice what the POST of a claim may take: until then its step may still hear that fal has accepted. */
const SUBMIT_UNDER_WAY_SECONDS = 60;

/** What the clock says of a claim. */
export interface InDoubtTimes {
  /** Neither the seconds that a claim may be in doubt nor its deadline are over. */
  isSettling: boolean;
  /** The step that submits may still be waiting for fal's answer. */
  isUnderWay: boolean;
  isPastDeadline: boolean;
  /** Nothing of this generation may be open any more. */
  isPastDelivery: boolean;
}

/** A job that fal has reported of the claim. */
export interface ReportOfClaim {
  requestId: string;
  /** Whose it is by fal's history; `silent`: the history does not answer. */
  owner: "ours" | "another's" | "unknown" | "silent";
  /** fal tells us where it stands: of another customer's job it tells us nothing. */
  isAnswered: boolean;
}

export interface InDoubtFacts extends InDoubtTimes {
  /** The job that an earlier step heard of, or that fal's history has with our picture. */
  found?: string | undefined;
  /** fal's history has answered, or there is no picture to ask it for. */
  isSearched: boolean;
  report?: ReportOfClaim | undefined;
}

/** The job is this one; or the next check decides; or the time to tell is over. */
export type InDoubtVerdict = { verdict: "accept"; requestId: string } | { verdict: "wait" } | { verdict: "give up" };

/** @param inDoubtSeconds how long a claim may wait to be settled */
export function inDoubtTimes(media: Media, nowMs: number, inDoubtSeconds: number): InDoubtTimes {
  const claimedAt = Date.parse(media.claimedAt ?? media.updatedAt);
  const isPastDeadline = passed(media.deadlineAt, nowMs);
  return {
    isSettling: nowMs < claimedAt + inDoubtSeconds * 1000 && !isPastDeadline,
    isUnderWay: nowMs < Math.min(claimedAt + SUBMIT_UNDER_WAY_SECONDS * 1000, deliverBy(media)),
    isPastDeadline,
    isPastDelivery: nowMs >= deliverBy(media),
  };
}

/** The first row that holds decides. */
export function inDoubtVerdict(facts: InDoubtFacts): InDoubtVerdict {
  const { found, isSearched, report } = facts;
  if (found !== undefined) return { verdict: "accept", requestId: found };
  if (facts.isSettling || facts.isUnderWay) return { verdict: "wait" };
  // What fal has signed for is ours unless its history says otherwise. A history that is silent just now is asked again.
  const mayBeOurs = report !== undefined && report.owner !== "another's";
  if (report?.owner === "silent" && !facts.isPastDeadline) return { verdict: "wait" };
  if (mayBeOurs && report.isAnswered) return { verdict: "accept", requestId: report.requestId };
  if (mayBeOurs && !facts.isPastDelivery) return { verdict: "wait" };
  if (!isSearched && !facts.isPastDelivery) return { verdict: "wait" };
  return { verdict: "give up" };
}
