// An API that answers by a script: each step an answer or a failure of the line, the last one for ever.
import { vi } from "vitest";
import type { MediaSpace } from "../../shared/client/contract.ts";

export type Step = { status?: number; body?: unknown; headers?: Record<string, string> } | Error | "hang";
export interface Call {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  /** Milliseconds since the script began. */
  at: number;
}

export function fakeApi(...script: Step[]) {
  const calls: Call[] = [];
  const start = Date.now();
  const fetch: typeof globalThis.fetch = async (url, init = {}) => {
    const step = script[Math.min(calls.length, script.length - 1)];
    const headers = Object.fromEntries(new Headers(init.headers));
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : init.body;
    calls.push({ method: init.method ?? "GET", url: url as string, headers, body, at: Date.now() - start });
    if (step instanceof Error) throw step;
    if (step === "hang" || step === undefined) {
      return new Promise((_, reject) => {
        init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      });
    }
    const text = step.body === undefined ? null : JSON.stringify(step.body);
    return new Response(text, { status: step.status ?? 200, headers: step.headers ?? {} });
  };
  return { calls, fetch, baseUrl: "https://api.example" };
}

/** The runtime's own time limits, on the test's clock. */
export function fakeTimeouts(): void {
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new DOMException("too late", "TimeoutError")), ms);
    return controller.signal;
  });
}

export const DOWN = new TypeError("fetch failed");

export function mediaSpace(media: Partial<MediaSpace["media"]> = {}): MediaSpace {
  const at = "2026-11-22T12:00:00.000Z";
  return {
    id: "m-1",
    spaceId: "holiday",
    uploadedBy: "ada",
    uploadedAt: at,
    autoPlacement: false,
    media: {
      id: "m-1",
      type: "video",
      usage: "media",
      name: "Beach",
      generationStatus: "generating-video",
      phase: "queued",
      model: "kling-2.1",
      context: "The waves roll in.",
      duration: "5",
      description: [],
      cost: { estimatedUsd: 0.28, charged: false },
      createdAt: at,
      updatedAt: at,
      version: 1,
      ...media,
    },
  };
}

export const completed = (version: number, more: Partial<MediaSpace["media"]> = {}) =>
  mediaSpace({ generationStatus: "completed", phase: "completed", version, ...more });
/** The answer of the GET route. */
export const got = (space: MediaSpace): Step => ({ body: { data: { mediaSpace: space } } });
/** The answer of check-generation. */
export const checked = (space: MediaSpace): Step => ({ body: { data: { status: "in_progress", mediaSpace: space } } });
export const NOTHING_NEW: Step = { status: 204 };
