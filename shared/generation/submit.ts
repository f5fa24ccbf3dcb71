// The step that spends money: prepare, claim, submit exactly once, record.
import {
  isOvertaken,
  OverBudgetError,
  ModelWithdrawnError,
  SourceImageError,
  StartsStoppedError,
  SubmitError,
  TooManyStartsError,
} from "../media/errors.ts";
import type { DomainError } from "../kling/errors.ts";
import { failure } from "../media/failures.ts";
import { isHoldCode, type HoldCode } from "../media/provider-account.ts";
import { holdAccount, releaseAccount, takeProbe, type HoldDeps } from "../money/hold.ts";
import { recordAcceptance } from "./acceptance.ts";
import { passed } from "./deadlines.ts";
import { placeInLine, takePlace } from "./places.ts";
import { heldBack, isHoldOver, isNextProbe, takenUp } from "./hold.ts";
import { reasonOfProvider, scrubbed } from "./reasons.ts";
import type { LogEvent } from "../media/log-events.ts";
import {
  modeOf,
  modelOf,
  refOf,
  type Claim,
  type Hold,
  type Media,
  type MediaChange,
  type MediaRef,
  type SourceImage,
} from "../media/media.ts";
import { instant } from "../media/instant.ts";
import { findRow } from "../kling/catalogue.ts";
import type { KlingRequest, KlingRow } from "../kling/models.ts";
import { keepReserved, type SpendingLimits } from "../money/budget.ts";
import { move, retryOnConflict } from "./move.ts";
import { noteOrphan, type OrphanDeps } from "./orphan.ts";
import type { Kling, PromptWriter } from "../media/ports.ts";
import { sourceUrl, takeSource, type SourceDeps } from "./source.ts";
import { isTerminal } from "../media/status.ts";
import { unlessOvertaken, type StepResult } from "./step.ts";
import { resubmitAfterSeconds } from "../kling/fal-answers.ts";

export interface SubmitDeps extends OrphanDeps, SourceDeps, HoldDeps {
  limits: SpendingLimits;
  kling: Pick<Kling, "startKlingVideoGeneration" | "cancelKlingRequest">;
  prompts: PromptWriter;
  /** Where fal can reach us, if it can. */
  publicUrl: string | undefined;
  /** The address at which fal reports the end of an attempt's job; undefined where it cannot: the checks are enough. */
  webhookUrl(claim: Claim): string | undefined;
  /** How long a generation may wait for an account that fal has locked. */
  holdSeconds: number;
}

/**
 * Takes a queued record to fal. Safe to call any number of times: only the caller that wins the claim submits.
 * @throws SourceImageUnavailableError when the image's host may answer later (nothing is claimed yet)
 */
export async function submitGeneration(deps: SubmitDeps, ref: MediaRef): Promise<StepResult> {
  return unlessOvertaken(() => submit(deps, ref));
}

async function submit(deps: SubmitDeps, ref: MediaRef): Promise<StepResult> {
  const media = await deps.records.get(ref);
  if (!media?.phase || isTerminal(media.phase)) return { next: "done" };
  if (media.phase !== "queued") return { next: "wait" };
  if (media.cancelRequestedAt !== undefined) {
    // The cancel came during an earlier claim; that submit started nothing, and no other may start.
    await move(deps, media, "cancel", {}, { version: media.version });
    return { next: "done" };
  }
  // Time and the kill switch: before the work of preparing, and again after it, for it may take a minute.
  if (passed(media.deadlineAt, deps.clock.now())) return { next: "fail", code: "timed_out" };
  if ((await deps.gate.read()).stopped) return { next: "wait" };

  let prepared: Prepared;
  try {
    prepared = await prepare(deps, media);
  } catch (error) {
    if (!(error instanceof SourceImageError || error instanceof ModelWithdrawnError)) throw error;
    return refuse(deps, media, error);
  }

  const { stopped, account } = await deps.gate.read();
  if (stopped) return { next: "wait" };
  if (passed(media.deadlineAt, deps.clock.now())) return { next: "fail", code: "timed_out" };
  // The process that has the turn to ask has it once: what follows may end in waiting, too.
  const isProbe = account.hold !== undefined;
  if (account.hold) {
    const mayAsk = !isHoldOver(media, deps.clock.now()) && (await isNextProbe(deps, media, account.hold));
    if (!mayAsk || !(await takeProbe(deps, account))) return holdBack(deps, media, prepared, account.hold.code);
  }
  let kept: Pick<Media, "reservedWith">;
  try {
    kept = await keepReserved(deps, media);
  } catch (error) {
    if (error instanceof OverBudgetError) return refuse(deps, media, error);
    if (error instanceof TooManyStartsError || error instanceof StartsStoppedError) return { next: "wait" };
    throw error;
  }
  if (!(await mayBeAtFal(deps, media))) return waitForPlace(deps, media, prepared);
  const now = deps.clock.now();
  const claim = await move(
    deps,
    media,
    "claim",
    {
      ...kept,
      ...whatIsPrepared(media, prepared),
      ...takenUp(media, now),
      endpointId: prepared.row.endpointId,
      imageField: prepared.row.imageField,
      attempt: media.attempt + 1,
      claimedAt: instant(now),
      nextSubmitAt: undefined,
    },
    { version: media.version },
  );
  return claim.moved ? submitOnce(deps, claim.media, prepared, { isProbe, hold: media.hold }) : { next: "wait" };
}

