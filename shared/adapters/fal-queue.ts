// Kling on fal's queue: one POST per submit, one call per status check; what each answer means is in kling/fal-answers.ts.
import { createFalClient, type QueueClient } from "@fal-ai/client";
import * as z from "zod/mini";
import { GenerationFailedError, ProviderUnavailableError, SubmitError } from "../media/errors.ts";
import {
  cancelVerdict,
  KEY_REFUSED,
  NO_MEDIA,
  reasonIn,
  resultVerdict,
  statusVerdict,
  submitVerdict,
  unansweredSubmit,
  type CallFault,
  type FalAnswer,
} from "../kling/fal-answers.ts";
import { klingInput, klingMode } from "../kling/catalogue.ts";
import type { KlingGenerationMode } from "../kling/models.ts";
import type { Clock, Kling, KlingStatus, Log } from "../media/ports.ts";
import { boundedText } from "./bounded-answer.ts";

export interface FalQueueOptions {
  key: string;
  /** fal's own hosts, or a simulator's. No trailing slash. */
  queueUrl: string;
  platformUrl: string;
  log: Log;
}

/** fal answers a submit in well under a second; past this it is in doubt. */
const SUBMIT_TIMEOUT_MS = 30_000;
/** Every other call is repeated by the next lap. */
const CALL_TIMEOUT_MS = 10_000;
/** The largest page of fal's history (fal docs, platform API, "Requests by endpoint"); all of them within one call's time. */
const HISTORY_PAGE = 100;
/** With a picture of some MB in each item, where fal cannot reach us and gets them as `data:` URIs. */
const HISTORY_MAX_BYTES = 64 * 1024 * 1024;
/** By how much fal's clock may differ from ours, and ours from another function's. */
const CLOCKS_DIFFER_MS = 10 * 60 * 1000;

const LOOK_EVERY_MS = 1_000;

/** The code of a call that brought no answer. */
const UNREACHABLE = "provider_unreachable";

export type FalQueue = ReturnType<typeof createFalQueue>;

/**
 * Kling's calls, and the same queue for any other endpoint.
 * Facts of fal's queue: docs.fal.ai/model-apis/model-endpoints/queue; of its client: the source of @fal-ai/client 1.10.1.
 */
