// fal's platform API: the history of requests that have ended. Queued and running ones never show.
import type { Job } from "./jobs.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const HISTORY_LIMIT = { standard: 50, max: 100 };

const iso = (at: number) => new Date(at).toISOString();

/** `GET /v1/models/requests/by-endpoint`: ended requests of the endpoints asked for, the latest end first. */
export function requestHistory(jobs: Job[], query: URLSearchParams, now: number) {
  const withPayloads = listOf(query, "expand").includes("payloads");
  const status = query.get("status");
  const items = selectEnded(jobs, query, now)
    .filter(({ ending }) => {
      if (status === "success") return ending.statusCode < 400;
      if (status === "error") return ending.statusCode >= 500;
      return status !== "user_error" || (ending.statusCode >= 400 && ending.statusCode < 500);
    })
    .map(({ job, endedAt, ending }) => ({
      request_id: job.requestId,
      endpoint_id: job.endpointId,
      sent_at: iso(job.acceptedAt),
      ...(job.startedAt !== undefined && { started_at: iso(job.startedAt) }),
      ended_at: iso(endedAt),
      status_code: ending.statusCode,
      duration: (endedAt - (job.startedAt ?? endedAt)) / 1000,
      ...(withPayloads && { json_input: job.input, json_output: ending.body }),
    }));
  const { page, ...cursor } = paginate(items, query, HISTORY_LIMIT);
  return { items: page, ...cursor };
}

function selectEnded(jobs: Job[], query: URLSearchParams, now: number) {
  const endpoints = listOf(query, "endpoint_id");
  const requestId = query.get("request_id");
  const start = time(query.get("start")) ?? now - (requestId === null ? 1 : 90) * DAY_MS;
  const end = time(query.get("end")) ?? Infinity;
  return jobs
    .flatMap((job) => {
      const { ending, endedAt } = job;
      return ending === undefined || endedAt === undefined ? [] : [{ job, ending, endedAt }];
    })
    .filter(({ endedAt }) => endedAt >= start && endedAt < end)
    .filter(({ job }) => endpoints.length === 0 || endpoints.includes(job.endpointId))
    .filter(({ job }) => requestId === null || job.requestId === requestId)
    .sort((a, b) => b.endedAt - a.endedAt);
}

/** A parameter that may be repeated or hold several values with commas between them. */
function listOf(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((value) => value.split(","))
    .filter((value) => value !== "");
}

function time(text: string | null): number | undefined {
  const at = text === null ? NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** The cursor is the page's number in base64, as it is at fal. */
function paginate<Row>(rows: Row[], query: URLSearchParams, limits: { standard: number; max: number }) {
  const limit = Math.min(Math.max(1, Number(query.get("limit")) || limits.standard), limits.max);
  const number = Number(Buffer.from(query.get("cursor") ?? "", "base64").toString()) || 1;
  const hasMore = rows.length > number * limit;
  const next_cursor = hasMore ? Buffer.from(String(number + 1)).toString("base64") : null;
  return { page: rows.slice((number - 1) * limit, number * limit), next_cursor, has_more: hasMore };
}
