// fal's bill beside our books: what each entry of either comes to, and what is written of it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFalBills } from "../../shared/adapters/fal-bills.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { costOf } from "../../shared/money/cost.ts";
import {
  DIFFERENCES,
  PENDING_MS,
  reconcilePage,
  reconcileRecent,
  VERDICTS,
  type ReconcileDeps,
  type ReportPage,
  type Verdict,
} from "../../shared/money/reconcile.ts";
import { allMatched, reportOf, type Report } from "../../shared/money/report.ts";
import { instant } from "../../shared/media/instant.ts";
import type { Media, MediaRef } from "../../shared/media/media.ts";
import { acceptedRequest } from "../../shared/money/ledger.ts";
import { answerBillingEvents, type Charge } from "../../stacks/fal-simulator/bill.ts";
import { expectPublished } from "../support/event-schemas.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const STANDARD = "fal-ai/kling-video/v2.1/standard/image-to-video";
const HOUR = 3_600_000;

let world: MediaWorld;
let charges: Charge[];
let calls: URLSearchParams[];
let announced: { type: string; detail: Record<string, unknown> }[];
let deps: ReconcileDeps;
/** Twenty days, the last of them three days ago. */
let range: { from: string; to: string };
let writes: number;

beforeEach(async () => {
  writes = 0;
  world = await mediaWorld({ seen: () => void writes++ });
  world.clock.advance(60 * 24 * 3600);
  [charges, calls, announced] = [[], [], []];
  range = { from: ago(23 * 24), to: ago(3 * 24) };
  vi.stubGlobal("fetch", async (url: URL, { headers }: { headers: Record<string, string> }) => {
    const { searchParams } = new URL(url);
    calls.push(searchParams);
    const key = headers["Authorization"] ?? "";
    const answer = answerBillingEvents(charges, searchParams, {
      now: world.clock.now(),
      isAdmin: key.includes("admin"),
    });
    return Response.json(answer.body, { status: answer.status });
  });
  deps = depsWith({ pageSize: 4 });
});
afterEach(() => vi.unstubAllGlobals());

function depsWith({ pageSize, key = "admin-key" }: { pageSize: number; key?: string }): ReconcileDeps {
  return {
    ...world.deps,
    bills: createFalBills({ key, platformUrl: "https://fal.example", clock: world.clock, pageSize }),
    announcements: {
      announce: async ({ type, detail }) => {
        const told = JSON.parse(JSON.stringify(detail)) as Record<string, unknown>;
        expectPublished(type, told);
        announced.push({ type, detail: told });
      },
    },
  };
}

function ago(hours: number): string {
  return instant(world.clock.now() - hours * HOUR);
}

let made = 0;
/** A record whose job fal has accepted. */
async function accepted(overrides: Partial<Media> = {}, hoursAgo = 100): Promise<MediaRef & { requestId: string }> {
  const n = String(++made).padStart(4, "0");
  const [requestId, at] = [`r-${n}`, ago(hoursAgo)];
  const id = `019b76da-a800-7000-8000-00000000${n}`;
  const media: Partial<Media> = { id, phase: "generating", requestId, submittedAt: at, attempt: 1, ...overrides };
  const ref = await world.given(media);
  const record = await world.records.get(ref);
  const request = record && acceptedRequest(record, requestId, at);
  if (request) await world.ledger.accept(request);
  return { ...ref, requestId };
}

/** The same, delivered. */
async function delivered(overrides: Partial<Media> = {}, hoursAgo = 100) {
  const job = await accepted(overrides, hoursAgo);
  const now = world.clock.now();
  world.clock.advance(-hoursAgo * 3600);
  await finalizeGeneration(world.deps, job);
  world.clock.advance((now - world.clock.now()) / 1000);
  return job;
}

/** fal bills five seconds at $0.056 for a request. */
function billed(requestId: string, overrides: Partial<Charge> = {}, hoursAgo = 100): void {
  const at = world.clock.now() - hoursAgo * HOUR;
  charges.push({ requestId, endpointId: STANDARD, at, units: 5, unitPrice: 0.056, ...overrides });
}