async function mayBeAtFal(deps: SubmitDeps, media: Media): Promise<boolean> {
  const { places } = deps;
  return places === undefined || takePlace({ ...deps, places }, media);
}

/** Puts a generation into the line of those that wait for a place, with its picture and its words prepared. */
async function waitForPlace(deps: SubmitDeps, media: Media, prepared: Prepared): Promise<StepResult> {
  if (media.waitsSince !== undefined) return { next: "wait" };
  const waits = { waitsSince: instant(deps.clock.now()), sweepAt: placeInLine(media) };
  const change = { ...whatIsPrepared(media, prepared), ...waits };
  await move(deps, media, "wait for a place", change, { version: media.version });
  return { next: "wait" };
}

/** What a later try reuses. */
function whatIsPrepared({ shots }: Media, { source, request }: Prepared): MediaChange {
  return { source, prompt: shots ? undefined : request.prompt };
}

/** Lets a generation wait for the account, with its picture and its words prepared, as long as it may. */
async function holdBack(deps: SubmitDeps, media: Media, prepared: Prepared, code: HoldCode): Promise<StepResult> {
  const now = deps.clock.now();
  if (isHoldOver(media, now)) {
    await move(deps, media, "refuse", { error: failure(code) }, { version: media.version });
    return { next: "done" };
  }
  // The check parks it, until the sweeper wakes it.
  if (media.hold?.code === code) return { next: "wait" };
  const change = { ...whatIsPrepared(media, prepared), ...heldBack(media, code, now, deps.holdSeconds) };
  await move(deps, media, "hold back", change, { version: media.version });
  return { next: "wait" };
}

/** Fails what cannot be submitted, with a message for the person who asked. */
async function refuse(deps: SubmitDeps, media: Media, { code, message }: DomainError): Promise<StepResult> {
  await move(deps, media, "refuse", { error: { code, message } }, { version: media.version });
  return { next: "done" };
}

interface Prepared {
  row: KlingRow;
  source: SourceImage;
  request: KlingRequest;
  webhookUrl: string | undefined;
}

/**
 * Everything that may fail before money moves, so that nothing but the POST comes after the claim.
 * What a released claim has prepared is not made a second time.
 * @throws ModelWithdrawnError, SourceImageError, SourceImageUnavailableError
 */
async function prepare(deps: SubmitDeps, media: Media): Promise<Prepared> {
  const row = findRow(modelOf(media), modeOf(media));
  if (!row) throw new ModelWithdrawnError(modelOf(media), modeOf(media));
  const source = media.source ?? (await takeSource(deps, media, media.attempt + 1, row.image));
  const imageUrl = await sourceUrl(deps.files, deps.publicUrl, source.key);
  const request: KlingRequest = {
    prompt: media.prompt ?? (await writePrompt(deps, media, imageUrl, row)),
    image_url: imageUrl,
    duration: media.duration,
    negative_prompt: media.negativePrompt,
    cfg_scale: media.cfgScale,
    tail_image_url: source.tailKey && (await sourceUrl(deps.files, deps.publicUrl, source.tailKey)),
    audio: media.audio,
    shots: media.shots,
  };
  return { row, source, request, webhookUrl: deps.webhookUrl({ ...refOf(media), attempt: media.attempt + 1 }) };
}

/** Shots are sent as the caller has written them, and the user's words then describe the whole. */
async function writePrompt(
  deps: SubmitDeps,
  media: Media,
  imageUrl: string,
  { promptMaxCharacters }: KlingRow,
): Promise<string> {
  if (media.shots) return media.context;
  const written = await deps.prompts.enhance(media.context, imageUrl);
  return written.length <= promptMaxCharacters ? written : media.context;
}

