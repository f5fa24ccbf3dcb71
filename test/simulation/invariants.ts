// What must always hold, as RELIABILITY's section 6 numbers it: small functions over what the world has seen.
import ipaddr from "ipaddr.js";
import type { Report } from "../../shared/money/report.ts";
import { BILLED } from "./bill.ts";
import type { Asked, Answered, Intent } from "./clients.ts";
import { codeIn, PICTURE_SECRET, wordsOf } from "./clients.ts";
import type { Actor } from "./gate.ts";
import { PROBES, WAITING } from "./holds.ts";
import { isAccount, isEverybodys, isShard, MONEY } from "./money.ts";
import { isPlaces, type Item, type StoredItem } from "./simulated-aws.ts";
import { REFUSED, TOLD, type Message } from "./receivers.ts";
import { failureOf, type Job } from "./simulated-fal.ts";
import type { World } from "./world.ts";

/** What the world sees at one instant. */
export type Fact =
  | { kind: "write"; before: StoredItem | undefined; after: StoredItem; by: Actor }
  /** A POST of a video leaves us, whatever becomes of it. */
  | { kind: "submit"; mediaId: string | undefined; by: Actor | undefined }
  /** fal has taken a job. */
  | { kind: "accepted"; job: Job }
  | { kind: "event"; type: string; detail: Item }
  | { kind: "text"; where: "log" | "execution input" | "step input" | "step output" | "event"; text: string }
  | { kind: "connection"; url: string; address: string }
  /** A message has reached the receiver of a webhook. */
  | { kind: "message"; message: Message }
  /** A key, or the secret of a webhook, has been shown to its owner. */
  | { kind: "secret"; secret: string }
  | { kind: "step"; execution: string }
  | { kind: "started"; intent: Intent; body: Item; answer: Answered | undefined }
  | { kind: "answer"; asked: Asked; answer: Answered }
  | { kind: "execution"; name: string; by: Actor }
  /** fal is asked to stop a job. */
  | { kind: "cancel"; jobId: string }
  /** fal's bill was compared with the books, twice. */
  | { kind: "reconciled"; report: Report; again: Report; writesAgain: number; matches: boolean };
type FactOf<K extends Fact["kind"]> = Extract<Fact, { kind: K }>;

/** Says that something was checked, and what is wrong if it does not hold. */
type Check = (holds: boolean, otherwise: () => string) => void;

export interface Invariant {
  says: string;
  /** On what the world has just seen. */
  on?: { [K in Fact["kind"]]?: (fact: FactOf<K>, world: World, check: Check) => void };
  /** After every step. */
  always?: (world: World, check: Check) => void;
}

const TERMINAL = ["completed", "failed", "canceled", "deleted"];
/** From -> to, written down a second time from the paper, not imported from the code. */
const MOVES: Record<string, string[]> = {
  queued: ["submitting", "canceled", "failed"],
  submitting: ["generating", "queued", "failed"],
  generating: ["finalizing", "failed", "canceled"],
  finalizing: ["completed", "failed"],
  completed: ["deleted"],
  failed: ["deleted"],
  canceled: ["deleted"],
  deleted: [],
};
const LIVENESS_MS = 600_000;
const EVENT_OF: Record<string, string> = {
  completed: "Generation Completed",
  failed: "Generation Failed",
  canceled: "Generation Canceled",
  deleted: "Media Deleted",
};

