// The API's calls, typed by its contract. Each is a separate function, so that a bundler keeps only what is used.
import type {
  Budget,
  CancelAnswer,
  CheckAnswer,
  CheckRequest,
  EnhanceAnswer,
  EnhanceRequest,
  MediaPage,
  MediaSpace,
  Models,
  Pricing,
  SpacesPage,
  Spending,
  Timings,
} from "./contract.ts";
import { pathOf, send, type Connection } from "./request.ts";
import { expectRuntime } from "./surroundings.ts";

/** Names one media. */
export interface MediaRef {
  spaceId: string;
  id: string;
}

/** A start carries a key, and what is deleted stays deleted: both may be sent until they are answered. */
const TRIES = 4;

/**
 * Starts a generation. It may be sent several times and starts one at most: every try carries the same Idempotency-Key.
 * Give a key of your own to make the whole call repeatable, after a reload too.
 * @throws ApiError, NoAnswerError
 */
export async function enhanceMedia(
  body: EnhanceRequest,
  { idempotencyKey = newIdempotencyKey(), ...connection }: Connection & { idempotencyKey?: string } = {},
): Promise<EnhanceAnswer> {
  const headers = { "idempotency-key": idempotencyKey };
  const path = "/api/media/enhance";
  const request = { method: "POST", path, body, headers, tries: TRIES } as const;
  return (await send<{ data: EnhanceAnswer }>(request, connection)).data;
}

/** 128 random bits. `randomUUID` would be missing in a page without TLS. @throws UsageError where there are none to be had */
export function newIdempotencyKey(): string {
  expectRuntime();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where a generation stands, as the original application asks for it. */
export async function checkGeneration(body: CheckRequest, connection?: Connection): Promise<CheckAnswer> {
  const request = { method: "POST", path: "/api/media/check-generation", body, tries: TRIES } as const;
  return (await send<{ data: CheckAnswer }>(request, connection)).data;
}

/** One media. */
export async function getMedia(media: MediaRef, connection?: Connection): Promise<MediaSpace> {
  return (await send<{ data: { mediaSpace: MediaSpace } }>({ path: pathOf(media) }, connection)).data.mediaSpace;
}

/** What a list is narrowed to: where it stands, its model, and when it was started (ISO 8601, `from` included, `to` not). */
export interface ListFilter {
  status?: "in_progress" | "completed" | "failed" | "canceled";
  model?: string;
  from?: string;
  to?: string;
}

/** One page of a space, newest first. `cursor` is the `nextCursor` of the page before. */
export async function listMedia(
  spaceId: string,
  {
    limit,
    cursor,
    status,
    model,
    from,
    to,
    ...connection
  }: Connection & ListFilter & { limit?: number; cursor?: string | undefined } = {},
): Promise<MediaPage> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ limit, cursor, status, model, from, to })) {
    if (value !== undefined) query.set(name, String(value));
  }
  const path = `/api/spaces/${encodeURIComponent(spaceId)}/media?${query.toString()}`;
  return (await send<{ data: MediaPage }>({ path }, connection)).data;
}

/** One page of the tenant's spaces, by their names. `cursor` is the `nextCursor` of the page before. */
export async function listSpaces({
  limit,
  cursor,
  ...connection
}: Connection & { limit?: number; cursor?: string | undefined } = {}): Promise<SpacesPage> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ limit, cursor })) {
    if (value !== undefined) query.set(name, String(value));
  }
  return (await send<{ data: SpacesPage }>({ path: `/api/spaces?${query.toString()}` }, connection)).data;
}

/** Stops a generation, at fal too. A 409 (`already_ended`) says that there is nothing left to stop. */
export async function cancelGeneration(media: MediaRef, connection?: Connection): Promise<CancelAnswer> {
  const request = { method: "POST", path: `${pathOf(media)}/cancel` } as const;
  return (await send<{ data: CancelAnswer }>(request, connection)).data;
}

/** Deletes a media and its files. What still runs is to be canceled first (409, `not_deletable`). */
export async function deleteMedia(media: MediaRef, connection?: Connection): Promise<void> {
  await send<null>({ method: "DELETE", path: pathOf(media), tries: TRIES }, connection);
}

/** The models that are offered, and what each of their modes can do. */
export async function getModels(connection?: Connection): Promise<Models> {
  return (await send<{ data: { models: Models } }>({ path: "/api/models" }, connection)).data.models;
}

/** What a generation costs. */
export async function getPricing(connection?: Connection): Promise<Pricing> {
  return (await send<{ data: Pricing }>({ path: "/api/pricing" }, connection)).data;
}

/** How long generations have taken here. */
export async function getTimings(connection?: Connection): Promise<Timings> {
  return (await send<{ data: Timings }>({ path: "/api/timings" }, connection)).data;
}

/** What your tenant may still spend and start; what is not limited is absent. */
export async function getBudget(connection?: Connection): Promise<Budget> {
  return (await send<{ data: Budget }>({ path: "/api/budget" }, connection)).data;
}

/**
 * What your tenant has spent.
 * @param range dates or ISO times, `to` not included; without them the calendar month until now (UTC)
 */
export async function getSpending(
  range: { from?: string; to?: string } = {},
  connection?: Connection,
): Promise<Spending> {
  const query = new URLSearchParams(range).toString();
  return (await send<{ data: Spending }>({ path: `/api/spending${query && `?${query}`}` }, connection)).data;
}