async function pagesOf(of = range): Promise<ReportPage[]> {
  const pages: ReportPage[] = [];
  let cursor: string | undefined;
  do {
    const page = await reconcilePage(deps, of, cursor);
    pages.push(page);
    cursor = page.next;
  } while (cursor !== undefined);
  return pages;
}

const report = async (of = range) => reportOf(of, await pagesOf(of));

const costAt = async (ref: MediaRef) => {
  const media = await world.records.get(ref);
  if (!media) throw new Error("there is no record");
  return costOf(media);
};

describe("a bill", () => {
  it("of a delivered video at its price matches, and stands with its media", async () => {
    const job = await delivered();
    expect(await costAt(job)).toEqual({ estimatedUsd: 0.28, charged: true });
    billed(job.requestId);
    const found = await report();
    expect(found.matched).toEqual([
      {
        requestId: job.requestId,
        tenantId: "acme",
        spaceId: "holiday",
        mediaId: job.mediaId,
        endpointId: STANDARD,
        at: ago(100),
        estimatedUsd: 0.28,
        billedUsd: 0.28,
      },
    ]);
    expect([found.sums, allMatched(found)]).toEqual([{ billed: 0.28, recorded: 0.28, utilities: 0 }, true]);
    expect(await costAt(job)).toEqual({ estimatedUsd: 0.28, billedUsd: 0.28, charged: true });
  });

  it("with a discount matches at the price of before, and says both", async () => {
    const job = await delivered();
    billed(job.requestId, { percentDiscount: 12.5 });
    expect((await report()).matched).toMatchObject([{ estimatedUsd: 0.28, billedUsd: 0.245, discountUsd: 0.035 }]);
    expect(await costAt(job)).toMatchObject({ billedUsd: 0.245 });
  });

  it("that does not name its costs, as fal's did before, is taken by its nano-dollars and its units", async () => {
    const job = await delivered();
    billed(job.requestId, { percentDiscount: 50, isTerse: true });
    expect((await report()).matched).toMatchObject([{ billedUsd: 0.14, discountUsd: 0.14 }]);
  });

  it("in several entries, on several pages and outside of the range, is one sum", async () => {
    const job = await delivered({}, 200);
    for (let second = 0; second < 5; second++) billed(job.requestId, { units: 1 }, 200 - second * 0.01);
    expect((await report()).matched).toMatchObject([{ billedUsd: 0.28, events: 5 }]);
    const firstTwo = { from: ago(201), to: ago(199.985) };
    expect(await report(firstTwo)).toMatchObject({
      sums: { billed: 0.112 },
      matched: [{ billedUsd: 0.28, events: 5 }],
    });
  });

  it("at another price than the catalogue's is named", async () => {
    const job = await delivered();
    billed(job.requestId, { unitPrice: 0.0561 });
    const found = await report();
    expect(found.differing).toMatchObject([{ mediaId: job.mediaId, estimatedUsd: 0.28, billedUsd: 0.2805 }]);
    expect([found.matched, allMatched(found)]).toEqual([[], false]);
  });

  it("that comes twice is named, though the second entry is of the same instant on another page", async () => {
    deps = depsWith({ pageSize: 1 });
    const job = await delivered();
    billed(job.requestId);
    billed(job.requestId);
    const found = await report();
    expect(found.billedTwice).toMatchObject([{ requestId: job.requestId, billedUsd: 0.56, events: 2 }]);
    expect([found.matched, found.sums.billed]).toEqual([[], 0.56]);
    expect(await costAt(job)).toMatchObject({ billedUsd: 0.56 });
  });

  it("of a second job of a delivered video is named as paid twice, and is not the media's", async () => {
    const job = await delivered();
    billed(job.requestId);
    const media = await world.records.get(job);
    const request = media && acceptedRequest(media, "orphan-1", ago(100));
    if (request) await world.ledger.accept({ ...request, orphan: true });
    billed("orphan-1");
    const found = await report();
    expect(found.billedTwice).toMatchObject([{ requestId: "orphan-1", mediaId: job.mediaId, orphan: true }]);
    expect(found.matched).toMatchObject([{ requestId: job.requestId, billedUsd: 0.28 }]);
    expect(await costAt(job)).toMatchObject({ billedUsd: 0.28 });
  });

  it("of a job that nothing of ours knows is named", async () => {
    billed("stranger", { endpointId: "fal-ai/flux/dev", units: 3, unitPrice: 0.000_000_007 });
    const found = await report();
    expect(found.billedWithoutRecord).toEqual([
      { requestId: "stranger", endpointId: "fal-ai/flux/dev", at: ago(100), billedUsd: 0.000000021 },
    ]);
    expect(found.sums).toEqual({ billed: 0.000000021, recorded: 0, utilities: 0 });
  });

  it.each(["failed", "canceled"] as const)(
    "of a job that has %s is named, and the media says it is charged",
    async (phase) => {
      const job = await accepted({ phase });
      expect(await costAt(job)).toEqual({ estimatedUsd: 0.28, charged: false });
      billed(job.requestId);
      expect((await report()).billedForNothing).toMatchObject([{ requestId: job.requestId, billedUsd: 0.28 }]);
      expect(await costAt(job)).toEqual({ estimatedUsd: 0.28, billedUsd: 0.28, charged: true });
    },
  );

  it("of nothing for a job that has failed is no difference", async () => {
    const job = await accepted({ phase: "failed" });
    billed(job.requestId, { unitPrice: 0 });
    expect(allMatched(await report())).toBe(true);
    expect(await costAt(job)).toMatchObject({ charged: false });
  });

  it("of a video that is still being stored waits", async () => {
    const job = await accepted({ phase: "finalizing" });
    billed(job.requestId);
    expect((await report()).pending).toMatchObject([{ requestId: job.requestId }]);
    expect(await costAt(job)).toEqual({ estimatedUsd: 0.28, charged: false });
  });

  it("of descriptions and frames is a utility, however many entries it has", async () => {
    for (const [n, endpointId] of ["fal-ai/video-understanding", "fal-ai/ffmpeg-api/extract-frame"].entries()) {
      for (let part = 0; part < 3; part++)
        billed(`utility-${n}`, { endpointId, units: 1, unitPrice: 0.01 }, 100 + part);
    }
    const found = await report();
    expect(found.utilities.map(({ requestId, billedUsd }) => [requestId, billedUsd])).toEqual([
      ["utility-0", 0.03],
      ["utility-1", 0.03],
    ]);
    expect([found.sums, allMatched(found), announced]).toEqual([
      { billed: 0.06, recorded: 0, utilities: 0.06 },
      true,
      [],
    ]);
  });
});

