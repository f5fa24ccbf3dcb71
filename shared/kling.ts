// The library of the original application: Kling 2.1 on fal by its mode, any other model by its row. The workflow's own steps call it.
import type { Kling } from "./media/ports.ts";
import { klingMode } from "./kling/catalogue.ts";
import { KlingGenerationMode, type KlingRequest } from "./kling/models.ts";
import { klingService } from "./services/kling.ts";

export { klingModel } from "./kling/catalogue.ts";
export { KlingGenerationMode } from "./kling/models.ts";
export type { KlingRequest, KlingRow, Made } from "./kling/models.ts";
export { GenerationStatus } from "./media/status.ts";
export type { IMedia, IMediaSpace } from "./contract/present.ts";
export { UnknownModeError } from "./kling/errors.ts";

/**
 * Submits one video to fal, with exactly one POST. `mode` names one of Kling 2.1; `klingModel("kling-3", "pro")` gives the
 * row of any other model.
 * @returns fal's request id
 * @throws UnknownModeError; SubmitError whose `outcome` says whether a job may exist ("in_doubt": never submit again)
 */
export const startKlingVideoGeneration: Kling["startKlingVideoGeneration"] = async (request, mode, options) => {
  known(mode);
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
  known(mode);
  return (await klingService()).checkKlingRequestStatus(requestId, mode, options);
};

/**
 * The finished video, by fal's URL. In test mode `options` choose the placeholder.
 * @throws UnknownModeError, GenerationFailedError (fal's reason), ProviderUnavailableError
 */
export const getKlingRequestResult: Kling["getKlingRequestResult"] = async (requestId, mode, options) => {
  known(mode);
  return (await klingService()).getKlingRequestResult(requestId, mode, options);
};

/**
 * Asks fal to stop a job. `requested` is not `confirmed`: a running job may still finish, and be billed.
 * @throws UnknownModeError, ProviderUnavailableError
 */
export const cancelKlingRequest: Kling["cancelKlingRequest"] = async (requestId, mode) => {
  known(mode);
  return (await klingService()).cancelKlingRequest(requestId, mode);
};

/**
 * Looks for a job in fal's history by its source image or its id. Only ended jobs are there: absence proves nothing.
 * @throws UnknownModeError, ProviderUnavailableError
 */
export const findKlingRequest: Kling["findKlingRequest"] = async (sought, mode, since) => {
  known(mode);
  return (await klingService()).findKlingRequest(sought, mode, since);
};

/** @throws UnknownModeError for the name of a mode that Kling 2.1 does not have */
function known(mode: KlingGenerationMode | object): void {
  if (typeof mode !== "object") klingMode(mode);
}
