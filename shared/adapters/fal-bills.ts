// fal's billing events (docs.fal.ai, platform API, "Billing events"): who may read them has a key with the ADMIN scope.
import * as z from "zod/mini";
import type { Clock } from "../media/ports.ts";
import { BillUnreadableError, type BillingEvent, type Bills } from "../money/bills.ts";
import type { Range } from "../money/ledger.ts";
import { nanoOf } from "../money/nano.ts";
import { boundedText } from "./bounded-answer.ts";

export interface FalBillsOptions {
  /** With fal's ADMIN scope. */
  key: string;
  /** fal's own host, or a simulator's. No trailing slash. */
  platformUrl: string;
  clock: Clock;
  /** Events of a page, at most 10,000. */
  pageSize?: number;
}

/** Some 300 bytes each: a page is read within a second, and its report fits into Lambda's answer of 6 MB. */
const PAGE = 1000;
/** The most that one call takes. */
const IDS_A_CALL = 50;
const CALL_TIMEOUT_MS = 30_000;
/** After a 429 or a 5xx, and after no answer: once a second, then two and four later. */
const PAUSES_MS = [1000, 2000, 4000];

/** The port `Bills` over fal's platform API. */
export function createFalBills({ key, platformUrl, clock, pageSize = PAGE }: FalBillsOptions): Bills {
  const headers = { Authorization: `Key ${key}`, Accept: "application/json" };

  async function ask(query: [string, string][]) {
    const url = new URL(`${platformUrl}/v1/models/billing-events`);
    url.search = new URLSearchParams(query).toString();
    for (let tried = 0; ; tried++) {
      const answer = await answerTo(url, headers);
      if (answer.page) return answer.page;
      const pause = answer.isFinal ? undefined : PAUSES_MS[tried];
      if (pause === undefined) throw new BillUnreadableError(answer.why);
      await clock.sleep(pause);
    }
  }

  async function page({ from, to }: Range, filter: [string, string][], cursor?: string) {
    const { billing_events, next_cursor } = await ask([
      ["start", from],
      ["end", to],
      ["limit", String(pageSize)],
      ...filter,
      ...(cursor === undefined ? [] : ([["cursor", cursor]] satisfies [string, string][])),
    ]);
    return { events: billing_events.map(eventOf), ...(next_cursor && { next: next_cursor }) };
  }

  return {
    page: (range, cursor) => page(range, [], cursor),

    async of(requestIds, range) {
      const events: BillingEvent[] = [];
      for (let from = 0; from < requestIds.length; from += IDS_A_CALL) {
        const ids = requestIds.slice(from, from + IDS_A_CALL);
        const filter = ids.map((id): [string, string] => ["request_id", id]);
        let cursor: string | undefined;
        do {
          const found = await page(range, filter, cursor);
          events.push(...found.events);
          cursor = found.next;
        } while (cursor !== undefined);
      }
      return events;
    },
  };
}

type Answer = { page: z.infer<typeof pageBody> } | { page?: never; why: string; isFinal: boolean };

async function answerTo(url: URL, headers: Record<string, string>): Promise<Answer> {
  let status: number;
  let text: string;
  try {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const response = await fetch(url, { headers, redirect: "manual", signal });
    status = response.status;
    text = await boundedText(response);
  } catch (error) {
    return { why: `no answer (${error instanceof Error ? error.message : String(error)}).`, isFinal: false };
  }
  if (status !== 200) return { why: explained(status, text), isFinal: status < 500 && status !== 429 };
  const { data } = pageBody.safeParse(jsonOf(text));
  return data ? { page: data } : { why: "an answer of another shape than fal documents.", isFinal: true };
}

function explained(status: number, text: string): string {
  const said = errorBody.safeParse(jsonOf(text)).data?.error.message;
  const words = `HTTP ${status}${said === undefined ? "" : ` (${said})`}.`;
  if (status === 401) return `${words} fal does not know this key: is FAL_ADMIN_KEY the whole of it?`;
  if (status === 403)
    return `${words} This key may not read bills: FAL_ADMIN_KEY has to be one of fal's scope ADMIN (fal.ai/dashboard/keys).`;
  return words;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The price before the discount, by the first of the fields that say it: each but the total may be null. */
function eventOf(event: z.infer<typeof billingEvent>): BillingEvent {
  const { request_id: requestId, endpoint_id: endpointId, timestamp, cost_subtotal, cost_discount } = event;
  const { output_units: units, unit_price: price } = event;
  const nanoUsd = Math.round(event.cost_estimate_nano_usd);
  const subtotal = cost_subtotal ?? (units != null && price != null ? units * price : undefined);
  const listNanoUsd = subtotal === undefined ? nanoUsd + nanoOf(cost_discount ?? 0) : nanoOf(subtotal);
  return { requestId, endpointId, at: new Date(timestamp).toISOString(), nanoUsd, listNanoUsd };
}

const maybeNumber = z.nullish(z.number());

const billingEvent = z.object({
  request_id: z.string(),
  endpoint_id: z.string(),
  timestamp: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  output_units: maybeNumber,
  unit_price: maybeNumber,
  cost_subtotal: maybeNumber,
  cost_discount: maybeNumber,
  cost_estimate_nano_usd: z.number(),
});
const pageBody = z.object({
  billing_events: z.array(billingEvent),
  next_cursor: z.nullish(z.string()),
});
const errorBody = z.object({ error: z.object({ message: z.string() }) });
