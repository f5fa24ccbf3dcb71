// queue.fal.run: submit, status, result and cancel, and the faults that strike on the way.
import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import { readDirectives, type FaultRow } from "./faults.ts";
import { hasKey, parseJson, readBody, reply } from "./http.ts";
import type { Job } from "./jobs.ts";
import type { ReceivedRequest, World } from "./world.ts";

/** Answers whatever is asked under an endpoint id. */
export async function answerQueue(
  world: World,
  req: IncomingMessage,
  res: ServerResponse,
  segments: string[],
  query: URLSearchParams,
  received: ReceivedRequest,
): Promise<void> {
  if (!hasKey(req)) {
    const detail = `Cannot access application "${segments.slice(0, 2).join("/")}". Authentication is required to access this application.`;
    return reply(res, 401, { detail });
  }
  if (!segments.includes("requests")) {
    if (segments.length < 2) return reply(res, 404, { detail: "Application not found" });
    if (req.method !== "POST") return reply(res, 405, { detail: "Method Not Allowed" });
    return submit(world, req, res, segments.join("/"), query.get("fal_webhook") ?? undefined, received);
  }
  return aboutJob(world, req, res, segments, query, received);
}

async function submit(
  world: World,
  req: IncomingMessage,
  res: ServerResponse,
  endpointId: string,
  webhookUrl: string | undefined,
  received: ReceivedRequest,
): Promise<void> {
  const body = await readBody(req);
  if (body === undefined) return reply(res, 413, { detail: "Request Entity Too Large" });
  const input = parseJson(body);
  const prompt = typeof input === "object" && input !== null && "prompt" in input ? String(input.prompt) : "";
  const directives = readDirectives(prompt);

  const strike = world.faults.takeForSubmit(prompt, directives, { endpointId });
  const takes = strike === undefined || strike.accepted;
  const accept = () => {
    const origin = `http://${req.headers.host ?? "127.0.0.1"}`;
    const job = world.jobs.accept({ endpointId, origin, webhookUrl, input });
    world.faults.bind(directives, job.requestId);
    received.requestId = job.requestId;
    return job;
  };
  switch (strike?.name) {
    case "drop-before-accept":
      return void res.destroy();
    case "drop-after-accept":
      accept();
      return void res.destroy();
    case "submit-late": {
      const job = accept();
      return void world.agenda.after(strike.seconds * 1000, () => replyAccepted(world, res, job));
    }
    case "submit-hang":
      if (takes) accept();
      return;
    case "submit-html":
      if (takes) accept();
      return void res
        .writeHead(200, { "content-type": "text/html" })
        .end("<!doctype html><title>502</title>Bad gateway\n");
    case undefined:
      return replyAccepted(world, res, accept());
    default: {
      if (takes) accept();
      const {
        status = 500,
        body: answer = {},
        headers,
      }: NonNullable<FaultRow["answer"]> = strike?.row.answer ?? {
        status: 500,
        body: {},
      };
      return reply(res, status, answer, headers);
    }
  }
}

function replyAccepted(world: World, res: ServerResponse, job: Job): void {
  const queue_position = world.jobs.queuePosition(job);
  reply(res, 200, { status: "IN_QUEUE", ...urlsOf(job), queue_position }, { "x-fal-request-id": job.requestId });
}

function aboutJob(
  world: World,
  req: IncomingMessage,
  res: ServerResponse,
  segments: string[],
  query: URLSearchParams,
  received: ReceivedRequest,
): void {
  const at = segments.indexOf("requests");
  // The full endpoint id in such a path is a common mistake, and this is how fal answers it.
  if (at !== 2) return reply(res, 405, { detail: "Method Not Allowed" });
  const [owner, app, , requestId = "", action = "result", more] = segments;
  const job = world.jobs.find(requestId);
  if (job === undefined || job.app !== `${owner}/${app}`) return reply(res, 404, { status: "NOT_FOUND" });
  received.requestId = requestId;

  const call = `${req.method} ${action}`;
  if (more === undefined && call === "GET status") return answerStatus(world, res, job, query.get("logs") === "1");
  if (more === undefined && call === "GET result") return answerResult(world, res, job);
  if (more === undefined && call === "PUT cancel") {
    if (job.stage === "ended") return reply(res, 400, { status: "ALREADY_COMPLETED" });
    world.jobs.cancel(job);
    return reply(res, 202, { status: "CANCELLATION_REQUESTED" });
  }
  return reply(res, 405, { detail: "Method Not Allowed" });
}