describe("a delivery without a bill", () => {
  it("is pending for two days, then it is named", async () => {
    const job = await delivered({}, 1);
    const today = { from: ago(24), to: ago(0) };
    expect(await report(today)).toMatchObject({ pending: [{ requestId: job.requestId }], deliveredWithoutBill: [] });
    world.clock.advance(PENDING_MS / 1000);
    expect((await report(today)).deliveredWithoutBill).toMatchObject([{ mediaId: job.mediaId, estimatedUsd: 0.28 }]);
    expect(announced).toMatchObject([{ detail: { kind: "deliveredWithoutBill", estimatedUsd: 0.28 } }]);
  });

  it("is none where fal has billed it outside of the range", async () => {
    const job = await delivered({}, 200);
    billed(job.requestId, {}, 10);
    expect(allMatched(await report({ from: ago(300), to: ago(100) }))).toBe(true);
    expect(await costAt(job)).toMatchObject({ billedUsd: 0.28 });
  });

  it("is none any more once its bill has come", async () => {
    const job = await delivered();
    expect((await report()).deliveredWithoutBill).toHaveLength(1);
    billed(job.requestId, { toldFrom: world.clock.now() });
    expect(await report()).toMatchObject({ deliveredWithoutBill: [], matched: [{ requestId: job.requestId }] });
    charges = [];
    expect((await report()).deliveredWithoutBill).toEqual([]);
  });
});

