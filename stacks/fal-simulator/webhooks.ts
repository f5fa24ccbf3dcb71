// fal's calls back: signed as fal signs, first try at once, then ten more over two hours until the receiver answers 2xx.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { Agenda } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Job } from "./jobs.ts";

const FIRST_TRY_TIMEOUT_MS = 15_000;
const RETRIES = 10;
// 7 s, 14 s, 28 s ... 3,584 s: together 7,161 s, the two hours of fal.
const FIRST_RETRY_MS = 7_000;
const STALE_BY_SECONDS = 600;
const USER_ID = "fal-simulator";

/** One call to a webhook, or the decision not to make it. */
export interface WebhookCall {
  requestId: string;
  url: string;
  at: number;
  attempt: number;
  /** The HTTP status, or why there is none. */
  outcome: number | "lost" | "no answer" | "not a URL";
}

type Keys = { privateKey: KeyObject; publicKey: KeyObject };
const newKeys = (): Keys => generateKeyPairSync("ed25519");

export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** fal's signing keys: they outlive a reset, as fal's outlive our restarts. */
export function createSigningKeys() {
  let current = newKeys();
  const all = [current];
  return {
    current: () => current,
    rotate(): void {
      current = newKeys();
      all.unshift(current);
    },
    jwks(): { keys: Record<string, unknown>[] } {
      return {
        keys: all.map(({ publicKey }, i) => {
          const key = publicKey.export({ format: "jwk" });
          return { ...key, kid: `fal-simulator-${all.length - i}`, use: "sig", alg: "EdDSA" };
        }),
      };
    },
  };
}

interface WebhookTools {
  agenda: Agenda;
  faults: Faults;
  keys: SigningKeys;
}

/** The sender of webhooks, and the list of what it sent. */
export function createWebhooks({ agenda, faults, keys }: WebhookTools) {
  const calls: WebhookCall[] = [];

  function deliver(job: Job): void {
    const { webhookUrl: url } = job;
    if (url === undefined) return;
    const strikes = new Map(faults.takeAll("webhook", job).map((strike) => [strike.name, strike]));
    const log = { requestId: job.requestId, url, at: agenda.now(), attempt: 1 };
    if (strikes.has("webhook-lost")) return void calls.push({ ...log, outcome: "lost" });
    if (!URL.canParse(url)) return void calls.push({ ...log, outcome: "not a URL" });
    if (strikes.has("webhook-new-key")) keys.rotate();

    const signer = strikes.has("webhook-forged") ? newKeys() : undefined;
    const staleBy = strikes.has("webhook-stale") ? STALE_BY_SECONDS : 0;
    const send = () => agenda.track(attempt(1));
    async function attempt(number: number): Promise<void> {
      const at = agenda.now();
      const outcome = await post(job, url ?? "", (signer ?? keys.current()).privateKey, at / 1000 - staleBy);
      calls.push({ requestId: job.requestId, url: url ?? "", at, attempt: number, outcome });
      const acknowledged = typeof outcome === "number" && outcome >= 200 && outcome < 300;
      const moved = typeof outcome === "number" && outcome >= 300 && outcome < 400;
      if (acknowledged || moved || number > RETRIES) return;
      agenda.after(FIRST_RETRY_MS * 2 ** (number - 1), () => agenda.track(attempt(number + 1)));
    }

    const late = strikes.get("webhook-late");
    if (late) agenda.after(late.seconds * 1000, send);
    else send();
    if (strikes.has("webhook-twice")) send();
  }

  async function post(job: Job, url: string, key: KeyObject, seconds: number): Promise<WebhookCall["outcome"]> {
    const body = Buffer.from(JSON.stringify(webhookBody(job)));
    const timestamp = String(Math.floor(seconds));
    const digest = createHash("sha256").update(body).digest("hex");
    const message = [job.requestId, USER_ID, timestamp, digest].join("\n");
    const abort = new AbortController();
    const cancelTimeout = agenda.after(FIRST_TRY_TIMEOUT_MS, () => abort.abort());
    try {
      const response = await fetch(url, {
        method: "POST",
        body,
        redirect: "manual",
        signal: abort.signal,
        headers: {
          "content-type": "application/json",
          "x-fal-webhook-request-id": job.requestId,
          "x-fal-webhook-user-id": USER_ID,
          "x-fal-webhook-timestamp": timestamp,
          "x-fal-webhook-signature": sign(null, Buffer.from(message), key).toString("hex"),
        },
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return "no answer";
    } finally {
      cancelTimeout();
    }
  }

  return { deliver, list: () => [...calls] };
}

function webhookBody(job: Job) {
  const ids = { request_id: job.requestId, gateway_request_id: job.gatewayRequestId };
  const { ending } = job;
  if (ending === undefined || ending.error === undefined)
    return { ...ids, status: "OK", payload: ending?.body ?? null };
  return { ...ids, status: "ERROR", error: `Invalid status code: ${ending.statusCode}`, payload: ending.body };
}
