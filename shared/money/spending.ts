// What a tenant has spent, of its own lines in the books: by the price list, and by fal's bill as far as that is in.
import { instant, type Instant } from "../media/instant.ts";
import type { Clock } from "../media/ports.ts";
import type { Ledger, SpendingLine } from "./ledger.ts";
import { usdOf } from "./nano.ts";

/** US dollars. */
interface Spent {
  /** By the price list, of all that has to be paid. */
  estimatedUsd: number;
  billedUsd: number;
  /** The estimate of what was delivered and has no bill yet. */
  unbilled: number;
}

export interface Spending extends Spent {
  from: Instant;
  to: Instant;
  /** By the day, in UTC, on which fal accepted the jobs; days of nothing are left out. */
  items: (Spent & { date: string; videos: number })[];
}

interface Sum {
  videos: number;
  estimated: bigint;
  billed: bigint;
  unbilled: bigint;
}

const NOTHING: Sum = { videos: 0, estimated: 0n, billed: 0n, unbilled: 0n };

/**
 * Reads the tenant's lines of the range, one small item for each job, and nothing else.
 * @param asked dates or ISO times; without them the calendar month until now
 */
export async function spendingOf(
  { ledger, clock }: { ledger: Pick<Ledger, "lines">; clock: Pick<Clock, "now"> },
  tenantId: string,
  asked: { from?: string | undefined; to?: string | undefined },
): Promise<Spending> {
  const to = instant(asked.to === undefined ? clock.now() : Date.parse(asked.to));
  const from = instant(Date.parse(asked.from ?? `${to.slice(0, 7)}-01`));
  const days = new Map<string, Sum>();
  for await (const lines of ledger.lines(tenantId, { from, to })) {
    for (const line of lines) {
      const date = line.at.slice(0, 10);
      days.set(date, withLine(days.get(date) ?? NOTHING, line));
    }
  }
  const all = [...days.values()].reduce(added, NOTHING);
  const items = [...days].map(([date, sum]) => ({ date, videos: sum.videos, ...inDollars(sum) }));
  return { from, to, ...inDollars(all), items };
}

function withLine(sum: Sum, { estimatedNanoUsd, billedNanoUsd }: SpendingLine): Sum {
  // fal has billed nothing at all for what was not delivered: it is no spending.
  const [estimated, billed] = [BigInt(estimatedNanoUsd), BigInt(billedNanoUsd ?? 0)];
  const unbilled = billedNanoUsd === undefined ? estimated : 0n;
  return added(sum, { videos: 1, estimated, billed, unbilled });
}

function added(one: Sum, other: Sum): Sum {
  return {
    videos: one.videos + other.videos,
    estimated: one.estimated + other.estimated,
    billed: one.billed + other.billed,
    unbilled: one.unbilled + other.unbilled,
  };
}

function inDollars({ estimated, billed, unbilled }: Sum): Spent {
  return { estimatedUsd: usdOf(estimated), billedUsd: usdOf(billed), unbilled: usdOf(unbilled) };
}
