// fal's queue behind `fetch`, in memory: what a test says it answers, and every call it got.
export class FakeFal {
  readonly videoUrl = "https://fal.example/files/video.mp4";
  readonly frameUrl = "https://fal.example/files/frame.jpg";
  readonly calls: { method: string; path: string; webhookUrl?: string; body?: Record<string, unknown> }[] = [];
  /** Answers to the next calls whose path ends so; afterwards the usual course. */
  readonly next: { method: string; ending: string; answer: () => Response | Promise<Response> }[] = [];
  readonly #standing: { method: string; ending: string; answer: () => Response }[] = [];
  /** How many looks a job takes: queued, then in progress, then completed. */
  queuedLooks = 1;
  runningLooks = 1;
  #looks = 0;

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const method = init.method ?? "GET";
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : undefined;
    const webhookUrl = url.searchParams.get("fal_webhook") ?? undefined;
    this.calls.push({ method, path: url.pathname, webhookUrl, body });
    const scripted = this.next.findIndex((step) => step.method === method && url.pathname.endsWith(step.ending));
    const [step] = scripted < 0 ? [] : this.next.splice(scripted, 1);
    if (step) return step.answer();
    const standing = this.#standing.find((rule) => rule.method === method && url.pathname.endsWith(rule.ending));
    if (standing) return standing.answer();
    if (method === "POST") return answer(200, { status: "IN_QUEUE", request_id: `job-${this.posts.length}` });
    if (method === "PUT") return answer(202, { status: "CANCELLATION_REQUESTED" });
    if (url.pathname.endsWith("/status")) return this.#status();
    if (url.pathname.includes("/requests/by-endpoint")) return answer(200, { items: [] });
    const [video, images] = [{ url: this.videoUrl }, [{ url: this.frameUrl }]];
    return answer(200, { video, images, output: "Waves at a beach." });
  };

  /** The submits of videos. */
  get posts() {
    return this.calls.filter(({ method, path }) => method === "POST" && path.includes("kling"));
  }

  /** Lets the next call with this method and path ending be answered so. */
  answers(method: string, ending: string, ...answers: (Response | Error)[]): void {
    for (const given of answers) {
      this.next.push({ method, ending, answer: () => (given instanceof Error ? Promise.reject(given) : given) });
    }
  }

  /** Lets every call with this method and path ending be answered so. */
  always(method: string, ending: string, answer: () => Response): void {
    this.#standing.push({ method, ending, answer });
  }

  #status(): Response {
    const look = this.#looks++;
    if (look < this.queuedLooks)
      return answer(202, { status: "IN_QUEUE", queue_position: this.queuedLooks - look - 1 });
    if (look < this.queuedLooks + this.runningLooks) return answer(202, { status: "IN_PROGRESS" });
    return answer(200, { status: "COMPLETED" });
  }
}

/** An answer of fal's. */
export function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
