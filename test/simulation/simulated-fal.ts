// fal in virtual time: a queue that takes jobs, renders them and says so, as FAL's documents and its client's source have it.
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { uuid } from "../../stacks/fal-simulator/random.ts";
import { tellBill } from "./bill.ts";
import { acting, Actor, type Operation } from "./gate.ts";
import { filePage, type Page } from "./simulated-web.ts";
import { BEGINNING } from "./virtual-time.ts";
import type { World } from "./world.ts";

export interface Job {
  id: string;
  /** The record that the source image names, and the claim that made the image. */
  mediaId: string | undefined;
  endpoint: string;
  input: Record<string, unknown>;
  webhookUrl: string | undefined;
  acceptedAt: number;
  startsAt: number;
  endsAt: number;
  twist: string | undefined;
  canceled: boolean;
  /** The file that a finished job leaves. */
  video: { url: string; bytes: Buffer; sha256: string };
  looks: number;
}

/** How a job may go wrong though it was taken. */
export const JOB_TWISTS = [
  "waits for hours",
  "never ends",
  "fails",
  "is refused for its content",
  "ends empty",
  "ends in another shape",
  "ends and then runs again",
  "leaves its video inside",
  "fails upstream",
  "times out at the model",
  "is forbidden",
  "withholds its video",
  "gives its video as a text",
  "gives its video inside of data",
  "cannot be stopped",
  "ends at its deadline",
] as const;

/** A call of fal's, as it goes over the wire. */
export interface Hook {
  url: string;
  body: string;
  headers: Record<string, string>;
}

const HOUR = 3_600_000;
/** Longer than a claim may be in doubt (stage.ts). */
const MINUTES = 200_000;
/** Of what is started at the beginning (stage.ts). */
const DEADLINE_MS = 300_000;
const DESCRIBE = "fal-ai/video-understanding";
const FIRST_FRAME = "fal-ai/ffmpeg-api/extract-frame";
const KLING = /^\/(fal-ai\/kling-video\/v2\.1\/\w+\/image-to-video)$/;

interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** fal's word that asking again brings nothing. */
const FINAL = { "x-fal-retryable": "false" };

/** The code of a job that fal has failed, by how it went wrong; of any other fal has a video. */
export function failureOf({ twist = "", canceled }: Job): string | undefined {
  if (canceled) return "client_cancelled";
  return {
    fails: "runner_server_error",
    "is refused for its content": "content_policy_violation",
    "ends empty": "no_media_generated",
    "fails upstream": "downstream_service_error",
    "times out at the model": "generation_timeout",
    "is forbidden": "forbidden_content",
  }[twist];
}

export class SimulatedFal {
  readonly jobs: Job[] = [];
  readonly #world: World;
  readonly #random: () => number;
  #keys = [KEYS[0]];
  #lockedUntil = 0;

  constructor(world: World, random: () => number) {
    this.#world = world;
    this.#random = random;
  }

  /** The jobs that were paid for. */
  videos(): Job[] {
    return this.jobs.filter(({ endpoint }) => endpoint.includes("kling"));
  }

  /** Whether fal will have something to report soon. */
  get reportsSoon(): boolean {
    const now = this.#world.now();
    return this.jobs.some(
      ({ webhookUrl, endsAt }) => webhookUrl !== undefined && endsAt >= now && endsAt < now + MINUTES,
    );
  }