/** Sixty jobs with everything in them that can differ, and what each is. */
async function everything() {
  const expected = new Map<Verdict, string[]>(VERDICTS.map((verdict) => [verdict, []]));
  for (let n = 0; n < 60; n++) {
    const hours = 100 + n * 5;
    const overrides: Partial<Media> = { tenantId: n % 2 ? "acme" : "globex" };
    const note = (verdict: Verdict, { requestId }: { requestId: string }) => expected.get(verdict)?.push(requestId);
    switch (n % 10) {
      case 0: {
        const job = await delivered(overrides, hours);
        billed(job.requestId, { percentDiscount: 33.3 }, hours);
        note("matched", job);
        break;
      }
      case 1: {
        const job = await delivered(overrides, hours);
        billed(job.requestId, {}, hours);
        billed(job.requestId, {}, hours - 3);
        note("billedTwice", job);
        break;
      }
      case 2:
        billed(`stranger-${n}`, { unitPrice: 0.000000001 * (n + 1) }, hours);
        note("billedWithoutRecord", { requestId: `stranger-${n}` });
        break;
      case 3:
        note("deliveredWithoutBill", await delivered(overrides, hours));
        break;
      case 4: {
        const job = await accepted({ ...overrides, phase: "canceled" }, hours);
        billed(job.requestId, {}, hours);
        note("billedForNothing", job);
        break;
      }
      case 5: {
        const job = await delivered(overrides, hours);
        billed(job.requestId, { unitPrice: 0.0701 }, hours);
        note("differing", job);
        break;
      }
      case 6:
        await accepted({ ...overrides, phase: "failed" }, hours);
        break;
      case 7:
        billed(`utility-${n}`, { endpointId: "fal-ai/video-understanding", units: 1, unitPrice: 0.01 }, hours);
        note("utilities", { requestId: `utility-${n}` });
        break;
      default: {
        const job = await delivered(overrides, hours);
        billed(job.requestId, {}, hours);
        note("matched", job);
      }
    }
  }
  return expected;
}

/** fal's own sum, counted by its documented fields in integers. */
function totalOfBill(): number {
  const query = new URLSearchParams({ start: range.from, end: range.to, limit: "10000" });
  const { body } = answerBillingEvents(charges, query, { now: world.clock.now(), isAdmin: true });
  const { billing_events } = body as { billing_events: { cost_estimate_nano_usd: number }[] };
  return Number(billing_events.reduce((sum, it) => sum + BigInt(it.cost_estimate_nano_usd), 0n)) / 1e9;
}

const names = (found: Report, verdict: Verdict) => found[verdict].map(({ requestId }) => requestId).toSorted();

