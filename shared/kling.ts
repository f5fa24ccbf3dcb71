// The library of the seed: Kling 2.1 on fal, by mode. The workflow's own steps call it.
import type { Kling } from "./media/ports.ts";
import type { KlingRequest } from "./kling/models.ts";
import { klingMode, KlingGenerationMode } from "./kling/models.ts";
import { klingService } from "./services/kling.ts";

export { KlingGenerationMode } from "./kling/models.ts";
export type { KlingRequest } from "./kling/models.ts";
export { GenerationStatus } from "./media/status.ts";
export type { IMedia, IMediaSpace } from "./media/present.ts";
export { UnknownModeError } from "./media/errors.ts";

/**
 * Submits one video to fal, with exactly one POST.
 * @returns fal's request id
 * @throws UnknownModeError; SubmitError whose `outcome` says whether a job may exist ("in_doubt": never submit again)
 */
export const startKlingVideoGeneration: Kling["startKlingVideoGeneration"] = async (request, mode, options) => {
  klingMode(mode);
  return (await klingService()).startKlingVideoGeneration(request, mode, options);
};

/** @deprecated Use `startKlingVideoGeneration(request, KlingGenerationMode.STANDARD)`. */
export async function startKlingVideoStandard(request: KlingRequest): Promise<{ request_id: string }> {
  return startKlingVideoGeneration(request, KlingGenerationMode.STANDARD);
}

/** @deprecated Use `startKlingVideoGeneration(request, KlingGenerationMode.PRO)`. */
export async function startKlingVideoPro(request: KlingRequest): Promise<{ request_id: string }> {
  return startKlingVideoGeneration(request, KlingGenerationMode.PRO);
}

/**
 * Where a job stands: `IN_QUEUE` (with `queue_position`), `IN_PROGRESS` or `COMPLETED` (with `error` when it failed).
 * In test mode the time counts from `submittedAt`, or from this process's latest start.
 * @throws UnknownModeError, ProviderUnavailableError
 */
export const checkKlingRequestStatus: Kling["checkKlingRequestStatus"] = async (requestId, mode, options) => {
  klingMode(mode);
  return (await klingService()).checkKlingRequestStatus(requestId, mode, options);
};

/**
 * The finished video, by fal's URL. In test mode `options` choose the placeholder.
 * @throws UnknownModeError, GenerationFailedError (fal's reason), ProviderUnavailableError
 */
export const getKlingRequestResult: Kling["getKlingRequestResult"] = async (requestId, mode, options) => {
  klingMode(mode);
  return (await klingService()).getKlingRequestResult(requestId, mode, options);
};

/**
 * Asks fal to stop a job. `requested` is not `confirmed`: a running job may still finish, and be billed.
 * @throws UnknownModeError, ProviderUnavailableError
 */
export const cancelKlingRequest: Kling["cancelKlingRequest"] = async (requestId, mode) => {
  klingMode(mode);
  return (await klingService()).cancelKlingRequest(requestId, mode);
};

/**
 * Looks for a job in fal's history by its source image or its id. Only ended jobs are there: absence proves nothing.
 * @throws UnknownModeError, ProviderUnavailableError
 */
export const findKlingRequest: Kling["findKlingRequest"] = async (sought, mode, since) => {
  klingMode(mode);
  return (await klingService()).findKlingRequest(sought, mode, since);
};