  /** What `fetch` is in the world. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const method = input instanceof Request ? input.method : (init.method ?? "GET");
    const text = input instanceof Request ? await input.clone().text() : typeof init.body === "string" ? init.body : "";
    const signal = input instanceof Request ? input.signal : init.signal;
    const name = operationOf(method, url);
    if (name === "fal.cancel") this.#world.observe({ kind: "cancel", jobId: url.pathname.split("/").at(-2) ?? "" });
    const asked: Operation<Response> = {
      name,
      signal,
      about: () => url.pathname.split("/").slice(-2).join("/"),
      perform: (twist) => {
        if (name === "fal.bill") {
          const told = tellBill(this.#world, url, new Headers(init.headers).get("authorization") ?? "");
          return falAnswer(told.status, told.body);
        }
        const { status, body, headers } = this.#answer(name, url, jsonOf(text), twist);
        return falAnswer(status, body, headers);
      },
    };
    return name === "fal.submit" ? this.#submit(asked, mediaOf(jsonOf(text))) : this.#world.gate.pass(asked);
  };

  /** Notes what the caller has learned of his POST: only that decides whether he may send another. */
  async #submit(asked: Operation<Response>, mediaId: string | undefined): Promise<Response> {
    this.#world.observe({ kind: "submit", mediaId, by: acting.getStore() });
    const claim = this.#world.claims.get(mediaId ?? "")?.at(-1);
    try {
      const answer = await this.#world.gate.pass(asked);
      if (claim && [401, 403, 429].includes(answer.status)) claim.outcome = "nothing started";
      return answer;
    } catch (error) {
      const { code = "" } = error as { code?: string };
      if (claim && ["ECONNREFUSED", "ENOTFOUND"].includes(code)) claim.outcome = "nothing started";
      throw error;
    }
  }

  #answer(name: string, url: URL, body: Record<string, unknown>, twist: string | undefined): Answer {
    const job = this.jobs.find(({ id }) => url.pathname.split("/").includes(id));
    if (this.#world.now() < this.#lockedUntil && TAKES_JOBS.includes(name)) return LOCKED;
    switch (name) {
      case "fal.submit":
      case "fal.describe":
      case "fal.frame":
        return this.#take(name, url, body, twist);
      case "fal.jwks":
        return { status: 200, body: { keys: this.#keys.map((key) => key?.publicKey.export({ format: "jwk" })) } };
      case "fal.history":
        return { status: 200, body: { items: this.jobs.filter((it) => this.hasEnded(it)).map(historyItem) } };
      case "ai":
        return { status: 200, body: aiAnswer(body) };
      case "fal.status":
        return job ? this.#status(job) : UNKNOWN;
      case "fal.result":
        return job ? this.#result(job) : UNKNOWN;
      case "fal.cancel":
        return job ? this.#cancel(job) : UNKNOWN;
      default:
        return { status: 404, body: { detail: "Not Found" } };
    }
  }

  #take(name: string, url: URL, input: Record<string, unknown>, twist: string | undefined): Answer {
    const now = this.#world.now();
    const id = uuid(this.#random);
    const waits = { "waits for hours": 3 * HOUR, "ends at once": 0 }[twist ?? ""] ?? this.#random() * 15_000;
    const byChance = name === "fal.submit" ? 5_000 + this.#random() * 40_000 : 800;
    const renders = { "ends at once": 0, "never ends": Infinity, "takes minutes": MINUTES }[twist ?? ""] ?? byChance;
    const bytes = Buffer.concat([this.#world.clip, freeBox(id)]);
    const host = twist === "leaves its video inside" ? "internal.example" : "v3.fal.media";
    const { renderSeconds } = this.#world.settings;
    const planned = name === "fal.submit" ? (renderSeconds ?? 0) * 1000 : 800;
    const job: Job = {
      id,
      mediaId: mediaOf(input),
      endpoint: url.pathname.slice(1),
      input,
      webhookUrl: url.searchParams.get("fal_webhook") ?? undefined,
      acceptedAt: now,
      startsAt: now + waits,
      endsAt:
        renderSeconds !== undefined
          ? now + planned
          : twist === "ends at its deadline"
            ? BEGINNING + DEADLINE_MS
            : now + waits + renders,
      twist,
      canceled: false,
      video: {
        url: `https://${host}/files/${id}.mp4`,
        bytes,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      },
      looks: 0,
    };
    this.jobs.push(job);
    if (name === "fal.submit") this.#world.observe({ kind: "accepted", job });
    this.#world.web.pages.set(job.video.url, (): Page => filePage(bytes, "video/mp4"));
    if (job.webhookUrl !== undefined && Number.isFinite(job.endsAt)) this.#call(job, Math.ceil(job.endsAt - now));
    return { status: 200, body: { status: "IN_QUEUE", request_id: id, queue_position: 0 } };
  }

  hasEnded(job: Job): boolean {
    return job.canceled || this.#world.now() >= job.endsAt;
  }

  #status(job: Job): Answer {
    job.looks++;
    const { twist } = job;
    const now = this.#world.now();
    if (job.canceled)
      return { status: 200, body: { status: "COMPLETED", error: "Canceled.", error_type: "client_cancelled" } };
    if (now < job.startsAt)
      return { status: 202, body: { status: "IN_QUEUE", queue_position: Math.ceil((job.startsAt - now) / 10_000) } };
    if (now < job.endsAt) return { status: 202, body: { status: "IN_PROGRESS", logs: null } };
    if (twist === "ends and then runs again" && job.looks % 3 === 2)
      return { status: 202, body: { status: "IN_PROGRESS" } };
    if (twist === "fails")
      return { status: 200, body: { status: "COMPLETED", error: "Worker died.", error_type: "runner_server_error" } };
    return { status: 200, body: { status: "COMPLETED", metrics: { inference_time: 42 } } };
  }

  #result(job: Job): Answer {
    if (job.canceled) return { status: 422, body: { detail: "Canceled.", error_type: "client_cancelled" } };
    if (!this.hasEnded(job)) return { status: 400, body: { detail: "Request is still in progress" } };
    if (job.endpoint === DESCRIBE) return { status: 200, body: { output: "Waves at a beach." } };
    if (job.endpoint === FIRST_FRAME) return { status: 200, body: { images: [{ url: this.#world.frameUrl }] } };
    switch (job.twist) {
      case "fails":
        return { status: 500, body: { detail: "Worker died.", error_type: "runner_server_error" } };
      case "is refused for its content":
        return {
          status: 422,
          body: {
            detail: [
              { loc: ["body", "prompt"], msg: "Not allowed.", type: "content_policy_violation", input: job.input },
            ],
          },
        };
      // These three are COMPLETED without an error: only the result says what became of them.
      case "fails upstream": {
        const detail = [{ loc: ["body"], msg: "Upstream failed.", type: "downstream_service_error" }];
        return { status: 500, body: { detail }, headers: FINAL };
      }
      case "times out at the model":
        return { status: 504, body: { detail: "It took too long.", error_type: "generation_timeout" } };
      case "is forbidden":
        return { status: 403, body: { detail: "Not this.", error_type: "forbidden_content" }, headers: FINAL };
      case "withholds its video":
        return { status: 403, body: { detail: "Forbidden" } };
      case "gives its video as a text":
        return { status: 200, body: { video: job.video.url } };
      case "gives its video inside of data":
        return { status: 200, body: { data: { videos: [{ url: job.video.url }] } } };
      case "ends empty":
        return { status: 200, body: {} };
      case "ends in another shape":
        return { status: 200, body: { videos: [{ href: job.video.url }] } };
      default:
        return {
          status: 200,
          body: { video: { url: job.video.url, content_type: "video/mp4", file_size: job.video.bytes.length } },
        };
    }
  }

  #cancel(job: Job): Answer {
    if (this.hasEnded(job)) return { status: 400, body: { status: "ALREADY_COMPLETED" } };
    // A running job may finish anyway.
    const stoppable = job.twist !== "cannot be stopped" && job.twist !== "never ends";
    job.canceled = stoppable && (this.#world.now() < job.startsAt || this.#random() < 0.5);
    return { status: 202, body: { status: "CANCELLATION_REQUESTED" } };
  }

  /** The webhook, tried until it is taken: 15 s at first, then ever rarer, for two hours. */
  #call(job: Job, afterMs: number): void {
    const fal = new Actor("fal");
    const tries = async () => {
      for (const pauseMs of [15_000, 60_000, 300_000, 900_000, HOUR]) {
        const status = await this.#world.webhook(this.webhook(job));
        if (status >= 200 && status < 300) return;
        await this.#world.sleep(pauseMs);
      }
    };
    setTimeout(() => void acting.run(fal, tries), afterMs);
  }

  /** The call that fal makes when a job has ended, signed. */
  webhook(
    job: Job,
    {
      at = this.#world.now(),
      signedBy = this.#keys[0]?.privateKey,
    }: { at?: number; signedBy?: KeyObject | undefined } = {},
  ): Hook {
    const error = job.canceled || job.twist === "fails" || job.twist === "is refused for its content";
    const payload = error ? { detail: "It failed." } : { video: { url: job.video.url } };
    const body = JSON.stringify({
      request_id: job.id,
      gateway_request_id: job.id,
      status: error ? "ERROR" : "OK",
      payload,
    });
    const timestamp = String(Math.floor(at / 1000));
    const digest = createHash("sha256").update(body).digest("hex");
    const message = Buffer.from([job.id, "fal-user", timestamp, digest].join("\n"));
    const signature = signedBy ? sign(null, message, signedBy).toString("hex") : "";
    return {
      url: job.webhookUrl ?? "",
      body,
      headers: {
        "x-fal-webhook-request-id": job.id,
        "x-fal-webhook-user-id": "fal-user",
        "x-fal-webhook-timestamp": timestamp,
        "x-fal-webhook-signature": signature,
      },
    };
  }

  /** The balance is spent: nothing is taken any more, and what was taken goes on. */
  lock(ms: number): void {
    this.#lockedUntil = Math.max(this.#lockedUntil, this.#world.now() + ms);
  }

  /** fal signs with another key from now on. */
  rotateKeys(): void {
    this.#keys = [KEYS[1]];
  }
}

/** fal's, the one after it, and a stranger's. */
const KEYS = Array.from({ length: 3 }, () => generateKeyPairSync("ed25519"));
export const STRANGERS_KEY = KEYS[2]?.privateKey;

/** Of whom fal says nothing while the account is locked but that; looks are answered as ever. */
const TAKES_JOBS = ["fal.submit", "fal.describe", "fal.frame"];
const LOCKED: Answer = {
  status: 403,
  body: { detail: "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing." },
};

const UNKNOWN: Answer = { status: 404, body: { status: "NOT_FOUND" } };

/** WorkflowAI writes the user's words out, and describes every video alike. */
function aiAnswer({ task_input: asked }: Record<string, unknown>) {
  const words =
    typeof asked === "object" && asked !== null && "basic_prompt" in asked ? String(asked.basic_prompt) : "";
  const output = { enhanced_prompt: `${words} Cinematic.`, video_description: "Waves at a beach." };
  return { id: "run-1", task_output: output, cost_usd: 0.001, duration_seconds: 1 };
}

/** A Response as fal's servers give it. */
export function falAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, { status, headers: { "content-type": "application/json", ...headers } });
}

function operationOf(method: string, { hostname, pathname }: URL): string {
  if (hostname.includes("workflowai")) return "ai";
  if (pathname.endsWith("/jwks.json")) return "fal.jwks";
  if (pathname.includes("/requests/by-endpoint")) return "fal.history";
  if (pathname.endsWith("/billing-events")) return "fal.bill";
  if (method === "POST" && KLING.test(pathname)) return "fal.submit";
  if (method === "POST") return pathname.slice(1) === DESCRIBE ? "fal.describe" : "fal.frame";
  if (method === "PUT") return "fal.cancel";
  return pathname.endsWith("/status") ? "fal.status" : "fal.result";
}

/** The record that a source image belongs to: its link says so, or the mark in the picture itself. */
function mediaOf({ image_url: image }: Record<string, unknown>): string | undefined {
  if (typeof image !== "string") return undefined;
  const text = image.startsWith("data:") ? Buffer.from(image.slice(-200), "base64").toString("latin1") : image;
  return /sources\/([\w-]+)-\d+-[0-9a-f]{32}\.jpg$/.exec(text)?.[1];
}

function historyItem({ id, input }: Job) {
  return { request_id: id, json_input: input, status_code: 200 };
}

function jsonOf(text: string): Record<string, unknown> {
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** A box that players skip: it makes the file of each job another file. */
function freeBox(text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + text.length);
  head.write("free", 4);
  return Buffer.concat([head, Buffer.from(text)]);
}