export const INVARIANTS = {
  I1: {
    says: "One key, at most one record; one record, at most one accepted submission.",
    on: {
      write({ before, after }, world, check) {
        if (before || !isRecord(after)) return;
        const intent = world.intentOf(after);
        if (!intent) return;
        const records = world.recordsOf(intent).length;
        check(records <= 1 + world.expiredKeys, () => `${intent.name} has ${records} records`);
      },
      started({ intent, answer }, world, check) {
        // The client that hears this starts again, and without a key pays again.
        if (!answer || answer.body === "" || codeIn(answer.body) !== "internal_error") return;
        check(world.recordsOf(intent).length === 0, () => `${intent.name} was an error of ours, and has a record`);
      },
    },
    always(world, check) {
      for (const [mediaId, jobs] of Map.groupBy(world.fal.videos(), (job) => job.mediaId)) {
        check(jobs.length <= 1, () => `fal has ${jobs.length} jobs of ${mediaId}`);
      }
    },
  },
  I2: {
    says: "No POST without a durable claim.",
    on: {
      submit({ mediaId, by }, world, check) {
        const claim = world.claims.get(mediaId ?? "")?.at(-1);
        check(claim !== undefined && claim.by === by, () => `${mediaId} was submitted without a claim of its own`);
        if (!claim) return;
        check(claim.posts === 0, () => `${mediaId} was submitted ${claim.posts + 1} times for claim ${claim.attempt}`);
      },
    },
  },
  I3: {
    says: "No POST after an outcome in doubt.",
    on: {
      submit({ mediaId }, world, check) {
        const before = world.claims.get(mediaId ?? "")?.slice(0, -1) ?? [];
        for (const claim of before) {
          check(
            claim.outcome === "nothing started",
            () => `${mediaId} is submitted again though claim ${claim.attempt} is in doubt`,
          );
        }
      },
    },
  },
  I4: {
    says: "A terminal record never changes status, video, price or error (what fal has billed is another field); its version only rises.",
    on: {
      write({ before, after }, world, check) {
        if (!before || !isRecord(after)) return;
        check(after.version >= before.version, () => `the version of ${after.id} fell`);
        const id = after.id;
        if (!isTerminal(before) || world.redriven.has(id) || world.unwanted.has(id)) return;
        for (const field of ["phase", "video", "error", "estimatedCostUsd"] as const) {
          const [old, now] = [JSON.stringify(before[field]), JSON.stringify(after[field])];
          check(old === now, () => `${after.id} was ${before.phase} and its ${field} went from ${old} to ${now}`);
        }
      },
    },
  },
  I5: {
    says: "Only moves of the table occur: a live lease stays whose it is, and fal is told once.",
    on: {
      write({ before, after, by }, world, check) {
        if (!isRecord(after)) return;
        const [from, to] = [before && before.phase, after.phase];
        if (!before || from === undefined) return check(to === "queued", () => `${after.id} began as ${to}`);
        const redriven = from === "failed" && to === "finalizing" && world.redriven.has(after.id);
        const wanted = to !== "deleted" || world.unwanted.has(after.id);
        const listed = from === to || redriven || (wanted && (MOVES[from] ?? []).includes(to));
        check(listed, () => `${after.id} went from ${from} to ${to}`);
        if (from !== "finalizing" || to !== "finalizing" || before.leaseOwner === after.leaseOwner) return;
        const { leaseUntil } = before;
        const free = leaseUntil === undefined || Date.parse(leaseUntil) <= world.now() + world.skewOf(by);
        check(free, () => `${by.name} took ${after.id} from the process that was finalizing it until ${leaseUntil}`);
      },
      cancel({ jobId }, world, check) {
        const record = world.records().find(({ requestId }) => requestId === jobId);
        check(record?.cancelSentAt === undefined, () => `fal is told again to cancel ${jobId}`);
      },
    },
  },
  I6: {
    says: "There is a video if and only if the record is completed, and the file is fal's, whole; links are made on read.",
    always(world, check) {
      for (const record of world.records()) {
        if (record.phase === "deleted") {
          const left = record.expiresAt === undefined ? [] : world.filesOf(record);
          check(left.length === 0, () => `${record.id} is deleted, and has left ${left.join(", ")}`);
          continue;
        }
        const video = record.video;
        check(
          (record.phase === "completed") === (video !== undefined),
          () => `${record.id} is ${record.phase} ${video ? "with" : "without"} a video`,
        );
        if (!video) continue;
        const file = world.aws.objects.get(video.key);
        const job = world.fal.jobs.find(({ id }) => id === record.requestId);
        check(
          file?.sha256 === video.sha256 && file.bytes.length === video.size,
          () => `${video.key} is not what ${record.id} says`,
        );
        check(job?.video.sha256 === video.sha256, () => `${video.key} is not the video of fal's job ${job?.id}`);
      }
    },
    on: {
      write({ after }, _world, check) {
        check(!JSON.stringify(after).includes("X-Amz-Signature"), () => `a signed link is stored with ${after.id}`);
      },
    },
  },
  I7: {
    says: "completed implies a request id, which no other record has.",
    always(world, check) {
      for (const record of world.records()) {
        const { requestId } = record;
        if (record.phase === "completed")
          check(requestId !== undefined, () => `${record.id} is completed without a request id`);
        if (requestId === undefined) continue;
        const job = world.fal.jobs.find(({ id }) => id === requestId);
        check(job?.mediaId === record.id, () => `${record.id} has the job of ${job?.mediaId}`);
      }
    },
  },
  I8: {
    says: "A replay is byte-identical; a different body never executes.",
    on: {
      started({ intent, body, answer }, world, check) {
        if (answer?.statusCode !== 202 || intent.key === undefined || world.expiredKeys > 0) return;
        const first = world.firstAnswers.get(intent.name) ?? { body: JSON.stringify(body), answer: answer.body };
        world.firstAnswers.set(intent.name, first);
        check(
          first.answer === answer.body,
          () => `the answer to ${intent.name} was\n${first.answer}\nand is\n${answer.body}`,
        );
        check(first.body === JSON.stringify(body), () => `another body under ${intent.name}'s key was taken too`);
      },
    },
  },
  I9: MONEY,
  I11: {
    says: "Exactly one event for the end, published at least once, never without the committed move.",
    on: {
      event({ type, detail }, world, check) {
        const record = world.record(String(detail["mediaId"]));
        const id = String(detail["id"]);
        const status = id.replace(/^.*:/, "");
        if (!TERMINAL.includes(status)) return;
        // Events of a record that was deleted since are sent anyway.
        const committed =
          record?.phase === status || (record?.phase === "deleted" && world.ended.get(record.id) === status);
        check(committed, () => `${id} was published of a record that is ${record?.phase}`);
        check(
          id === `${String(detail["mediaId"])}:${status}` && type === EVENT_OF[status],
          () => `${id} is no event of an end`,
        );
      },
      write({ before, after }, _world, check) {
        if (!isRecord(after) || !isTerminal(after) || !before || isTerminal(before)) return;
        const ends = Object.keys(after.outbox).filter((id) => id === `${after.id}:${after.phase}`);
        check(ends.length === 1, () => `${after.id} became ${after.phase} with ${ends.length} events of it`);
      },
    },
    always(world, check) {
      for (const record of world.records()) {
        if (!isTerminal(record) || world.hasOutbox(record) || isHalfDeleted(record)) continue;
        const id = `${record.id}:${record.phase}`;
        check(
          world.aws.published.some((event) => event.id === id),
          () => `${id} left the outbox and was never published`,
        );
      }
    },
  },
  I12: {
    says: "Tenant A never reads or changes anything of tenant B.",
    on: {
      write({ before, after, by }, world, check) {
        const tenant = world.tenantOf(by);
        // How long generations take, and how often an event was tried, belongs to no tenant: a time or a count.
        if (tenant === undefined || /^(TIMINGS|EVENT)#/.test(after.pk)) return;
        // Who has which place is nobody's: each gives free ones to whose turn it is.
        if (isPlaces(after)) return;
        if (isAccount(after) && (isEverybodys(after) || isShard(after))) {
          const others = changedEntries(before, after).filter((entry) => entry.tenantId !== tenant);
          return check(others.length === 0, () => `${by.name} of ${tenant} changed what is another's in ${after.pk}`);
        }
        // A job is found by fal's id and a key by its own, which no tenant can choose; whose it is, it says.
        const saysWhose = /^(REQUEST|KEYS)#/.test(after.pk) && after.tenantId === tenant;
        const own = saysWhose || after.pk.split("#")[1] === encodeURIComponent(tenant);
        check(own && (!before || before.pk === after.pk), () => `${by.name} of ${tenant} wrote ${after.pk}`);
      },
      answer({ asked: { tenant, route }, answer }, world, check) {
        if (tenant === undefined) return;
        for (const intent of world.clients.intents) {
          if (intent.tenant === tenant) continue;
          check(
            !answer.body.includes(wordsOf(intent)) && !answer.body.includes(`${PICTURE_SECRET}-${intent.name}`),
            () => `${route} showed ${tenant} what is ${intent.tenant}'s: ${answer.body}`,
          );
        }
        for (const { url, tenant: owner } of world.receivers.endpoints) {
          if (owner === tenant) continue;
          check(!answer.body.includes(url), () => `${route} showed ${tenant} a webhook of ${owner}: ${answer.body}`);
        }
      },
      message({ message: { url, body } }, world, check) {
        const endpoint = world.receivers.endpointAt(url);
        const { data } = JSON.parse(body) as { data: { tenantId?: string } };
        // A test is of a webhook, and names it alone.
        if (!endpoint || data.tenantId === undefined) return;
        check(data.tenantId === endpoint.tenant, () => `${endpoint.url} of ${endpoint.tenant} was told ${body}`);
      },
      submit({ mediaId, by }, world, check) {
        const record = world.record(mediaId ?? "");
        if (record)
          check(
            by !== undefined && world.tenantOf(by) === record.tenantId,
            () => `${mediaId} was submitted for another tenant`,
          );
      },
    },
  },
  I13: {
    says: "No route without authentication but those on the list; an unsigned, stale or foreign webhook changes nothing.",
    on: {
      answer({ asked: { tenant, route, lacks }, answer }, world, check) {
        // With keys, every caller is refused while the table does not answer: 500. A key without the scope is told so: 403.
        const refusals = [401, ...(world.settings.told ? [500] : []), ...(lacks ? [403, 503] : [])];
        if (tenant === undefined || lacks)
          check(refusals.includes(answer.statusCode), () => `${route} answered a stranger ${answer.statusCode}`);
      },
      write({ after, by }, world, check) {
        check(!world.strangers.has(by), () => `${by.name} wrote ${after.pk} for a stranger who has no right to it`);
      },
      execution({ name, by }, world, check) {
        check(!world.strangers.has(by), () => `${by.name} started ${name} for a stranger who has no right to it`);
      },
    },
  },
  I14: {
    says: "No connection to a non-global address, at any hop, for a URL that came from outside.",
    on: {
      connection({ url, address }, _world, check) {
        check(ipaddr.parse(address).range() === "unicast", () => `a connection to ${address} for ${url}`);
      },
    },
  },
  I15: {
    says: "No secret, prompt or signed URL in logs, workflow data or events; no key or webhook's secret in the table.",
    on: {
      secret({ secret }, world, check) {
        const items = [...world.aws.items.values()].map((item) => JSON.stringify(item));
        const shown = [...items, ...world.said].find((text) => text.includes(secret));
        check(shown === undefined, () => `a key or secret, before it was shown to its owner: ${shown}`);
      },
      write({ after }, world, check) {
        if (world.secrets.size === 0) return;
        const item = JSON.stringify(after);
        for (const secret of world.secrets) check(!item.includes(secret), () => `a key or secret is kept: ${item}`);
      },
      text({ where, text }, world, check) {
        for (const secret of world.secrets)
          check(!text.includes(secret), () => `a key or secret in a ${where}: ${text}`);
        const found = /SECRET-[A-Z]+(-[A-Z]+)*|X-Amz-Signature|sources\/[\w-]+-[0-9a-f]{32}\.jpg/.exec(text)?.[0];
        check(found === undefined, () => `${found} in a ${where}: ${text}`);
      },
    },
  },
  I16: {
    says: "Polls, history, payload and memory are bounded for any input.",
    on: {
      text({ where, text }, _world, check) {
        if (where !== "log") check(text.length < 32 * 1024, () => `a ${where} of ${text.length} characters`);
      },
      step({ execution }, world, check) {
        const { steps = 0 } = world.aws.executions.get(execution) ?? {};
        // 9 events a lap (workflow.asl.ts), so 2,200 laps in 20,000 events; here a lap takes 10 s of 15 minutes. A wake-up
        // looks and finalizes, each with its retries.
        check(steps <= (execution.includes("-w-") ? 16 : 180), () => `execution ${execution} has made ${steps} steps`);
      },
    },
    always(world, check) {
      for (const job of world.fal.videos()) {
        const looks = 12 + (3 * (world.now() - job.acceptedAt)) / 10_000;
        check(
          job.looks <= looks,
          () => `fal was asked ${job.looks} times for ${job.id} in ${(world.now() - job.acceptedAt) / 1000} s`,
        );
      }
    },
  },
  I17: {
    says: "Every accepted start is in one terminal status within its deadline + 10 min, once the faults have stopped.",
    always(world, check) {
      for (const intent of world.clients.intents.filter(({ accepted }) => accepted)) {
        const [record] = world.recordsOf(intent);
        check(record !== undefined, () => `${intent.name} was accepted and there is no record`);
        if (!record) continue;
        if (isTerminal(record)) check(true, () => "");
        else if (world.now() > world.settledBy(record) + LIVENESS_MS) {
          check(false, () => `${record.id} is still ${record.phase}`);
        }
      }
    },
  },
  I18: {
    says: "Then every outbox is empty.",
    always(world, check) {
      for (const record of world.records().filter(isTerminal)) {
        const waiting = Object.entries(record.outbox);
        if (waiting.length === 0) check(true, () => "");
        for (const [id, { at }] of waiting) {
          const heardBy = Math.max(world.settledBy(record), world.busBackAt, Date.parse(at)) + LIVENESS_MS;
          if (world.now() > heardBy) check(false, () => `${id} still waits to be published`);
        }
      }
      for (const { id, at } of world.holds.account?.outbox ?? []) {
        const heardBy = Math.max(world.quietSince, world.busBackAt, Date.parse(at)) + LIVENESS_MS;
        check(world.now() <= heardBy, () => `${id} still waits to be published`);
      }
    },
  },
  I19: {
    says: "A generation fails as fal's job only where fal has failed it, with fal's code, and completes only where fal has not; what fal withholds can be redriven.",
    on: {
      write({ before, after, by }, world, check) {
        const { requestId, error, deadlineAt } = after;
        if (requestId === undefined || after.phase === before?.phase) return;
        const job = world.fal.jobs.find(({ id }) => id === requestId);
        if (!job) return;
        if (after.phase === "completed") {
          const failed = failureOf(job);
          check(failed === undefined, () => `${after.id} is completed, and its job failed as ${failed}`);
        }
        if (after.phase !== "failed" || !error || error.code === "timed_out") return;
        if (error.code === "delivery_failed") {
          const isEarly = deadlineAt !== undefined && world.now() + world.skewOf(by) < Date.parse(deadlineAt);
          if (isEarly) check(job.twist === "withholds its video", () => `${after.id} gave up a job that ${job.twist}`);
        } else check(error.code === failureOf(job), () => `${after.id} failed as ${error.code}: its job ${job.twist}`);
      },
    },
  },
  I20: TOLD,
  I21: REFUSED,
  I22: BILLED,
  I23: PROBES,
  I24: WAITING,
  I25: {
    says: "No more of our jobs are at fal than there are places.",
    always(world, check) {
      const { places } = world.settings;
      if (places === undefined || world.isSkewed) return;
      const atFal = world.records().filter(({ phase }) => phase === "submitting" || phase === "generating").length;
      check(atFal <= places, () => `${atFal} are at fal, and there are ${places} places`);
    },
  },
} satisfies Record<string, Invariant>;

export type InvariantId = keyof typeof INVARIANTS;
export const INVARIANT_IDS = Object.keys(INVARIANTS) as InvariantId[];

export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: InvariantId;
  constructor(invariant: InvariantId, what: string) {
    super(`${invariant} is broken. ${INVARIANTS[invariant].says}\n${what}`);
    this.invariant = invariant;
  }
}

