// A generation that waits because fal takes no job of the account: how long it may, and whose turn it is to ask.
import { isProbeDue } from "../money/hold.ts";
import { passed } from "./deadlines.ts";
import type { Hold, Media, MediaChange } from "../media/media.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { Clock, Gate, MediaRecords } from "../media/ports.ts";
import type { AccountHold, HoldCode } from "../media/provider-account.ts";

/**
 * What holding changes in a record. Its deadline moves away by as much as it may be held, so that waiting costs it none of
 * its time: `takenUp` brings back what was not used.
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

/** What taking it up again changes: from here on its own time runs. */
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

/** Whether it is this one's turn to ask fal: the time has come, and none of those that are parked waits longer. */
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

/** What a look at a generation that is held comes to; to ask fal is to go on. */
export async function heldVerdict(
  deps: { gate: Gate; clock: Clock; records: Pick<MediaRecords, "parked"> },
  media: Media,
): Promise<"goes on" | "waits" | "is over"> {
  const { stopped, account } = await deps.gate.read();
  if (!account.hold) return "goes on";
  if (isHoldOver(media, deps.clock.now())) return "is over";
  return !stopped && (await isNextProbe(deps, media, account.hold)) ? "goes on" : "waits";
}
