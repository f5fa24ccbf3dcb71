// The life of a job: waits in the queue, runs, ends once. It moves by the clock alone, whatever is asked about it meanwhile.
import { statSync } from "node:fs";
import { join } from "node:path";
import { sampleFile, type SampleFile } from "../local/samples/sample-files.ts";
import type { Agenda } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { type ModelError, shortened } from "./image-check.ts";
import { type Clip, modelOf, type Work } from "./models.ts";

// A lone job still sees others before it: 2, 1, 0.
const STRANGERS_AHEAD = 3;
const QUICK_RENDER_MS = 1000;

/** How a job ended: what the result call answers, and what it cost. */
export interface Ending {
  statusCode: number;
  body: unknown;
  error?: { message: string; type: string };
  units: number;
  usd: number;
}

export interface Job {
  readonly requestId: string;
  readonly gatewayRequestId: string;
  readonly endpointId: string;
  /** The first two segments of the endpoint id: all that status, result and cancel use. */
  readonly app: string;
  /** Where the caller reached the simulator: its URLs have to look like that to be trusted by the caller. */
  readonly origin: string;
  readonly webhookUrl: string | undefined;
  readonly acceptedAt: number;
  input: unknown;
  stage: "queued" | "running" | "ended";
  /** Held back by a fault: neither in line nor in a runner's way. */
  held: boolean;
  startedAt?: number;
  endedAt?: number;
  cancelRequestedAt?: number;
  clip?: Clip;
  /** What plays the result, once there is one. */
  file?: ResultFile;
  ending?: Ending;
  /** A status call has answered COMPLETED. */
  seenCompleted: boolean;
}

export interface JobOptions {
  queueSeconds: number;
  renderSeconds: number;
  /** How many jobs run at once; the rest wait in line. */
  concurrency: number;
}

interface JobTools {
  agenda: Agenda;
  faults: Faults;
  random: () => number;
  newId: () => string;
  onEnded: (job: Job) => void;
}

export interface ResultFile extends SampleFile {
  type: string;
}

/** The file that plays the result of a job. @throws Error for a clip that there is not */
async function resultFileOf(clip: Clip | undefined, frame: Clip["ratio"] | undefined): Promise<ResultFile | undefined> {
  const file = async (name: string, type: string) => {
    const found = await sampleFile(name);
    if (!found) throw new Error(`There is no sample ${name}`);
    return { ...found, type };
  };
  if (frame) return file(`placeholder-${frame}.jpg`, "image/jpeg");
  if (!clip) return undefined;
  const traits = `${clip.resolution === "720p" ? "-720p" : ""}${clip.audio ? "-sound" : ""}`;
  return file(`placeholder-${clip.ratio}-${clip.seconds}s${traits}.mp4`, "video/mp4");
}

/** A picture of some megabytes for each job would fill the memory of a long run. */
const ENDED_INPUTS_KEPT = 200;

function shortenInput(job: Job | undefined): void {
  if (!job || !isObject(job.input)) return;
  job.input = Object.fromEntries(
    Object.entries(job.input).map(([field, value]) => [field, typeof value === "string" ? shortened(value) : value]),
  );
}

