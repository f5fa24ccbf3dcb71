// A request on the bus that is not carried out: announced once, after the last try, so that a refused request is never started later.
import { RefusedBeforeError } from "./errors.ts";
import { DETAIL_VERSION } from "./event-detail.ts";
import { instant } from "./instant.ts";
import type { Announcements, Clock, RequestTries } from "./ports.ts";

export interface RefusalDeps {
  tries: RequestTries;
  announcements: Announcements;
  clock: Pick<Clock, "now">;
}

/** What is known of a request that may be invalid throughout. */
export interface AskedFor {
  /** Of the event. */
  id: string;
  tenantId?: string | undefined;
  spaceId?: string | undefined;
  baseMediaId?: string | undefined;
  idempotencyKey?: string | undefined;
}

export interface RefusalReason {
  code: string;
  message: string;
  details?: { path: string; message: string }[] | undefined;
}

/**
 * Carries a request out, one try of several.
 * @param reasonOf what is announced of an error
 * @throws what `run` throws, which the caller of the function keeps in the dead letters; RefusedBeforeError
 */
export async function tellIfRefused<R>(
  deps: RefusalDeps,
  asked: AskedFor,
  run: () => Promise<R>,
  reasonOf: (error: unknown) => RefusalReason,
): Promise<R> {
  if ((await deps.tries.begin(asked.id)) === "refused") throw new RefusedBeforeError(asked.id);
  try {
    return await run();
  } catch (error) {
    if (await deps.tries.refuseIfLast(asked.id)) await tell(deps, asked, reasonOf(error));
    throw error;
  }
}

async function tell({ announcements, clock }: RefusalDeps, asked: AskedFor, error: RefusalReason) {
  const { id, tenantId, spaceId, baseMediaId, idempotencyKey } = asked;
  // Without a tenant the event has no addressee: only the dead letter tells the sender.
  if (tenantId === undefined) return;
  const at = instant(clock.now());
  const request = { id, idempotencyKey };
  const of = { version: DETAIL_VERSION, id: `${id}:refused`, tenantId, spaceId, baseMediaId, request };
  await announcements.announce({ type: "Generation Refused", at, detail: { ...of, error, at } });
}