/** Under which a claim was made. */
interface Standing {
  /** fal took no job of the account before: this answer decides whether it does again. */
  isProbe: boolean;
  /** What the record was held by until the claim. */
  hold: Hold | undefined;
}

async function submitOnce(
  deps: SubmitDeps,
  media: Media,
  { row, request, webhookUrl }: Prepared,
  standing: Standing,
): Promise<StepResult> {
  let accepted: Awaited<ReturnType<Kling["startKlingVideoGeneration"]>>;
  try {
    accepted = await deps.kling.startKlingVideoGeneration(request, row, { webhookUrl });
  } catch (error) {
    if (!(error instanceof SubmitError)) throw error;
    return afterUnaccepted(deps, media, error, standing);
  }
  const { request_id: requestId, queue_position: queuePosition } = accepted;
  // Three copies of the id exist: this line, the record, and the step's answer.
  deps.log.info("fal accepted", { mediaId: media.id, attempt: media.attempt, requestId });
  try {
    await recordAcceptance(deps, media, requestId, queuePosition);
  } catch (error) {
    if (isOvertaken(error)) await noteUnlessFollowed(deps, refOf(media), requestId);
    else
      deps.log.warn("acceptance not recorded, the check will", { mediaId: media.id, requestId, error: String(error) });
  }
  if (standing.isProbe) await releaseAccount(deps);
  return { next: "wait", requestId };
}

/** fal has taken the job of a record that was moved meanwhile: by its webhook, or by the process that gave the submit up. */
async function noteUnlessFollowed(deps: SubmitDeps, ref: MediaRef, requestId: string): Promise<void> {
  await retryOnConflict(async () => {
    const media = await deps.records.get(ref);
    if (media?.phase && media.requestId !== requestId) await noteOrphan(deps, media, requestId);
  });
}

/** A submit that was not sent, or that fal was too busy for, is tried again: nothing to count. */
const COUNTED_OUTCOMES: Record<SubmitError["outcome"], LogEvent | undefined> = {
  not_sent: undefined,
  busy: undefined,
  held: "provider_account_held",
  refused: "submit_refused",
  in_doubt: "submit_in_doubt",
};

async function afterUnaccepted(
  deps: SubmitDeps,
  media: Media,
  error: SubmitError,
  { hold }: Standing,
): Promise<StepResult> {
  const { outcome, code, httpStatus, falType } = error;
  const [mediaId, attempt] = [media.id, media.attempt];
  // The operator reads fal's own words, the caller those of `reasonOfProvider`.
  const said = scrubbed(media, error.message);
  deps.log.warn("fal did not accept", {
    event: COUNTED_OUTCOMES[outcome],
    ...{ mediaId, attempt, outcome, code, httpStatus, falType, said },
  });
  switch (error.outcome) {
    case "not_sent":
    case "busy": {
      const nextSubmitAt = instant(deps.clock.now() + resubmitAfterSeconds(media.attempt) * 1000);
      await move(deps, media, "release", { claimedAt: undefined, nextSubmitAt }, { attempt: media.attempt });
      return { next: "wait" };
    }
    case "held":
      return afterHeld(deps, media, error, hold);
    case "refused":
      await move(deps, media, "refuse", { error: reasonOfProvider(media, error) }, { attempt: media.attempt });
      return { next: "done" };
    case "in_doubt":
      // Not believed as an acceptance, and looked at before the submit is given up.
      if (error.requestId !== undefined) {
        await move(deps, media, "note report", { reportedRequestId: error.requestId }, { attempt: media.attempt });
      }
      return { next: "wait" };
  }
}

/** The account's fault: nothing was started, and waiting generations go on waiting. The claim is released first, so that no crash leaves it in doubt. */
async function afterHeld(
  deps: SubmitDeps,
  media: Media,
  error: SubmitError,
  hold: Hold | undefined,
): Promise<StepResult> {
  const { code } = error;
  if (!isHoldCode(code)) throw new TypeError(`${code} holds no account`);
  const now = deps.clock.now();
  if (isHoldOver(media, now)) {
    await move(deps, media, "refuse", { error: failure(code) }, { attempt: media.attempt });
  } else {
    const change = { claimedAt: undefined, ...heldBack(media, code, now, deps.holdSeconds, hold) };
    await move(deps, media, "release", change, { attempt: media.attempt });
  }
  await holdAccount(deps, code);
  return { next: "wait" };
}
