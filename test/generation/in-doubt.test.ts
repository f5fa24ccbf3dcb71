// What a look at a claim in doubt comes to, one test per row: fal may have the job, and it is never submitted again.
import { describe, expect, it } from "vitest";
import {
  inDoubtTimes,
  inDoubtVerdict,
  type InDoubtFacts,
  type ReportOfClaim,
} from "../../shared/generation/in-doubt.ts";
import { queuedMedia } from "../support/sample-media.ts";

/** Every clock has run out, the history has answered and knows nothing, and fal has reported nothing. */
const HOPELESS: InDoubtFacts = {
  isSearched: true,
  isSettling: false,
  isUnderWay: false,
  isPastDeadline: true,
  isPastDelivery: true,
};
const WAIT = { verdict: "wait" };
const GIVE_UP = { verdict: "give up" };
const accept = (requestId: string) => ({ verdict: "accept", requestId });
const report = (owner: ReportOfClaim["owner"], isAnswered = false): ReportOfClaim => ({
  requestId: "reported",
  owner,
  isAnswered,
});

describe("a claim in doubt", () => {
  it.each<[string, Partial<InDoubtFacts>, object]>([
    ["is accepted when its job is found, though time is left", { found: "r", isSettling: true }, accept("r")],
    ["is accepted when its job is found, though time is over", { found: "r" }, accept("r")],
    ["trusts its own job more than a report", { found: "r", report: report("ours", true) }, accept("r")],
    ["waits while it may settle", { isSettling: true, isPastDeadline: false, isPastDelivery: false }, WAIT],
    ["waits while its POST may be under way", { isUnderWay: true, isPastDelivery: false }, WAIT],
    ["waits for a silent history before its deadline", { report: report("silent"), isPastDeadline: false }, WAIT],
    ["takes a job of its own that fal answers for", { report: report("ours", true) }, accept("reported")],
    ["takes a job of unknown picture that fal answers for", { report: report("unknown", true) }, accept("reported")],
    ["takes it past its deadline from a silent history too", { report: report("silent", true) }, accept("reported")],
    ["waits for fal's word on a report", { report: report("unknown"), isPastDelivery: false }, WAIT],
    ["waits so past its deadline too", { report: report("silent"), isPastDelivery: false }, WAIT],
    ["waits for a history that did not answer", { isSearched: false, isPastDelivery: false }, WAIT],
    ["never takes another's job", { report: report("another's", true), isPastDelivery: false }, GIVE_UP],
    ["is given up when nothing is known in time", { isPastDelivery: false }, GIVE_UP],
    ["is given up with a report that fal never answered for", { report: report("ours") }, GIVE_UP],
    ["is given up unsearched when nothing may be open any more", { isSearched: false }, GIVE_UP],
  ])("%s", (_name, facts, verdict) => {
    expect(inDoubtVerdict({ ...HOPELESS, ...facts })).toEqual(verdict);
  });
});

describe("the clocks of a claim", () => {
  const CLAIMED = Date.parse("2026-01-01T00:00:00.000Z");
  const at = (seconds: number) => new Date(CLAIMED + seconds * 1000).toISOString();
  const timesAt = (seconds: number, deadlineAfter = 3600) =>
    inDoubtTimes(queuedMedia({ claimedAt: at(0), deadlineAt: at(deadlineAfter) }), CLAIMED + seconds * 1000, 300);

  it.each([
    ["settles until its seconds in doubt are over", 299.999, { isSettling: true }],
    ["settles no longer then", 300, { isSettling: false, isPastDeadline: false }],
    ["may be under way for a minute", 59.999, { isUnderWay: true }],
    ["is under way no longer then", 60, { isUnderWay: false }],
    ["reaches its deadline", 3600, { isPastDeadline: true, isPastDelivery: false }],
    ["is past delivery nine minutes later", 4140, { isPastDelivery: true }],
    ["is not past it a moment before", 4139.999, { isPastDelivery: false }],
  ])("%s", (_name, seconds, times) => {
    expect(timesAt(seconds)).toMatchObject(times);
  });

  it("does not settle past its deadline, and is still under way", () => {
    expect(timesAt(20, 10)).toMatchObject({ isSettling: false, isUnderWay: true, isPastDeadline: true });
  });

  it("counts from the last change of a record whose claim has no time", () => {
    const media = queuedMedia({ claimedAt: undefined, updatedAt: at(100), deadlineAt: at(3600) });
    expect(inDoubtTimes(media, CLAIMED + 159_000, 300)).toMatchObject({ isSettling: true, isUnderWay: true });
    expect(inDoubtTimes(media, CLAIMED + 160_000, 300)).toMatchObject({ isSettling: true, isUnderWay: false });
  });
});