/** The queue and its runners. */
export function createJobs(options: JobOptions, { agenda, faults, random, newId, onEnded }: JobTools) {
  const jobs = new Map<string, Job>();
  const waiting = new Set<Job>();
  const inLine = new Set<Job>();
  const running = new Set<Job>();
  /** Ended jobs whose pictures the history still has whole, oldest first. */
  const inputsKept: Job[] = [];
  let stopped = false;

  function accept(submit: Pick<Job, "endpointId" | "origin" | "webhookUrl" | "input">): Job {
    const job: Job = {
      ...submit,
      requestId: newId(),
      gatewayRequestId: newId(),
      app: submit.endpointId.split("/").slice(0, 2).join("/"),
      acceptedAt: agenda.now(),
      stage: "queued",
      held: false,
      seenCompleted: false,
    };
    jobs.set(job.requestId, job);
    waiting.add(job);
    const queueMs = modelOf(job.endpointId).quick ? 0 : options.queueSeconds * 1000;
    agenda.after(queueMs, () => leaveQueue(job));
    return job;
  }

  function leaveQueue(job: Job): void {
    if (!waiting.delete(job) || job.stage !== "queued") return;
    if (faults.take("queue", job)) job.held = true;
    else inLine.add(job);
    fillRunners();
  }

  function fillRunners(): void {
    for (const job of inLine) {
      if (running.size >= options.concurrency) return;
      inLine.delete(job);
      start(job);
    }
  }

  function start(job: Job): void {
    job.stage = "running";
    job.startedAt = agenda.now();
    const model = modelOf(job.endpointId);
    let renderMs = model.quick ? Math.min(QUICK_RENDER_MS, options.renderSeconds * 1000) : options.renderSeconds * 1000;
    for (const strike of faults.takeAll("run", job)) {
      if (strike.name === "stuck-in-progress") job.held = true;
      else renderMs += strike.seconds * 1000;
    }
    if (job.held) return;
    running.add(job);

    let rendered = false;
    let made: { work: Work; file: ResultFile | undefined } | undefined;
    const finishWhenDone = () => {
      if (rendered && made) end(job, delivery(job, made));
    };
    agenda.after(renderMs, () => {
      rendered = true;
      finishWhenDone();
    });
    const judge = async () => {
      const { input } = job;
      const verdict = isObject(input) ? await model.consider(input, agenda) : { refused: [noObject(input)] };
      if ("refused" in verdict) {
        const detail = verdict.refused;
        return end(job, { statusCode: 422, body: { detail }, error: modelError(detail), units: 0, usd: 0 });
      }
      const { work } = verdict;
      const frame = work.frameOf === undefined ? undefined : (jobs.get(work.frameOf)?.clip?.ratio ?? "16x9");
      made = { work, file: await resultFileOf(work.clip, frame) };
      finishWhenDone();
    };
    const crash = () => {
      end(job, { ...infrastructureError(500, "Internal server error", "internal_error"), units: 0, usd: 0 });
    };
    agenda.track(judge().catch(crash));
  }

  function end(job: Job, ending: Ending): void {
    if (job.stage === "ended" || stopped) return;
    job.stage = "ended";
    job.held = false;
    job.endedAt = agenda.now();
    job.ending = ending;
    inputsKept.push(job);
    if (inputsKept.length > ENDED_INPUTS_KEPT) shortenInput(inputsKept.shift());
    waiting.delete(job);
    inLine.delete(job);
    running.delete(job);
    fillRunners();
    onEnded(job);
  }

  /** What a job that went well delivers, unless a fault has other plans. */
  function delivery(job: Job, { work, file }: { work: Work; file: ResultFile | undefined }): Ending {
    const strike = faults.take("end", job);
    const billed = { units: work.units, usd: work.usd };
    const free = { units: 0, usd: 0 };
    switch (strike?.name) {
      case "fail-content-policy": {
        const msg = "The content could not be processed because it contained material flagged by a content checker.";
        const detail = [{ loc: ["body", "prompt"], msg, type: "content_policy_violation" }];
        return { statusCode: 422, body: { detail }, error: modelError(detail), ...billed };
      }
      case "fail-plain-text": {
        const detail = "The picture could not be animated";
        return { statusCode: 422, body: { detail }, error: { message: detail, type: "bad_request" }, ...billed };
      }
      case "fail-internal":
        return { ...infrastructureError(500, "Internal server error", "internal_error"), ...free };
      case "fail-runner":
        return { ...infrastructureError(503, "Runner disconnected", "runner_disconnected"), ...free };
      case "result-empty":
        return { statusCode: 200, body: {}, ...billed };
      case "result-other-shape": {
        const url = `${job.origin}/files/${job.requestId}.png`;
        return { statusCode: 200, body: { images: [{ url, content_type: "image/png" }], seed: 1 }, ...billed };
      }
      case "file-foreign-host":
        return { statusCode: 200, body: { video: { url: strike.url, content_type: "video/mp4" } }, ...billed };
      case undefined:
        break;
    }
    job.file = file;
    if (file === undefined) return { statusCode: 200, body: work.output, ...billed };
    if (work.frameOf !== undefined) {
      const images = [{ url: `${job.origin}/files/${job.requestId}.jpg`, content_type: "image/jpeg" }];
      return { statusCode: 200, body: { images }, ...billed };
    }
    job.clip = work.clip;
    const { folder, name } = file;
    const video = {
      url: `${job.origin}/files/${job.requestId}.mp4`,
      content_type: "video/mp4",
      file_name: "output.mp4",
      file_size: statSync(join(folder, name)).size,
    };
    return { statusCode: 200, body: { video }, ...billed };
  }

  return {
    accept,
    find: (requestId: string) => jobs.get(requestId),
    list: () => [...jobs.values()],
    /** How many are ahead of a queued job: ours, or strangers whose number falls with the time left. */
    queuePosition(job: Job): number {
      const queueMs = options.queueSeconds * 1000;
      const left = queueMs > 0 ? Math.max(0, 1 - (agenda.now() - job.acceptedAt) / queueMs) : 0;
      return Math.max([...inLine, ...waiting].indexOf(job), Math.ceil(STRANGERS_AHEAD * left) - 1, 0);
    },
    /** Asks a job to stop: a queued one does at once, a running one if the coin or a fault says so. */
    cancel(job: Job): void {
      job.cancelRequestedAt ??= agenda.now();
      const strike = job.stage === "running" ? faults.take("cancel", job) : undefined;
      const stops = job.stage === "queued" || (strike ? strike.name === "cancel-obeyed" : random() < 0.5);
      const ending = infrastructureError(499, "Request was cancelled by the client", "client_cancelled");
      if (stops) end(job, { ...ending, units: 0, usd: 0 });
    },
    /** Ends the queue for good: nothing that is still under way changes a job any more. */
    stop(): void {
      stopped = true;
    },
  };
}

function noObject(input: unknown): ModelError {
  return { loc: ["body"], msg: "Input should be a valid dictionary", type: "model_attributes_type", input };
}

function infrastructureError(statusCode: number, detail: string, type: string) {
  return { statusCode, body: { detail, error_type: type }, error: { message: detail, type } };
}

function modelError(detail: { msg: string; type: string }[]): { message: string; type: string } {
  return { message: detail[0]?.msg ?? "Invalid input", type: detail[0]?.type ?? "bad_request" };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
