// Kling on fal's queue: one POST per submit, and the client's own status, result, cancel without its retries.
import { ApiError, createFalClient } from "@fal-ai/client";
import * as z from "zod/mini";
import { GenerationFailedError, NO_MEDIA, ProviderUnavailableError, SubmitError } from "../media/errors.ts";
import { klingInput, klingMode } from "../kling/models.ts";
import type { Clock, Kling } from "../media/ports.ts";
import { submitOutcome } from "../kling/submit-outcome.ts";
import { boundedAnswer, boundedText } from "./bounded-answer.ts";

export interface FalQueueOptions {
  key: string;
  /** fal's own hosts, or a simulator's. No trailing slash. */
  queueUrl: string;
  platformUrl: string;
}

/** fal answers a submit in well under a second; past this it is in doubt. */
const SUBMIT_TIMEOUT_MS = 30_000;
/** Every other call is made again by the next lap. */
const CALL_TIMEOUT_MS = 10_000;
/** The largest page of fal's history (fal docs, platform API, "Requests by endpoint"); all of them within one call's time. */
const HISTORY_PAGE = 100;
/** With a picture of some MB in each item, where fal cannot reach us and gets them as `data:` URIs. */
const HISTORY_MAX_BYTES = 64 * 1024 * 1024;
/** By how much fal's clock may differ from ours, and ours from another function's. */
const CLOCKS_DIFFER_MS = 10 * 60 * 1000;

const LOOK_EVERY_MS = 1_000;

export type FalQueue = ReturnType<typeof createFalQueue>;

/**
 * Kling's calls, and the same queue for any other endpoint.
 * Facts of fal's queue: docs.fal.ai/model-apis/model-endpoints/queue; of its client: the source of @fal-ai/client 1.10.1.
 */
