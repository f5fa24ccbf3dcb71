// fal's bill beside our books, a page at a time: each entry of either is named with what it comes to, and what fal has billed is
// written down. Whatever is written says the whole, so that a run may end anywhere and another one begin anew.
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { DETAIL_VERSION } from "../media/event-detail.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { Announcements, Clock, Log, MediaRecords } from "../media/ports.ts";
import { isTerminal } from "../media/status.ts";
import { isUtility } from "../kling/utilities.ts";
import type { Bills, BillingEvent } from "./bills.ts";
import { noteDelivery, type AcceptedRequest, type Ledger, type Range, type SpendingLine } from "./ledger.ts";
import { usdOf } from "./nano.ts";

export interface ReconcileDeps {
  bills: Bills;
  ledger: Ledger;
  records: Pick<MediaRecords, "get" | "noteBill">;
  announcements: Announcements;
  clock: Pick<Clock, "now">;
  log: Log;
}

/** What does not match. */
export const DIFFERENCES = [
  /** The price is not the catalogue's. */
  "differing",
  /** One video is paid twice: its job was billed twice, or a second job of it. */
  "billedTwice",
  /** fal bills a job that we know nothing of. */
  "billedWithoutRecord",
  "deliveredWithoutBill",
  /** fal bills what was never delivered. */
  "billedForNothing",
] as const;
export type Difference = (typeof DIFFERENCES)[number];
/** `pending`: what is still being made, and what was delivered within the last two days and has no bill yet. */
export const VERDICTS = ["matched", ...DIFFERENCES, "utilities", "pending"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One request of the report. Amounts in nano-dollars. */
export interface Entry {
  verdict: Verdict;
  requestId: string;
  tenantId?: string;
  spaceId?: string;
  mediaId?: string;
  endpointId?: string;
  /** When fal billed it, or when it was delivered. */
  at: Instant;
  estimated?: number;
  billed?: number;
  discount?: number;
  /** How many entries of fal's bill it has, where there are several. */
  events?: number;
  /** No generation follows the job. */
  orphan?: true;
}

export interface ReportPage {
  /** All that fal has billed on this page, and what of it is for jobs that we know: whole nano-dollars. */
  billed: string;
  recorded: string;
  entries: Entry[];
  /** Where the run goes on. */
  next?: string;
}

/** fal bills later than it delivers; what has no bill after this never gets one. */
export const PENDING_MS = 2 * 24 * 3_600_000;
/** fal tells of 90 days in one call: the bills of one job are looked for in the month before the range, and from there on. */
const DAY_MS = 24 * 3_600_000;
const LOOKED_BACK_MS = 30 * DAY_MS;
const SPAN_MS = 90 * DAY_MS;
const UNBILLED = "unbilled:";

/**
 * One page of a run over a range: first fal's bills, page by page, then what was delivered and has none.
 * @param cursor `next` of the page before; undefined: the first
 * @throws BillUnreadableError, InvalidCursorError; AggregateError where the table could not be read or written
 */
export async function reconcilePage(deps: ReconcileDeps, range: Range, cursor?: string): Promise<ReportPage> {
  const run = { deps, range: { from: range.from, to: earlier(range.to, instant(deps.clock.now())) } };
  if (cursor?.startsWith(UNBILLED)) return unbilledPage(run, cursor.slice(UNBILLED.length) || undefined);
  return billsPage(run, cursor);
}

interface Run {
  deps: ReconcileDeps;
  range: Range;
}

async function billsPage(run: Run, cursor: string | undefined): Promise<ReportPage> {
  const { events, next = UNBILLED } = await run.deps.bills.page(run.range, cursor);
  const utilities = events.filter(({ endpointId }) => isUtility(endpointId));
  const seen = jobsIn(events.filter(({ endpointId }) => !isUtility(endpointId)));
  const jobs = await each(seen, async (bill): Promise<Job> => {
    const accepted = await run.deps.ledger.find(bill.requestId);
    return { bill, accepted, line: accepted && (await run.deps.ledger.line(accepted)) };
  });
  const whole = await wholeBills(
    run,
    jobs.filter((job) => !isWhole(job, events)).map(({ bill }) => bill),
  );
  const entries = await each(jobs, async (job) =>
    settleBill(run, { ...job, bill: whole.get(job.bill.requestId) ?? job.bill }),
  );
  const known = jobs.filter(({ accepted }) => accepted).map(({ bill }) => bill.nanoUsd);
  return {
    billed: String(sumOf(events.map(({ nanoUsd }) => nanoUsd))),
    recorded: String(sumOf(known)),
    entries: [
      ...entries,
      ...jobsIn(utilities).map(({ requestId, endpointId, at, nanoUsd, listNanoUsd, events: count }): Entry => ({
        verdict: "utilities",
        ...{ requestId, endpointId, at, billed: nanoUsd },
        ...discountOf(nanoUsd, listNanoUsd),
        ...(count > 1 && { events: count }),
      })),
    ],
    next,
  };
}

/** All that fal has billed for one request. */
interface Bill extends BillingEvent {
  events: number;
}

interface Job {
  bill: Bill;
  accepted: AcceptedRequest | undefined;
  line: SpendingLine | undefined;
}

/** Several entries of one request are one bill. */
function jobsIn(events: readonly BillingEvent[]): Bill[] {
  const bills = new Map<string, Bill>();
  for (const event of events) {
    const { requestId, nanoUsd, listNanoUsd, at } = event;
    const before = bills.get(requestId);
    bills.set(requestId, {
      ...event,
      at: before ? earlier(before.at, at) : at,
      nanoUsd: (before?.nanoUsd ?? 0) + nanoUsd,
      listNanoUsd: (before?.listNanoUsd ?? 0) + listNanoUsd,
      events: (before?.events ?? 0) + 1,
    });
  }
  return [...bills.values()];
}

/**
 * Whether a page surely has all of a request's bill: one entry, of the price that was expected or is known already, and
 * not at the page's edge, where the next entry of the same instant may be another page's.
 */
function isWhole({ bill, accepted, line }: Job, events: readonly BillingEvent[]): boolean {
  if (!accepted || accepted.orphan || bill.events > 1 || bill.listNanoUsd !== accepted.estimatedNanoUsd) return false;
  if (line?.billedNanoUsd !== undefined && line.billedNanoUsd !== bill.nanoUsd) return false;
  return bill.at !== events[0]?.at && bill.at !== events.at(-1)?.at;
}

/** Asks fal for the bills of these requests by their ids, so that what lies on another page or outside of the range is in them. */
async function wholeBills({ deps, range }: Run, seen: readonly Bill[]): Promise<Map<string, Bill>> {
  if (seen.length === 0) return new Map();
  const from = Date.parse(range.from) - LOOKED_BACK_MS;
  const around = { from: instant(from), to: instant(Math.min(deps.clock.now(), from + SPAN_MS)) };
  const asked = jobsIn(
    await deps.bills.of(
      seen.map(({ requestId }) => requestId),
      around,
    ),
  );
  const shown = new Map(seen.map((bill) => [bill.requestId, bill.events]));
  // Less than the page has is not the whole.
  return new Map(asked.filter((it) => it.events >= (shown.get(it.requestId) ?? 0)).map((it) => [it.requestId, it]));
}

/** Writes what fal has billed, and says what it comes to. */
async function settleBill(run: Run, { bill, accepted, line: known }: Job): Promise<Entry> {
  if (!accepted) return named(run, { verdict: "billedWithoutRecord", ...billedAs(bill) });
  const outcome = known?.deliveredAt === undefined ? await outcomeOf(run.deps, accepted) : "delivered";
  const entry = { verdict: verdictOf(outcome, accepted, bill), ...ofRequest(accepted), ...billedAs(bill) };
  switch (outcome) {
    case "open":
      return entry;
    case "orphan of a video":
    case "orphan":
      return named(run, { ...entry, orphan: true });
    case "delivered":
    case "nothing": {
      const line = known ?? (await run.deps.ledger.line(accepted)) ?? lineOf(accepted);
      if (line.billedNanoUsd !== bill.nanoUsd) {
        // The record first: the line says that both are written.
        await run.deps.records.noteBill(accepted, accepted.requestId, bill.nanoUsd);
        await run.deps.ledger.bill({ ...line, billedNanoUsd: bill.nanoUsd });
      }
      return named(run, entry);
    }
  }
}

/** What became of a job. */
type Outcome = "open" | "delivered" | "nothing" | "orphan" | "orphan of a video";

async function outcomeOf(deps: ReconcileDeps, accepted: AcceptedRequest): Promise<Outcome> {
  const media = await deps.records.get(accepted);
  const isFollowed = media ? media.requestId === accepted.requestId : !accepted.orphan;
  if (!isFollowed) return media?.phase === "completed" ? "orphan of a video" : "orphan";
  if (media?.phase === "completed") {
    if (media.analysisStatus === "pending") return "open";
    await noteDelivery(deps, media);
    return "delivered";
  }
  return media?.phase !== undefined && !isTerminal(media.phase) ? "open" : "nothing";
}

function verdictOf(outcome: Outcome, { estimatedNanoUsd }: AcceptedRequest, { listNanoUsd, events }: Bill): Verdict {
  switch (outcome) {
    case "open":
      return "pending";
    case "orphan of a video":
      return "billedTwice";
    case "orphan":
    case "nothing":
      return listNanoUsd === 0 ? "matched" : "billedForNothing";
    case "delivered":
      if (listNanoUsd === estimatedNanoUsd) return "matched";
      return events > 1 && listNanoUsd >= 2 * estimatedNanoUsd ? "billedTwice" : "differing";
  }
}

async function unbilledPage(run: Run, cursor: string | undefined): Promise<ReportPage> {
  const { deps, range } = run;
  const { lines, next } = await deps.ledger.unbilled(range, cursor);
  const unbilled = lines.filter((line) => line.billedNanoUsd === undefined);
  // What fal has billed outside of the range is no gap.
  const elsewhere = await wholeBills(run, unbilled.map(nothingBilledOf));
  const entries = await each(lines, async (line): Promise<Entry | undefined> => {
    const { billedNanoUsd, requestId, deliveredAt = line.at } = line;
    if (billedNanoUsd !== undefined) return void (await deps.ledger.bill({ ...line, billedNanoUsd }));
    const bill = elsewhere.get(requestId);
    if (bill) return void (await settleBill(run, { bill, accepted: line, line }));
    const isLate = Date.parse(deliveredAt) + PENDING_MS <= deps.clock.now();
    const entry = { ...ofRequest(line), at: deliveredAt };
    return isLate ? named(run, { verdict: "deliveredWithoutBill", ...entry }) : { verdict: "pending", ...entry };
  });
  return {
    billed: "0",
    recorded: "0",
    entries: entries.filter((entry) => entry !== undefined),
    ...(next !== undefined && { next: UNBILLED + next }),
  };
}

/** Tells of a difference, once for each request and kind. */
async function named({ deps }: Run, entry: Entry): Promise<Entry> {
  const { verdict: kind, requestId } = entry;
  const now = deps.clock.now();
  if (!isDifference(kind) || !(await deps.ledger.claimTelling(requestId, kind, now))) return entry;
  const { tenantId, spaceId, mediaId, endpointId, estimated, billed, discount, orphan } = entry;
  const amounts = {
    ...(estimated !== undefined && { estimatedUsd: usdOf(estimated) }),
    ...(billed !== undefined && { billedUsd: usdOf(billed) }),
    ...(discount !== undefined && { discountUsd: usdOf(discount) }),
  };
  const facts = { kind, requestId, tenantId, spaceId, mediaId, endpointId, ...amounts, orphan };
  const at = instant(now);
  const detail = { version: DETAIL_VERSION, id: `${requestId}:${kind}`, ...facts, at };
  await deps.announcements.announce({ type: "Billing Unmatched", at, detail });
  await deps.ledger.told(requestId, kind);
  deps.log.warn("fal's bill and our books differ", { event: "billing_unmatched", ...facts });
  return entry;
}

function isDifference(verdict: Verdict): verdict is Difference {
  return DIFFERENCES.some((it) => it === verdict);
}

/**
 * What the schedule asks for: the last three days, so that what fal bills late is seen, and a day on which nothing ran is
 * made good.
 * @param untilMs epoch milliseconds at which to give up
 * @throws as `reconcilePage`; ReconcileUnfinishedError, where the next run goes on faster: what is settled is only read
 */
export async function reconcileRecent(deps: ReconcileDeps, untilMs: number): Promise<Record<Verdict, number>> {
  const now = deps.clock.now();
  const range = { from: instant(now - RECENT_MS), to: instant(now) };
  const found = { ...NONE };
  let cursor: string | undefined;
  do {
    if (deps.clock.now() >= untilMs) throw new ReconcileUnfinishedError();
    const page = await reconcilePage(deps, range, cursor);
    for (const { verdict } of page.entries) found[verdict]++;
    cursor = page.next;
  } while (cursor !== undefined);
  deps.log.info("fal's bill was reconciled", { ...range, ...found });
  return found;
}

const RECENT_MS = 3 * DAY_MS;
const NONE: Record<Verdict, number> = {
  matched: 0,
  differing: 0,
  billedTwice: 0,
  billedWithoutRecord: 0,
  deliveredWithoutBill: 0,
  billedForNothing: 0,
  utilities: 0,
  pending: 0,
};

/** The bill is longer than one run. */
class ReconcileUnfinishedError extends Error {
  override readonly name = "ReconcileUnfinishedError";
  constructor() {
    super("The bill could not be reconciled in one run. The next one goes on: what is settled is only read.");
  }
}

function ofRequest({ tenantId, spaceId, mediaId, requestId, estimatedNanoUsd }: AcceptedRequest | SpendingLine) {
  return { requestId, tenantId, spaceId, mediaId, estimated: estimatedNanoUsd };
}

function billedAs({ requestId, endpointId, at, nanoUsd, listNanoUsd, events }: Bill) {
  const count = events > 1 && { events };
  return { requestId, endpointId, at, billed: nanoUsd, ...discountOf(nanoUsd, listNanoUsd), ...count };
}

function discountOf(nanoUsd: number, listNanoUsd: number) {
  return listNanoUsd === nanoUsd ? {} : { discount: listNanoUsd - nanoUsd };
}

function lineOf({ tenantId, spaceId, mediaId, requestId, at, estimatedNanoUsd }: AcceptedRequest): SpendingLine {
  return { tenantId, spaceId, mediaId, requestId, at, estimatedNanoUsd };
}

function nothingBilledOf({ requestId, at }: SpendingLine): Bill {
  return { requestId, endpointId: "", at, nanoUsd: 0, listNanoUsd: 0, events: 0 };
}

function sumOf(nanos: readonly number[]): bigint {
  return nanos.reduce((sum, nano) => sum + BigInt(nano), 0n);
}

function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b;
}

/** In their order, ten at a time. @throws AggregateError */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: { n: number; result: R }[] = [];
  const faults = await forEachConcurrently(
    [...items.entries()],
    () => false,
    async ([n, item]) => {
      results.push({ n, result: await work(item) });
    },
  );
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} requests could not be reconciled`);
  return results.sort((a, b) => a.n - b.n).map(({ result }) => result);
}
