// A generation that waits because fal takes no job of the account: how long it may wait, and which one asks fal next.
import { isProbeDue } from "../money/hold.ts";
import { passed } from "./deadlines.ts";
import type { Hold, Media, MediaChange } from "../media/media.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { Clock, Gate, MediaRecords } from "../media/ports.ts";
import type { AccountHold, HoldCode } from "../media/provider-account.ts";

/**
 * What holding changes in a record. Its deadline is extended by the longest hold, so that waiting does not use up its
 * time; `takenUp` takes back what was not used.
 * @param before the hold that it was under before the claim that was refused, if it was
 */
export function heldBack(
  media: Media,
  code: HoldCode,
  nowMs: number,
  holdSeconds: number,
  before: Hold | undefined = media.hold,
): MediaChange {
  const heldUntil = media.heldUntil ?? instant(nowMs + holdSeconds * 1000);
  // One that is held as it stands has moved its deadline already.
  const deadlineAt = media.hold ? media.deadlineAt : moved(media.deadlineAt, Date.parse(heldUntil) - nowMs);
  return { hold: { code, since: before?.since ?? instant(nowMs) }, heldUntil, deadlineAt };
}

/** What resuming changes: from here on its own time runs. */
export function takenUp({ hold, heldUntil, deadlineAt }: Media, nowMs: number): MediaChange {
  if (!hold || heldUntil === undefined) return {};
  return { deadlineAt: moved(deadlineAt, Math.min(0, nowMs - Date.parse(heldUntil))) };
}

function moved(at: Instant | undefined, ms: number): Instant | undefined {
  return at === undefined ? undefined : instant(Date.parse(at) + ms);
}

/** Whether it may not be held any longer. */
export function isHoldOver(media: Pick<Media, "heldUntil">, nowMs: number): boolean {
  return passed(media.heldUntil, nowMs);
}

/** Whether it is this generation's turn to ask fal: a probe is due, and no parked generation has waited longer. */
export async function isNextProbe(
  deps: { clock: Clock; records: Pick<MediaRecords, "parked"> },
  media: Media,
  hold: AccountHold,
): Promise<boolean> {
  const now = deps.clock.now();
  if (!isProbeDue(hold, now)) return false;
  const [longest] = await deps.records.parked(1);
  return longest === undefined || (media.heldUntil !== undefined && media.heldUntil <= longest.heldUntil);
}

/** The verdict on a held generation; asking fal means going on. */
export async function heldVerdict(
  deps: { gate: Gate; clock: Clock; records: Pick<MediaRecords, "parked"> },
  media: Media,
): Promise<"goes on" | "waits" | "is over"> {
  const { stopped, account } = await deps.gate.read();
  if (!account.hold) return "goes on";
  if (isHoldOver(media, deps.clock.now())) return "is over";
  return !stopped && (await isNextProbe(deps, media, account.hold)) ? "goes on" : "waits";
}