export function createFalQueue({ key, queueUrl, platformUrl, log }: FalQueueOptions) {
  const headers = { Authorization: `Key ${key}`, "Content-Type": "application/json", Accept: "application/json" };
  const { queue } = createFalClient({
    credentials: key,
    // The client makes each call up to six times, and exposes neither the headers nor every error's body. So our `fetch`
    // throws the answer as an error that the client does not know and passes on at once.
    fetch: async (input, init) => {
      const url = (input instanceof Request ? input.url : String(input)).replace("https://queue.fal.run", queueUrl);
      throw new Answered(
        await answerTo(url, { ...init }).catch((error: unknown) => {
          throw unavailable(error);
        }),
      );
    },
  });

  /** Logs an answer that no row of the table names, so that a new shape is seen on its first day: its fields, not their values. */
  function noteIfUnknown(call: string, { status: httpStatus, body }: FalAnswer, told: object): void {
    if (!("isUnknown" in told) || told.isUnknown === undefined) return;
    const fields = typeof body === "object" && body !== null ? Object.keys(body).slice(0, 20) : typeof body;
    log.warn("fal gave an answer of an unknown shape", { event: "fal_answer_unknown", call, httpStatus, fields });
  }

  /**
   * One POST, never repeated: fal's own client makes up to four of a dropped one, each billable.
   * @throws SubmitError
   */
  async function submit(
    endpointId: string,
    input: Record<string, unknown>,
    webhookUrl?: string,
  ): Promise<{ request_id: string; queue_position?: number | undefined }> {
    const url = new URL(`${queueUrl}/${endpointId}`);
    if (webhookUrl !== undefined) url.searchParams.set("fal_webhook", webhookUrl);
    const post = { method: "POST", headers: sendable(), body: JSON.stringify(input) };
    let answer: FalAnswer;
    try {
      answer = await answerTo(url, { ...post, signal: AbortSignal.timeout(SUBMIT_TIMEOUT_MS) });
    } catch (error) {
      const fault = callFault(error);
      const outcome = unansweredSubmit(fault);
      throw new SubmitError(outcome, UNREACHABLE, `fal did not answer the submit: ${fault.errorCode ?? String(error)}`);
    }
    const told = submitVerdict(answer);
    noteIfUnknown("submit", answer, told);
    if (told.outcome === "accepted") return { request_id: told.requestId, queue_position: told.position };
    const words = told.reason.words ?? `fal answered HTTP ${answer.status}.`;
    throw new SubmitError(told.outcome, told.code, withoutKey(words), {
      httpStatus: answer.status,
      falType: told.reason.type,
      requestId: told.requestId,
    });
  }

  /** A key that no header can carry fails here, before anything leaves. @throws SubmitError */
  function sendable(): Headers {
    try {
      return new Headers(headers);
    } catch {
      throw new SubmitError("held", KEY_REFUSED, "FAL_KEY holds a character that no header can carry.");
    }
  }

  /** The caller who reads why a submit was refused must not see the deployment's key. */
  function withoutKey(text: string): string {
    return text.replaceAll(key, "[key]");
  }

  /** One call of fal's client, and the answer as it came. @throws ProviderUnavailableError */
  async function look(ask: (queue: QueueClient, abortSignal: AbortSignal) => Promise<unknown>): Promise<FalAnswer> {
    try {
      await ask(queue, AbortSignal.timeout(CALL_TIMEOUT_MS));
    } catch (error) {
      if (error instanceof Answered) return error.answer;
      throw error instanceof ProviderUnavailableError ? error : unavailable(error);
    }
    throw new ProviderUnavailableError("fal's client made no call");
  }

  /** @throws ProviderUnavailableError */
  async function status(endpointId: string, requestId: string): Promise<KlingStatus> {
    const answer = await look((at, abortSignal) => at.status(endpointId, { requestId, logs: false, abortSignal }));
    const told = statusVerdict(answer);
    noteIfUnknown("status", answer, told);
    switch (told.verdict) {
      case "queued":
        return { status: "IN_QUEUE", queue_position: told.position };
      case "running":
        return { status: "IN_PROGRESS" };
      case "finished":
        if (told.renderedSeconds === undefined) return { status: "COMPLETED" };
        return { status: "COMPLETED", metrics: { inference_time: told.renderedSeconds } };
      case "failed":
        return { status: "COMPLETED", error: told.reason.words, error_type: told.reason.type };
      case "no_answer":
        throw new ProviderUnavailableError(inShort(answer, told.code));
    }
  }

  /**
   * The job's output as fal gives it, and its video where there is one.
   * @throws GenerationFailedError, ProviderUnavailableError
   */
  async function result(endpointId: string, requestId: string, isVideo: boolean) {
    const answer = await look((at, abortSignal) => at.result(endpointId, { requestId, abortSignal }));
    const told = resultVerdict(answer);
    // Other models give other things than videos.
    if (!isVideo && answer.status < 300 && told.verdict !== "failed") return { data: answer.body };
    noteIfUnknown("result", answer, told);
    const { body: data } = answer;
    switch (told.verdict) {
      case "video":
        return { data, video: told.video };
      case "failed":
        throw new GenerationFailedError(told.code, told.reason.words ?? `fal answered HTTP ${answer.status}.`);
      case "no_video":
        throw new GenerationFailedError(NO_MEDIA, told.reason.words ?? "fal finished the job but returned no video.");
      case "withheld":
        throw new ProviderUnavailableError(inShort(answer, told.reason.type), { ...told, isWithheld: true });
      case "no_answer":
        throw new ProviderUnavailableError(inShort(answer, told.code), told);
    }
  }

  /**
   * One POST, then a status check every second until it has ended. For models that take seconds.
   * @throws ProviderUnavailableError, GenerationFailedError, SubmitError
   */
  async function run(endpointId: string, input: Record<string, unknown>, timeoutMs: number, clock: Clock) {
    const { request_id: requestId } = await submit(endpointId, input);
    const giveUpAt = clock.now() + timeoutMs;
    while ((await status(endpointId, requestId)).status !== "COMPLETED") {
      if (clock.now() >= giveUpAt) throw new ProviderUnavailableError(`no answer within ${timeoutMs / 1000} s`);
      await clock.sleep(LOOK_EVERY_MS);
    }
    return (await result(endpointId, requestId, false)).data;
  }

  /** @throws ProviderUnavailableError */
  async function historyPage(query: Record<string, string>, signal: AbortSignal) {
    const url = new URL(`${platformUrl}/v1/models/requests/by-endpoint`);
    url.search = new URLSearchParams(query).toString();
    const answer = await answerTo(url, { headers, signal }, HISTORY_MAX_BYTES).catch((error: unknown) => {
      throw unavailable(error);
    });
    const page = answer.status === 200 ? historyBody.safeParse(answer.body).data : undefined;
    if (!page) throw new ProviderUnavailableError(`its history, ${inShort(answer, reasonIn(answer).type)}`);
    return page;
  }

  const kling: Kling = {
    async startKlingVideoGeneration(request, mode, { webhookUrl } = {}) {
      const row = rowOf(mode);
      return submit(row.endpointId, klingInput(request, row), webhookUrl);
    },

    async checkKlingRequestStatus(requestId, mode) {
      return status(rowOf(mode).endpointId, requestId);
    },

    async getKlingRequestResult(requestId, mode) {
      const { video } = await result(rowOf(mode).endpointId, requestId, true);
      if (!video) throw new ProviderUnavailableError("a result without its video");
      return { data: { video } };
    },

    async cancelKlingRequest(requestId, mode) {
      const { endpointId } = rowOf(mode);
      const answer = await look((at, abortSignal) => at.cancel(endpointId, { requestId, abortSignal }));
      const told = cancelVerdict(answer);
      if (told === "no_answer") throw new ProviderUnavailableError(inShort(answer, reasonIn(answer).type));
      return told;
    },

    async findKlingRequest(sought, mode, since) {
      const { endpointId, imageField } = rowOf(mode);
      const query = {
        endpoint_id: endpointId,
        // No upper bound: it would be by our clock.
        start: new Date(Date.parse(since) - CLOCKS_DIFFER_MS).toISOString(),
        expand: "payloads",
        limit: String(HISTORY_PAGE),
        ...("request_id" in sought && { request_id: sought.request_id }),
      };
      const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
      let cursor: string | undefined;
      do {
        const page = await historyPage({ ...query, ...(cursor !== undefined && { cursor }) }, signal);
        const found = page.items
          .flatMap((item) => (item ? [{ request_id: item.request_id, image_url: imageOf(item, imageField) }] : []))
          .find((it) =>
            "request_id" in sought ? it.request_id === sought.request_id : it.image_url === sought.image_url,
          );
        if (found) return found;
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return undefined;
    },
  };
  return { kling, run };
}

/** A mode alone is one of Kling 2.1. */
function rowOf<Row extends object>(mode: KlingGenerationMode | Row) {
  return typeof mode === "string" ? klingMode(mode) : mode;
}

/** The picture that a job of the history was made of. */
function imageOf({ json_input }: z.infer<typeof historyItem>, field: string): string | undefined {
  return word.parse(json_input?.[field]);
}

/** Carries an answer past the client, which would otherwise retry or interpret it. */
class Answered extends Error {
  override readonly name = "Answered";
  readonly answer: FalAnswer;
  constructor(answer: FalAnswer) {
    super(`fal answered HTTP ${answer.status}.`);
    this.answer = answer;
  }
}

/** The whole answer to one call. @throws the error that ends the connection, or prevents one */
async function answerTo(url: string | URL, init: RequestInit, maxBytes?: number): Promise<FalAnswer> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  const text = await boundedText(response, maxBytes);
  return { status: response.status, headers: response.headers, body: parseJson(text) };
}

