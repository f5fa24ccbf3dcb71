// fal's bill at the end of a run, and what must hold of it: it equals what the records say, or the report names each difference.
import { answerBillingEvents, type Charge, type PlatformAnswer } from "../../stacks/fal-simulator/bill.ts";
import type { Entry, ReportPage } from "../../shared/money/reconcile.ts";
import type { Report } from "../../shared/money/report.ts";
import { acting, Actor } from "./gate.ts";
import type { Invariant } from "./invariants.ts";
import { failureOf, type Job } from "./simulated-fal.ts";
import { BEGINNING } from "./virtual-time.ts";
import type { World } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** fal gives no more at once here, so that a run has pages. */
const PAGE_MAX = 4;
/** US dollars of a description and of a frame. */
const UTILITY_USD = 0.001;

/** What fal has billed by the end of a run: most jobs as the price list says, some not. */
export function chargesOf(world: World): Charge[] {
  return world.fal.jobs.flatMap((job) => {
    const isVideo = world.fal.videos().includes(job);
    if (!world.fal.hasEnded(job)) return [];
    const at = Math.min(job.endsAt, world.now());
    const once = { requestId: job.id, endpointId: job.endpoint, at };
    if (!isVideo) return [{ ...once, units: 1, unitPrice: UTILITY_USD }];
    const units = Number(job.input["duration"]);
    const charge: Charge = { ...once, units, unitPrice: world.money.priceOfJob(job) / 1000 / units };
    return twisted(job, charge);
  });
}

/** By its id, which the seed decides. */
function twisted(job: Job, charge: Charge): Charge[] {
  const chance = parseInt(job.id.slice(0, 2), 16) % 16;
  const failure = failureOf(job);
  // A cancel that came too late, and a policy's refusal, may be billed all the same.
  if (failure !== undefined) {
    return chance % 4 === 0 && ["client_cancelled", "content_policy_violation"].includes(failure) ? [charge] : [];
  }
  switch (chance) {
    case 0:
      return [charge, { ...charge, at: charge.at + 1000 }];
    case 1:
      return [];
    case 2:
      return [{ ...charge, percentDiscount: 12.5 }];
    case 3:
      return [{ ...charge, unitPrice: charge.unitPrice * 1.25 }];
    case 4:
      return [
        { ...charge, units: 1 },
        { ...charge, units: charge.units - 1, at: charge.at + 60_000 },
      ];
    case 5:
      return [{ ...charge, toldFrom: charge.at + HOUR, isTerse: true }];
    default:
      return [charge];
  }
}

/** `GET /v1/models/billing-events` of this fal. */
export function tellBill(world: World, { searchParams }: URL, key: string): PlatformAnswer {
  const query = new URLSearchParams(searchParams);
  query.set("limit", String(Math.min(PAGE_MAX, Number(query.get("limit")))));
  return answerBillingEvents(chargesOf(world), query, { now: world.now(), isAdmin: key.includes("ADMIN") });
}

/** An operator compares the bill with the books: killed in the middle once, then from the beginning, then once more. */
export async function reconcile(world: World, callsBeforeDeath: number): Promise<void> {
  // Only now: what is read before the seams are open cannot be patched.
  const { allMatched, reportOf } = await import("../../shared/money/report.ts");
  const range = { from: new Date(BEGINNING - DAY).toISOString(), to: new Date(world.now()).toISOString() };
  const pageAt = async (cursor: string | undefined, callsLeft = Infinity): Promise<ReportPage | undefined> => {
    const outcome = await acting.run(new Actor("operator"), () =>
      world.invoke("reconcile-bills", { ...range, cursor }, { born: (actor) => (actor.callsLeft = callsLeft) }),
    );
    if (outcome.ok) return JSON.parse(outcome.payload) as ReportPage;
    if (callsLeft === Infinity) throw new Error(`the bill could not be reconciled: ${JSON.stringify(outcome.error)}`);
    return undefined;
  };
  const wholeRun = async (): Promise<Report> => {
    const pages: ReportPage[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await pageAt(cursor);
      if (!page) break;
      pages.push(page);
      cursor = page.next;
      if (cursor === undefined) break;
    }
    return reportOf(range, pages);
  };
  await pageAt(undefined, callsBeforeDeath);
  const report = await wholeRun();
  const written = world.writes;
  const again = await wholeRun();
  world.observe({
    kind: "reconciled",
    report,
    again,
    writesAgain: world.writes - written,
    matches: allMatched(report),
  });
}

export const BILLED: Invariant = {
  says: "At the end fal's bill equals what the records say, or the report names each difference; a second run changes nothing.",
  on: {
    reconciled({ report, again, writesAgain, matches }, world, check) {
      const charges = chargesOf(world);
      const total = charges.reduce((sum, charge) => sum + nanoOf(charge), 0);
      check(
        Math.round(report.sums.billed * 1e9) === total,
        () => `fal bills ${total}, the report ${report.sums.billed}`,
      );
      check(JSON.stringify(again) === JSON.stringify(report), () => "a second run finds something else");
      check(writesAgain === 0, () => `a second run has written ${writesAgain} times`);
      const named = new Map<string, string>();
      for (const verdict of NAMED) for (const { requestId } of report[verdict]) named.set(requestId, verdict);
      for (const job of world.fal.videos()) {
        const [expected, said] = [expectedOf(world, job, charges), named.get(job.id) ?? "nothing"];
        check(
          expected.includes(said),
          () => `${job.id} is ${said} in the report, and should be ${expected.join(" or ")}`,
        );
      }
      for (const record of world.records().filter(({ requestId }) => requestId !== undefined)) {
        const bills = charges.filter(({ requestId }) => requestId === record.requestId);
        const billed = bills.length === 0 ? undefined : bills.reduce((sum, charge) => sum + nanoOf(charge), 0);
        check(record.billedNanoUsd === billed, () => `${record.id} says ${record.billedNanoUsd}, fal billed ${billed}`);
      }
      const differs = [...named.values()].some((verdict) => verdict !== "matched");
      check(matches === !differs, () => "the report says that all matches, and it does not");
    },
  },
};

const NAMED = [
  "matched",
  "differing",
  "billedTwice",
  "billedWithoutRecord",
  "deliveredWithoutBill",
  "billedForNothing",
] as const satisfies Entry["verdict"][];

/** What a job may be called in the report, by what the world knows of it. */
function expectedOf(world: World, job: Job, charges: readonly Charge[]): string[] {
  const bills = charges.filter(({ requestId }) => requestId === job.id);
  const list = bills.reduce((sum, { units, unitPrice }) => sum + Math.round(units * unitPrice * 1e9), 0);
  const record = world.record(job.mediaId ?? "");
  const isFollowed = record?.requestId === job.id;
  if (!isFollowed) return list > 0 ? ["billedTwice", "billedForNothing", "billedWithoutRecord"] : ["nothing"];
  if (record.phase !== "completed" && world.ended.get(record.id) !== "completed") {
    return list > 0 ? ["billedForNothing"] : ["nothing"];
  }
  const price = world.money.priceOfJob(job) * 1e6;
  if (bills.length === 0) return ["deliveredWithoutBill"];
  if (list === price) return ["matched"];
  return bills.length > 1 && list >= 2 * price ? ["billedTwice"] : ["differing"];
}

function nanoOf({ units, unitPrice, percentDiscount = 0 }: Charge): number {
  const list = Math.round(units * unitPrice * 1e9);
  return list - Math.round((list * percentDiscount) / 100);
}
