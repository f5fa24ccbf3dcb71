// fal's bill: what each job cost, and `GET /v1/models/billing-events`, which tells it (docs.fal.ai, platform API, "Billing events").

/** One entry of the bill. */
export interface Charge {
  requestId: string;
  endpointId: string;
  /** Epoch milliseconds. */
  at: number;
  /** Since when it is told of; later than `at` where fal bills late. */
  toldFrom?: number;
  units: number;
  /** US dollars for one of them, before any discount. */
  unitPrice: number;
  percentDiscount?: number;
  /** Told as fal told it before it named costs: the nano-dollars alone. */
  isTerse?: true;
}

export interface PlatformAnswer {
  status: number;
  body: unknown;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const SPAN_MS = 90 * DAY_MS;
const LIMIT = { standard: 1000, max: 10_000 };
const IDS_MAX = 50;
const NANO = 1e9;

/**
 * Answers a call that has shown a key.
 * @param isAdmin whether the key has the scope ADMIN
 */
export function answerBillingEvents(
  charges: readonly Charge[],
  query: URLSearchParams,
  { now, isAdmin }: { now: number; isAdmin: boolean },
): PlatformAnswer {
  if (!isAdmin) {
    return refusal(
      403,
      "authorization_error",
      "This key lacks the scope ADMIN. (Here a key with `admin` in it has it.)",
    );
  }
  const asked = readQuery(query, now);
  if ("fault" in asked) return refusal(400, "validation_error", asked.fault);
  const { start, end, limit, page, endpoints, requests } = asked;
  const told = charges
    .filter(({ at, toldFrom = at }) => at >= start && at < end && toldFrom <= now)
    .filter(({ endpointId }) => endpoints.length === 0 || endpoints.includes(endpointId))
    .filter(({ requestId }) => requests.length === 0 || requests.includes(requestId))
    .toSorted((a, b) => b.at - a.at);
  const has_more = told.length > page * limit;
  return {
    status: 200,
    body: {
      // The cursor is the page's number in base64, as it is at fal.
      next_cursor: has_more ? Buffer.from(String(page + 1)).toString("base64") : null,
      has_more,
      billing_events: told.slice((page - 1) * limit, page * limit).map(eventOf),
    },
  };
}

function eventOf({ requestId, endpointId, at, units, unitPrice, percentDiscount, isTerse }: Charge) {
  const subtotal = Math.round(units * unitPrice * NANO);
  const discount = Math.round((subtotal * (percentDiscount ?? 0)) / 100);
  const costs = {
    cost_subtotal: subtotal / NANO,
    cost_discount: discount / NANO,
    cost_total: (subtotal - discount) / NANO,
  };
  return {
    request_id: requestId,
    endpoint_id: endpointId,
    timestamp: new Date(at).toISOString(),
    output_units: units,
    unit_price: unitPrice,
    percent_discount: percentDiscount ?? null,
    ...(!isTerse && costs),
    cost_estimate_nano_usd: subtotal - discount,
  };
}

interface Asked {
  start: number;
  end: number;
  limit: number;
  page: number;
  endpoints: string[];
  requests: string[];
}

function readQuery(query: URLSearchParams, now: number): Asked | { fault: string } {
  const [start, end] = [timeOf(query, "start", now - DAY_MS), timeOf(query, "end", now)];
  if (start === undefined || end === undefined) return { fault: "start and end must be ISO 8601 dates or times." };
  if (end - start > SPAN_MS) return { fault: "start and end must lie within 90 days." };
  const limit = Number(query.get("limit") ?? LIMIT.standard);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT.max) return { fault: "limit must be from 1 to 10000." };
  const cursor = query.get("cursor");
  const page = cursor === null ? 1 : Number(Buffer.from(cursor, "base64").toString());
  if (!Number.isInteger(page) || page < 1) return { fault: "cursor is not one of ours." };
  const lists = { endpoints: listOf(query, "endpoint_id"), requests: listOf(query, "request_id") };
  const isTooLong = [...Object.values(lists), listOf(query, "api_key_id")].some((list) => list.length > IDS_MAX);
  if (isTooLong) return { fault: `A filter takes at most ${IDS_MAX} values.` };
  return { start, end, limit, page, ...lists };
}

function timeOf(query: URLSearchParams, name: string, otherwise: number): number | undefined {
  const text = query.get(name);
  if (text === null) return otherwise;
  const at = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** A parameter that may be repeated or hold several values with commas between them. */
function listOf(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((value) => value.split(","))
    .filter((value) => value !== "");
}

function refusal(status: number, type: string, message: string): PlatformAnswer {
  return { status, body: { error: { type, message } } };
}