function answerStatus(world: World, res: ServerResponse, job: Job, withLogs: boolean): void {
  const headers = { "x-fal-request-id": job.requestId };
  const strike = world.faults.take("status", job);
  switch (strike?.name) {
    case "status-500":
      return reply(res, 500, { detail: "Internal Server Error", error_type: "internal_error" }, headers);
    case "status-404":
      return reply(res, 404, { status: "NOT_FOUND" });
    case "status-garbage":
      return void res.writeHead(200, { "content-type": "application/json" }).end('{"status": "COMPLE');
    case "status-unknown":
      return reply(res, 202, { status: "WARMING_UP", ...urlsOf(job) }, headers);
    case "status-hang":
      return;
    case "status-drop":
      return void res.destroy();
    case undefined:
      break;
  }
  const reopened = job.stage === "ended" && job.seenCompleted && world.faults.take("reopen", job) !== undefined;
  const logs = withLogs ? logsOf(job) : null;
  if (job.stage === "queued") {
    const queue_position = world.jobs.queuePosition(job);
    return reply(res, 202, { status: "IN_QUEUE", ...urlsOf(job), queue_position }, headers);
  }
  if (job.stage === "running" || reopened) {
    return reply(res, 202, { status: "IN_PROGRESS", ...urlsOf(job), logs }, headers);
  }
  job.seenCompleted = true;
  const inference_time = ((job.endedAt ?? 0) - (job.startedAt ?? job.endedAt ?? 0)) / 1000;
  const { error } = job.ending ?? {};
  const failure = error && { error: error.message, error_type: error.type };
  reply(res, 200, { status: "COMPLETED", ...urlsOf(job), logs, metrics: { inference_time }, ...failure }, headers);
}

function answerResult(world: World, res: ServerResponse, job: Job): void {
  const headers = { "x-fal-request-id": job.requestId };
  const { ending } = job;
  if (ending === undefined) return reply(res, 400, { detail: "Request is still in progress" }, headers);
  const strike = world.faults.take("result", job);
  switch (strike?.name) {
    case "result-500":
      return reply(res, 500, { detail: "Internal Server Error", error_type: "internal_error" }, headers);
    case "result-not-ready":
      return reply(res, 400, { detail: "Request is still in progress" }, headers);
    case "result-expired":
      return reply(res, 404, { detail: "Request not found" }, headers);
    case "result-text":
    case "result-in-data": {
      const url = videoOf(ending.body);
      const body = strike.name === "result-text" ? { video: url } : { data: { videos: [{ url }] } };
      return reply(res, 200, body, headers);
    }
    case "result-downstream":
    case "result-timeout":
    case "result-forbidden":
    case "result-withheld":
    case "result-locked":
    case undefined:
      break;
  }
  const row: FaultRow | undefined = strike?.row;
  if (row?.answer) return reply(res, row.answer.status, row.answer.body, { ...headers, ...row.answer.headers });
  reply(res, ending.statusCode, ending.body, {
    ...headers,
    "x-fal-billable-units": String(ending.units),
    ...(ending.error && { "x-fal-error-type": ending.error.type, "x-fal-retryable": String(ending.statusCode >= 500) }),
  });
}

function videoOf(body: unknown): string | undefined {
  return z.object({ video: z.object({ url: z.string() }) }).safeParse(body).data?.video.url;
}

function urlsOf(job: Job) {
  const response_url = `${job.origin}/${job.app}/requests/${job.requestId}`;
  return {
    request_id: job.requestId,
    response_url,
    status_url: `${response_url}/status`,
    cancel_url: `${response_url}/cancel`,
  };
}

function logsOf(job: Job) {
  const line = (at: number, message: string) => {
    return { timestamp: new Date(at).toISOString(), level: "INFO", source: "USER", message };
  };
  return [
    ...(job.startedAt === undefined ? [] : [line(job.startedAt, "Job started")]),
    ...(job.endedAt === undefined ? [] : [line(job.endedAt, job.ending?.error ? "Job failed" : "Job finished")]),
  ];
}
