// A fal that does what the test says: it counts every submit and finishes jobs when told.
import { SubmitError } from "../../shared/media/errors.ts";
import type { KlingGenerationMode, KlingRequest, KlingRow, Made } from "../../shared/kling/models.ts";
import type { Kling, KlingStatus, SoughtRequest } from "../../shared/media/ports.ts";

type Answer<T> = T | Error;

export class FakeKling implements Kling {
  /** Every POST, accepted or not. */
  readonly posts: { request: KlingRequest; mode: KlingGenerationMode | KlingRow }[] = [];
  readonly statusCalls: { requestId: string; mode: KlingGenerationMode | Made; submittedAt?: string }[] = [];
  readonly cancels: string[] = [];
  /** What the next submits meet; afterwards fal accepts. */
  submits: Answer<string>[] = [];
  /** What every submit meets instead, as long as it is set. */
  refusal: SubmitError | undefined;
  status: Answer<KlingStatus> = { status: "IN_QUEUE", queue_position: 2 };
  result: Answer<string> = "https://fal.example/files/video.mp4";
  cancelAnswer: Answer<"confirmed" | "requested" | "already_completed" | "not_found"> = "requested";
  /** The ended jobs. */
  readonly history: { requestId: string; imageUrl?: string }[] = [];
  historyFault: Error | undefined;

  async startKlingVideoGeneration(request: KlingRequest, mode: KlingGenerationMode | KlingRow) {
    this.posts.push({ request, mode });
    if (this.refusal) throw this.refusal;
    return { request_id: unless(this.submits.shift() ?? `request-${this.posts.length}`) };
  }
  async checkKlingRequestStatus(
    requestId: string,
    mode: KlingGenerationMode | Made,
    options?: { submittedAt?: string },
  ) {
    this.statusCalls.push({ requestId, mode, ...options });
    return unless(this.status);
  }
  async getKlingRequestResult() {
    return { data: { video: { url: unless(this.result) } } };
  }
  async cancelKlingRequest(requestId: string) {
    this.cancels.push(requestId);
    return unless(this.cancelAnswer);
  }
  /** A job ended that was made of the picture of the latest submit, or of another. */
  ended(requestId: string, imageUrl = this.posts.at(-1)?.request.image_url ?? ""): void {
    this.history.push({ requestId, imageUrl });
  }
  async findKlingRequest(sought: SoughtRequest) {
    if (this.historyFault) throw this.historyFault;
    const found = this.history.find(({ requestId, imageUrl }) =>
      "request_id" in sought ? requestId === sought.request_id : imageUrl === sought.image_url,
    );
    return found && { request_id: found.requestId, image_url: found.imageUrl };
  }
}

/** A submit that ends without a job, or without our knowing. */
export function unaccepted(outcome: SubmitError["outcome"], code = "some_code"): SubmitError {
  return new SubmitError(outcome, code, `fal said ${code}`);
}

function unless<T>(answer: Answer<T>): T {
  if (answer instanceof Error) throw answer;
  return answer;
}