describe("a run over a bill of many pages with discounts, doubles, strangers and gaps", () => {
  it("names every difference, and its sums are fal's to the nano-dollar", async () => {
    const expected = await everything();
    const pages = await pagesOf();
    expect(pages.length).toBeGreaterThan(12);
    const found = reportOf(range, pages);
    for (const [verdict, ids] of expected) expect(names(found, verdict), verdict).toEqual(ids.toSorted());
    expect(found.sums.billed).toBe(totalOfBill());
    const nano = (usd: number) => BigInt(Math.round(usd * 1e9));
    const strangers = found.billedWithoutRecord.map(({ billedUsd = 0 }) => nano(billedUsd)).reduce((a, b) => a + b);
    expect(nano(found.sums.recorded) + nano(found.sums.utilities) + strangers).toBe(nano(found.sums.billed));
  });

  it("tells of each difference once, and a second run finds the same and changes nothing", async () => {
    await everything();
    const first = await report();
    const told = announced.length;
    expect(told).toBe(DIFFERENCES.flatMap((it) => first[it]).length);
    expect(new Set(announced.map(({ detail }) => detail["id"])).size).toBe(told);
    const before = writes;
    expect(await report()).toEqual(first);
    expect([announced.length, writes]).toEqual([told, before]);
  });

  it("may be killed at any call: the next run finds what the first would have", async () => {
    await everything();
    let killed = 0;
    for (let calls = 5; killed === (calls - 5) / 20; calls += 20) {
      let left = calls;
      const dying = <T extends object>(port: T): T =>
        new Proxy(port, {
          get(of, name) {
            const method: unknown = Reflect.get(of, name);
            if (typeof method !== "function") return method;
            return (...args: unknown[]) => {
              if (--left < 0) throw new Error("killed");
              return Reflect.apply(method, of, args) as unknown;
            };
          },
        });
      const alive = deps;
      deps = {
        ...alive,
        ledger: dying(alive.ledger),
        records: dying(alive.records),
        announcements: dying(alive.announcements),
      };
      await report().catch(() => killed++);
      deps = alive;
    }
    expect(killed).toBeGreaterThan(5);
    // A difference that was claimed and not told is told by the run after.
    world.clock.advance(600);
    const found = await report();
    expect(found.sums.billed).toBe(totalOfBill());
    const ids = announced.map(({ detail }) => detail["id"]);
    const differences = DIFFERENCES.flatMap((kind) => found[kind].map(({ requestId }) => `${requestId}:${kind}`));
    expect(new Set(ids)).toEqual(new Set(differences));
    for (const { requestId, tenantId = "", spaceId = "", mediaId = "", billedUsd } of found.matched) {
      const media = await world.records.get({ tenantId, spaceId, mediaId });
      expect([media?.requestId, media && costOf(media).billedUsd]).toEqual([requestId, billedUsd]);
    }
  });

  it("by the clock looks at the last three days, and gives up in time", async () => {
    const job = await delivered({}, 30);
    billed(job.requestId, {}, 29);
    expect(await reconcileRecent(deps, Infinity)).toMatchObject({ matched: 1, deliveredWithoutBill: 0 });
    await expect(reconcileRecent(deps, 0)).rejects.toThrow("The next one goes on");
  });
});

describe("fal's bill", () => {
  it("is asked for in pages of the size that is said, and by at most 50 ids a call", async () => {
    for (let n = 0; n < 120; n++) billed(`stranger-${n}`, { endpointId: "fal-ai/flux" }, 100 + n * 0.1);
    deps = depsWith({ pageSize: 1000 });
    expect((await report()).billedWithoutRecord).toHaveLength(120);
    expect(calls.map((query) => query.getAll("request_id").length)).toEqual([0, 50, 50, 20]);
    expect(calls[0]?.get("limit")).toBe("1000");
  });

  it.each([
    ["a key without the scope", "some-key", "HTTP 403", "FAL_ADMIN_KEY has to be one of fal's scope ADMIN"],
    ["a range that fal refuses", "admin-key", "HTTP 400", "within 90 days"],
  ])("that cannot be read for %s says why", async (_why, key, status, words) => {
    deps = depsWith({ pageSize: 10, key });
    const asked = report({ from: ago(24 * 100), to: ago(0) });
    await expect(asked).rejects.toThrow(status);
    await expect(asked).rejects.toThrow(words);
    expect(calls).toHaveLength(1);
  });

  it("is asked for again where fal is busy, three times", async () => {
    const answers = [429, 503, 500, 500];
    vi.stubGlobal("fetch", async () => Response.json({}, { status: answers.shift() ?? 200 }));
    const asked = report();
    const failed = expect(asked).rejects.toThrow("HTTP 500");
    for (let pause = 0; pause < 10; pause++) {
      await new Promise((resolve) => setImmediate(resolve));
      world.clock.advance(10);
    }
    await failed;
    expect(answers).toEqual([]);
  });
});