/** Holds the world against the invariants that are on; counts what was really checked. */
export class Watch {
  readonly checks: Partial<Record<InvariantId, number>> = {};
  violation: Violation | undefined;
  readonly #on: [InvariantId, Invariant][];

  constructor(on: readonly InvariantId[]) {
    this.#on = on.map((id) => [id, INVARIANTS[id]]);
  }

  /** Of what no function above can see. */
  accuse(id: InvariantId, what: string): void {
    if (this.#on.some(([on]) => on === id)) this.violation ??= new Violation(id, what);
  }

  see<K extends Fact["kind"]>(fact: FactOf<K> & { kind: K }, world: World): void {
    for (const [id, { on }] of this.#on) {
      const look = on?.[fact.kind] as ((fact: Fact, world: World, check: Check) => void) | undefined;
      look?.(fact, world, this.#check(id));
    }
  }

  afterStep(world: World): void {
    for (const [id, { always }] of this.#on) always?.(world, this.#check(id));
  }

  #check(id: InvariantId): Check {
    return (holds, otherwise) => {
      this.checks[id] = (this.checks[id] ?? 0) + 1;
      if (!holds) this.violation ??= new Violation(id, otherwise());
    };
  }
}

export function isRecord(item: StoredItem): boolean {
  return item.sk.startsWith("MEDIA#");
}

/** Prices that were put aside, or settled. */
function changedEntries(before: StoredItem | undefined, { open: now = {} }: StoredItem) {
  const { open: then = {} } = before ?? {};
  const [came, went] = [Object.keys(now).filter((id) => !(id in then)), Object.keys(then).filter((id) => !(id in now))];
  return [...came.flatMap((id) => now[id] ?? []), ...went.flatMap((id) => then[id] ?? [])];
}

/** Its owner wants it gone, and something of it is still there. */
export function isHalfDeleted(record: StoredItem): boolean {
  return record.phase === "deleted" && record.expiresAt === undefined;
}

export function isTerminal(record: StoredItem): boolean {
  return TERMINAL.includes(record.phase);
}