export function createFalQueue({ key, queueUrl, platformUrl }: FalQueueOptions) {
  const headers = { Authorization: `Key ${key}`, "Content-Type": "application/json", Accept: "application/json" };
  const { queue } = createFalClient({
    credentials: key,
    // The client retries what it can name. An error of our own it lets through, so that a lap makes one call.
    fetch: async (input, init) => {
      const url = (input instanceof Request ? input.url : String(input)).replace("https://queue.fal.run", queueUrl);
      const response = await call(url, init);
      if (response.status === 429 || response.status >= 500) {
        throw new ProviderUnavailableError(`HTTP ${response.status}`);
      }
      return boundedAnswer(response).catch(asUnavailableThrown);
    },
  });

  /**
   * One POST, never repeated: the client's own submit makes up to four of a dropped one, each billable.
   * @throws SubmitError
   */
  async function submit(
    endpointId: string,
    input: Record<string, unknown>,
    webhookUrl?: string,
  ): Promise<{ request_id: string; queue_position?: number | undefined }> {
    const url = new URL(`${queueUrl}/${endpointId}`);
    if (webhookUrl !== undefined) url.searchParams.set("fal_webhook", webhookUrl);
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(SUBMIT_TIMEOUT_MS);
      response = await fetch(url, { method: "POST", headers, body: JSON.stringify(input), redirect: "manual", signal });
      text = await boundedText(response);
    } catch (error) {
      const fault = socketFault(error);
      const outcome = submitOutcome(fault) === "not_sent" ? "not_sent" : "in_doubt";
      throw new SubmitError(
        outcome,
        "provider_unreachable",
        `fal did not answer the submit: ${fault.errorCode ?? String(error)}`,
      );
    }
    const body = parseJson(text);
    const accepted = acceptedBody.safeParse(body).data;
    const outcome = submitOutcome({ status: response.status, requestId: accepted?.request_id });
    if (outcome === "accepted" && accepted) return accepted;
    const { code, message } = falError(body, `HTTP ${response.status}`);
    // Whoever reads why a submit was refused is not the one whose key it was.
    throw new SubmitError(outcome === "accepted" ? "in_doubt" : outcome, code, message.replaceAll(key, "[key]"));
  }

  /** @throws ProviderUnavailableError */
  async function status(endpointId: string, requestId: string) {
    const abortSignal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const said = await unavailableUnlessKnown(() => queue.status(endpointId, { requestId, logs: false, abortSignal }));
    const known = statusBody.safeParse(said).data;
    if (known) return known;
    // A word that we do not know is "still running", bounded by the deadline; what has none (a proxy's page) is no answer.
    if (anyStatusBody.safeParse(said).success) return { status: "IN_PROGRESS" as const };
    throw new ProviderUnavailableError("an answer without a status");
  }

  /** The job's output as fal gives it. @throws GenerationFailedError, ProviderUnavailableError */
  async function result(endpointId: string, requestId: string): Promise<unknown> {
    try {
      return (await queue.result(endpointId, { requestId, abortSignal: AbortSignal.timeout(CALL_TIMEOUT_MS) })).data;
    } catch (error) {
      if (error instanceof ApiError && isJobsOwnError(error)) {
        const { code, message } = falError(error.body, error.message);
        throw new GenerationFailedError(code, message);
      }
      throw asUnavailable(error);
    }
  }

  /**
   * One POST, then a look every second until it has ended. For models that take seconds.
   * @throws ProviderUnavailableError, GenerationFailedError, SubmitError
   */
  async function run(endpointId: string, input: Record<string, unknown>, timeoutMs: number, clock: Clock) {
    const { request_id: requestId } = await submit(endpointId, input);
    const giveUpAt = clock.now() + timeoutMs;
    while ((await status(endpointId, requestId)).status !== "COMPLETED") {
      if (clock.now() >= giveUpAt) throw new ProviderUnavailableError(`no answer within ${timeoutMs / 1000} s`);
      await clock.sleep(LOOK_EVERY_MS);
    }
    return result(endpointId, requestId);
  }

  /** @throws ProviderUnavailableError */
  async function historyPage(query: Record<string, string>, signal: AbortSignal) {
    const url = new URL(`${platformUrl}/v1/models/requests/by-endpoint`);
    url.search = new URLSearchParams(query).toString();
    const response = await call(url, { headers, signal });
    const page = historyBody.safeParse(
      parseJson(await boundedText(response, HISTORY_MAX_BYTES).catch(asUnavailableThrown)),
    ).data;
    if (!response.ok || !page) throw new ProviderUnavailableError(`fal's history answered HTTP ${response.status}`);
    return page;
  }

  const kling: Kling = {
    async startKlingVideoGeneration(request, mode, { webhookUrl } = {}) {
      const { endpointId } = klingMode(mode);
      return submit(endpointId, klingInput(request, mode), webhookUrl);
    },

    async checkKlingRequestStatus(requestId, mode) {
      return status(klingMode(mode).endpointId, requestId);
    },

    async getKlingRequestResult(requestId, mode) {
      const data = await result(klingMode(mode).endpointId, requestId);
      const video = videoBody.safeParse(data).data;
      if (video) return { data: video };
      // A JSON object is the model's answer; anything else (a proxy's page, say) is no answer at all.
      if (typeof data !== "object") throw new ProviderUnavailableError("a result that is not JSON");
      throw new GenerationFailedError(NO_MEDIA, "fal finished the job but returned no video.");
    },

    async cancelKlingRequest(requestId, mode) {
      const abortSignal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      try {
        await queue.cancel(klingMode(mode).endpointId, { requestId, abortSignal });
        return "requested";
      } catch (error) {
        if (error instanceof ApiError && error.status === 400) return "already_completed";
        if (error instanceof ApiError && error.status === 404) return "not_found";
        throw asUnavailable(error);
      }
    },

    async findKlingRequest(sought, mode, since) {
      const query = {
        endpoint_id: klingMode(mode).endpointId,
        // No end: it would be by our clock.
        start: new Date(Date.parse(since) - CLOCKS_DIFFER_MS).toISOString(),
        expand: "payloads",
        limit: String(HISTORY_PAGE),
        ...("request_id" in sought && { request_id: sought.request_id }),
      };
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      let cursor: string | undefined;
      do {
        const page = await historyPage({ ...query, ...(cursor !== undefined && { cursor }) }, signal);
        const found = page.items.find((item) =>
          "request_id" in sought ? item?.request_id === sought.request_id : item?.image_url === sought.image_url,
        );
        if (found) return found;
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return undefined;
    },
  };
  return { kling, run };
}

