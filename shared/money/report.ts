// What a run over fal's bill has found, as `npm run reconcile` shows it.
import { DIFFERENCES, type Entry, type ReportPage, type Verdict } from "./reconcile.ts";
import type { Range } from "./ledger.ts";
import { usdOf } from "./nano.ts";

/** One request, in US dollars. */
interface ReportedRequest {
  requestId: string;
  tenantId?: string;
  spaceId?: string;
  mediaId?: string;
  endpointId?: string;
  at: string;
  estimatedUsd?: number;
  billedUsd?: number;
  discountUsd?: number;
  events?: number;
  orphan?: true;
}

export type Report = Range & {
  currency: "USD";
  /** All that fal billed in the range; what of it is for jobs of ours; what of it is for their descriptions and frames. */
  sums: { billed: number; recorded: number; utilities: number };
} & Record<Verdict, ReportedRequest[]>;

/** The report of all pages of one run. */
export function reportOf({ from, to }: Range, pages: readonly ReportPage[]): Report {
  const entries = wholeEntries(pages);
  const listed = (wanted: Verdict) => entries.filter(({ verdict }) => verdict === wanted).map(inDollars);
  const sum = (nanos: (string | number)[]) => usdOf(nanos.reduce<bigint>((all, nano) => all + BigInt(nano), 0n));
  return {
    from,
    to,
    currency: "USD",
    sums: {
      billed: sum(pages.map(({ billed }) => billed)),
      recorded: sum(pages.map(({ recorded }) => recorded)),
      utilities: sum(entries.map(({ verdict, billed = 0 }) => (verdict === "utilities" ? billed : 0))),
    },
    matched: listed("matched"),
    differing: listed("differing"),
    billedTwice: listed("billedTwice"),
    billedWithoutRecord: listed("billedWithoutRecord"),
    deliveredWithoutBill: listed("deliveredWithoutBill"),
    billedForNothing: listed("billedForNothing"),
    utilities: listed("utilities"),
    pending: listed("pending"),
  };
}

/** Whether nothing differs. */
export function allMatched(report: Report): boolean {
  return DIFFERENCES.every((difference) => report[difference].length === 0);
}

/**
 * Each request once. If a request is on several pages, each page has the whole sum; utilities, which are not requested by
 * id, have a part on each page.
 */
function wholeEntries(pages: readonly ReportPage[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const entry of pages.flatMap((page) => page.entries)) {
    const before = entries.get(entry.requestId);
    const isPart = before && entry.verdict === "utilities";
    entries.set(entry.requestId, isPart ? added(before, entry) : entry);
  }
  return [...entries.values()];
}

function added(one: Entry, other: Entry): Entry {
  const discount = (one.discount ?? 0) + (other.discount ?? 0);
  return {
    ...one,
    billed: (one.billed ?? 0) + (other.billed ?? 0),
    events: (one.events ?? 1) + (other.events ?? 1),
    ...(discount !== 0 && { discount }),
  };
}

function inDollars({ estimated, billed, discount, ...entry }: Entry): ReportedRequest {
  const { requestId, tenantId, spaceId, mediaId, endpointId, at, events, orphan } = entry;
  return {
    requestId,
    ...(tenantId !== undefined && { tenantId, spaceId, mediaId }),
    ...(endpointId !== undefined && { endpointId }),
    at,
    ...(estimated !== undefined && { estimatedUsd: usdOf(estimated) }),
    ...(billed !== undefined && { billedUsd: usdOf(billed) }),
    ...(discount !== undefined && { discountUsd: usdOf(discount) }),
    ...(events !== undefined && { events }),
    ...(orphan && { orphan }),
  };
}