function unavailable(error: unknown): ProviderUnavailableError {
  const { errorCode, message } = callFault(error);
  return new ProviderUnavailableError(errorCode ?? message ?? String(error));
}

/** For the log: the status, and fal's code. Its words may quote the prompt. */
function inShort({ status }: FalAnswer, code: string | undefined): string {
  return code === undefined ? `HTTP ${status}` : `HTTP ${status} (${code})`;
}

/**
 * What failed on the way, in Node's words: undici hides the socket's error in `cause`, and those of several addresses in
 * an AggregateError there.
 */
function callFault(error: unknown): CallFault {
  const { cause, code, message } = socketError.safeParse(error).data ?? {};
  const [first] = cause?.errors ?? [];
  return {
    errorCode: cause?.code ?? first?.code ?? code,
    syscall: cause?.syscall ?? first?.syscall,
    message: cause?.message ?? message,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fal may send null, or another useless value, instead of leaving a field out. */
function ifSaid<S extends z.ZodMiniType>(schema: S) {
  return z.catch(z.optional(schema), undefined);
}

const word = ifSaid(z.string());

// fal does not keep the inputs of accounts that opted out.
const historyItem = z.object({ request_id: z.string(), json_input: ifSaid(z.record(z.string(), z.unknown())) });
// One odd item must not hide the others.
const historyBody = z.object({
  items: z.array(ifSaid(historyItem)),
  next_cursor: ifSaid(z.string().check(z.minLength(1))),
});
const socketError = z.object({
  code: word,
  message: word,
  cause: ifSaid(
    z.object({
      code: word,
      syscall: word,
      message: word,
      errors: ifSaid(z.array(z.object({ code: word, syscall: word }))),
    }),
  ),
});