async function call(url: string | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: "manual" });
  } catch (error) {
    throw new ProviderUnavailableError(socketFault(error).errorCode ?? String(error));
  }
}

async function unavailableUnlessKnown<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asUnavailable(error);
  }
}

function asUnavailable(error: unknown): ProviderUnavailableError {
  if (error instanceof ProviderUnavailableError) return error;
  return new ProviderUnavailableError(error instanceof ApiError ? `HTTP ${error.status}` : String(error));
}

function asUnavailableThrown(error: unknown): never {
  throw asUnavailable(error);
}

/** 422 is the model's word; 400 with a list is too, while 400 with a sentence is "still in progress". */
function isJobsOwnError({ status, body }: ApiError<unknown>): boolean {
  return status === 422 || (status === 400 && z.object({ detail: z.array(z.unknown()) }).safeParse(body).success);
}

/** undici hides the socket's error in `cause`, and several addresses' errors in an AggregateError. */
/** What failed on the way, in Node's words. Where several addresses were tried, each has an error of its own. */
function socketFault(error: unknown): { errorCode: string | undefined; syscall: string | undefined } {
  const { cause, code } = socketError.safeParse(error).data ?? {};
  const [first] = cause?.errors ?? [];
  return { errorCode: cause?.code ?? first?.code ?? code, syscall: cause?.syscall ?? first?.syscall };
}

/** fal's reason. Branch on `type`, never on `msg` (docs.fal.ai, "Errors"); `detail` is a list, or a sentence. */
function falError(body: unknown, fallback: string): { code: string; message: string } {
  const { detail, error_type: errorType } = errorBody.safeParse(body).data ?? {};
  if (typeof detail === "string") return { code: errorType ?? "generation_failed", message: detail };
  const [first] = detail ?? [];
  return {
    code: first?.type ?? errorType ?? "generation_failed",
    message: first?.msg ?? `fal refused the job: ${fallback}`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fal may send null, or something else of no use, where it has nothing to say. */
function ifSaid<S extends z.ZodMiniType>(schema: S) {
  return z.catch(z.optional(schema), undefined);
}

const word = ifSaid(z.string());

const queuePosition = ifSaid(z.int().check(z.nonnegative()));
const acceptedBody = z.object({ request_id: z.string().check(z.minLength(1)), queue_position: queuePosition });
const statusBody = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("IN_QUEUE"),
    queue_position: queuePosition,
  }),
  z.object({ status: z.literal("IN_PROGRESS") }),
  z.object({
    status: z.literal("COMPLETED"),
    error: word,
    error_type: word,
    metrics: ifSaid(z.object({ inference_time: ifSaid(z.number().check(z.nonnegative())) })),
  }),
]);
const anyStatusBody = z.object({ status: z.string() });
const videoBody = z.object({ video: z.looseObject({ url: z.string().check(z.minLength(1)) }) });
// fal does not keep the inputs of those who asked it not to.
const historyItem = z.pipe(
  z.object({ request_id: z.string(), json_input: ifSaid(z.object({ image_url: word })) }),
  z.transform(({ request_id, json_input }) => ({ request_id, image_url: json_input?.image_url })),
);
// One odd item must not hide the others.
const historyBody = z.object({
  items: z.array(ifSaid(historyItem)),
  next_cursor: ifSaid(z.string().check(z.minLength(1))),
});
const errorBody = z.object({
  detail: ifSaid(z.union([z.string(), z.array(z.object({ msg: word, type: word }))])),
  error_type: word,
});
const socketError = z.object({
  code: word,
  cause: ifSaid(
    z.object({ code: word, syscall: word, errors: ifSaid(z.array(z.object({ code: word, syscall: word }))) }),
  ),
});
