// What every store of records must do, whatever it runs on.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { IllegalMoveError, MediaExistsError, MediaNotFoundError, StaleMediaError } from "../../shared/media/errors.ts";
import { refOf, type Media } from "../../shared/media/media.ts";
import { instant } from "../../shared/media/instant.ts";
import type { MediaRecords } from "../../shared/media/ports.ts";
import { PHASES } from "../../shared/media/status.ts";
import { MOVES, type MoveName } from "../../shared/media/moves.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { queuedMedia } from "../support/sample-media.ts";

type Options = Omit<Parameters<typeof createDynamoMediaRecords>[0], "clock">;

export function mediaRecordsContract(open: () => Promise<Options>): void {
  let clock: ManualClock;
  let records: MediaRecords;
  const media = queuedMedia();
  const ref = refOf(media);

  beforeEach(async () => {
    clock = new ManualClock();
    records = createDynamoMediaRecords({ ...(await open()), clock });
  });

  const openRefs = (before = "9999") => records.due(before, 100);
  const moveTo = async (overrides: Partial<Media>) => records.create(queuedMedia(overrides));

  describe("saving and reading", () => {
    it("gives back exactly what was saved", async () => {
      const full = queuedMedia({ name: "Beach", cfgScale: 0.5, aspectRatio: "1:1", negativePrompt: "blur" });
      await records.create(full);
      expect(await records.get(ref)).toEqual(full);
    });

    it("saves a record once", async () => {
      await records.create(media);
      await expect(records.create(media)).rejects.toBeInstanceOf(MediaExistsError);
    });

    it("knows nothing of another tenant's or another space's record", async () => {
      await records.create(media);
      expect(await records.get({ ...ref, tenantId: "other" })).toBeUndefined();
      expect(await records.get({ ...ref, spaceId: "other" })).toBeUndefined();
    });

    it("keeps apart tenants whose names imitate a key", async () => {
      await moveTo({ tenantId: "a#SPACE#b", spaceId: "c" });
      expect((await records.list({ tenantId: "a", spaceId: "b#SPACE#c" }, { limit: 10 })).items).toEqual([]);
      expect(await records.get({ ...ref, tenantId: "a#SPACE#b", spaceId: "c" })).toBeDefined();
      expect(await openRefs()).toEqual([{ ...ref, tenantId: "a#SPACE#b", spaceId: "c" }]);
    });

    it("lists a space newest first, page by page, without a page too many", async () => {
      for (const id of ["m1", "m2", "m3", "m4"]) await moveTo({ id });
      await moveTo({ id: "m9", spaceId: "elsewhere" });
      const space = { tenantId: media.tenantId, spaceId: media.spaceId };
      const first = await records.list(space, { limit: 2 });
      expect(first.items.map(({ id }) => id)).toEqual(["m4", "m3"]);
      const second = await records.list(space, { limit: 2, seen: first.next });
      expect(second.items.map(({ id }) => id)).toEqual(["m2", "m1"]);
      expect(second.next).toBeUndefined();
    });

    it("lists it oldest first as well, page by page", async () => {
      for (const id of ["m1", "m2", "m3"]) await moveTo({ id });
      const space = { tenantId: media.tenantId, spaceId: media.spaceId };
      const first = await records.list(space, { limit: 2, oldestFirst: true });
      expect(first.items.map(({ id }) => id)).toEqual(["m1", "m2"]);
      const second = await records.list(space, { limit: 2, oldestFirst: true, seen: first.next });
      expect([second.items.map(({ id }) => id), second.next]).toEqual([["m3"], undefined]);
    });
  });

  describe("a page of a list", () => {
    const space = { tenantId: media.tenantId, spaceId: media.spaceId };
    const idsOf = (items: Media[]) => items.map(({ id }) => id);
    const numbered = (count: number) => Array.from({ length: count }, (_, n) => `m${String(n).padStart(3, "0")}`);

    async function wholeList(limit: number, wanted?: (media: Media) => boolean): Promise<string[][]> {
      const pages: string[][] = [];
      let seen: string | undefined;
      do {
        const { items, next } = await records.list(space, { limit, seen, wanted });
        pages.push(idsOf(items));
        seen = next;
      } while (seen !== undefined);
      return pages;
    }

    it("is full though what DynamoDB reads at once (1 MB) holds less", async () => {
      // 33 KB each: a page of DynamoDB ends after 31 of them.
      const heavy = {
        context: "\u{1F30A}".repeat(2500),
        prompt: "\u{1F30A}".repeat(2500),
        negativePrompt: "x".repeat(13_000),
      };
      const ids = numbered(60);
      await Promise.all(ids.map((id) => moveTo({ id, ...heavy })));
      expect((await wholeList(100)).map(({ length }) => length)).toEqual([60]);
      const pages = await wholeList(40);
      expect(pages.map(({ length }) => length)).toEqual([40, 20]);
      expect(pages.flat()).toEqual(ids.toReversed());
    });

    it("holds the five that are left when the newest twenty of 25 are deleted", async () => {
      for (const [n, id] of numbered(25).entries()) await moveTo({ id, phase: n < 5 ? "completed" : "deleted" });
      expect(await wholeList(20)).toEqual([numbered(5).toReversed()]);
    });

    it("holds only those that are wanted, however far apart they lie", async () => {
      for (const [n, id] of numbered(130).entries()) await moveTo({ id, phase: n % 60 === 0 ? "failed" : "completed" });
      expect(await wholeList(2, ({ phase }) => phase === "failed")).toEqual([["m120", "m060"], ["m000"]]);
    });
  });

  describe("deleting", () => {
    it("takes a media out of its space, and leaves it to a caller that asks by its id", async () => {
      for (const id of ["m1", "m2", "m3"]) await records.create({ ...media, id });
      await records.move({ ...ref, mediaId: "m2" }, "cancel", {});
      await records.move({ ...ref, mediaId: "m2" }, "delete", {});
      const space = { tenantId: media.tenantId, spaceId: media.spaceId };
      const page = await records.list(space, { limit: 2 });
      expect([page.items.map(({ id }) => id), page.next]).toEqual([["m3", "m1"], undefined]);
      expect((await records.get({ ...ref, mediaId: "m2" }))?.phase).toBe("deleted");
    });
  });

  describe("moving", () => {
    it("writes the new status, the change, the time and the next version in one", async () => {
      await records.create(media);
      clock.advance(5);
      const { media: moved } = await records.move(ref, "claim", { attempt: 1, prompt: "words" });
      expect(moved).toEqual({
        ...media,
        phase: "submitting",
        attempt: 1,
        prompt: "words",
        version: 2,
        updatedAt: instant(clock.now()),
        sweepAt: moved.sweepAt,
      });
      expect(await records.get(ref)).toEqual(moved);
    });

    it("removes what a change says is undefined", async () => {
      await moveTo({ phase: "generating", requestId: "r", queuePosition: 3 });
      const { media: moved } = await records.move(ref, "note progress", { queuePosition: undefined });
      expect(moved).not.toHaveProperty("queuePosition");
    });

    it.each(Object.keys(MOVES) as MoveName[])("can %s only from where the table of moves says", async (name) => {
      for (const phase of PHASES) {
        const id = `${name.replaceAll(" ", "-")}-${phase}`;
        await moveTo({ id, phase });
        const move: { from: readonly string[]; to?: string } = MOVES[name];
        const attempt = records.move({ ...ref, mediaId: id }, name, {});
        if (move.from.includes(phase)) expect((await attempt).moved).toBe(true);
        else if (move.to === phase) expect((await attempt).moved).toBe(false);
        else await expect(attempt).rejects.toBeInstanceOf(IllegalMoveError);
        const after = await records.get({ ...ref, mediaId: id });
        expect(after?.phase).toBe(move.from.includes(phase) ? (move.to ?? phase) : phase);
      }
    });

    it("lets exactly one of fifty concurrent claims through", async () => {
      await records.create(media);
      const claims = await Promise.all(
        Array.from({ length: 50 }, () => records.move(ref, "claim", { attempt: 1 }, { version: 1 })),
      );
      expect(claims.filter(({ moved }) => moved)).toHaveLength(1);
      expect((await records.get(ref))?.version).toBe(2);
    });

    it("refuses a legal move when the record is not as it was read", async () => {
      await moveTo({ phase: "finalizing", leaseOwner: "me" });
      const stolen = records.move(ref, "take over finalizing", {}, { leaseOwner: "another process" });
      await expect(stolen).rejects.toBeInstanceOf(StaleMediaError);
      await expect(records.move(ref, "restart", {}, { version: 7 })).rejects.toBeInstanceOf(StaleMediaError);
      const told = records.move(ref, "take over finalizing", {}, { leaseOwner: undefined });
      await expect(told).rejects.toBeInstanceOf(StaleMediaError);
    });

    it("cannot move what is not there", async () => {
      await expect(records.move(ref, "claim", {})).rejects.toBeInstanceOf(MediaNotFoundError);
    });

    it("puts the event of a move beside it, under a stable id", async () => {
      await moveTo({ phase: "submitting" });
      const { media: moved } = await records.move(ref, "accept", { requestId: "r" });
      expect(moved.outbox).toEqual({
        [`${media.id}:generating`]: { type: "Generation Started", at: instant(clock.now()) },
      });
    });
  });

  describe("what the sweeper sees", () => {
    it("shows open records that are due, oldest first", async () => {
      await moveTo({ id: "later", sweepAt: instant(clock.now() + 2000) });
      await moveTo({ id: "sooner", sweepAt: instant(clock.now() + 1000) });
      await moveTo({ id: "far", sweepAt: instant(clock.now() + 9000) });
      const due = await openRefs(instant(clock.now() + 5000));
      expect(due.map(({ mediaId }) => mediaId)).toEqual(["sooner", "later"]);
      expect((await records.due("9999", 1)).map(({ mediaId }) => mediaId)).toEqual(["sooner"]);
    });

    it("keeps those that wait for a place in a line: by tenant, each with its oldest first", async () => {
      const waits = async (tenantId: string, id: string) => {
        await moveTo({ tenantId, id });
        const change = { waitsSince: instant(clock.now()), sweepAt: `${encodeURIComponent(tenantId)}#${id}` };
        await records.move({ ...ref, tenantId, mediaId: id }, "wait for a place", change);
      };
      for (const [tenantId, id] of [
        ["globex", "019b-2"],
        ["acme", "019b-4"],
        ["acme!", "019b-1"],
        ["acme", "019b-3"],
      ] as const)
        await waits(tenantId, id);
      const line = async (...asked: Parameters<MediaRecords["waiting"]>) =>
        (await records.waiting(...asked)).map(({ tenantId, mediaId }) => `${tenantId} ${mediaId}`);
      expect(await line(9)).toEqual(["acme! 019b-1", "acme 019b-3", "acme 019b-4", "globex 019b-2"]);
      expect(await line(2)).toEqual(["acme! 019b-1", "acme 019b-3"]);
      expect(await line(9, { afterTenant: "acme" })).toEqual(["globex 019b-2"]);
      expect(await line(9, { afterTenant: "globex" })).toEqual([]);
      // A place in the line is no time at which anybody shall look, and any other move leaves it.
      expect((await openRefs()).map(({ mediaId }) => mediaId)).toEqual([]);
      const { media: restarted } = await records.move({ ...ref, mediaId: "019b-3" }, "restart", {
        sweepAt: "2026-01-01T00:06:00.000Z",
      });
      expect(restarted.waitsSince).toBeUndefined();
      expect(await line(9)).toEqual(["acme! 019b-1", "acme 019b-4", "globex 019b-2"]);
    });

    it("keeps those that are parked apart, the one whose hold ends first before the others", async () => {
      const held = { code: "provider_account_locked", since: instant(clock.now()) } as const;
      for (const id of ["m1", "m2", "m3"]) await moveTo({ id, hold: held, heldUntil: instant(clock.now()) });
      const park = (mediaId: string, sweepAt: string) => records.move({ ...ref, mediaId }, "park", { sweepAt });
      await park("m1", "2026-01-02T00:00:09.000Z");
      await park("m2", "2026-01-02T00:00:01.000Z");
      await park("m3", "2026-01-02T00:00:05.000Z");
      const order = async (limit: number) => (await records.parked(limit)).map(({ mediaId }) => mediaId);
      expect(await order(9)).toEqual(["m2", "m3", "m1"]);
      expect(await order(1)).toEqual(["m2"]);
      expect(await records.parked(1)).toEqual([{ ...ref, mediaId: "m2", heldUntil: "2026-01-02T00:00:01.000Z" }]);
      // Any other move takes one out.
      await records.move({ ...ref, mediaId: "m2" }, "cancel", {});
      await records.move({ ...ref, mediaId: "m3" }, "restart", { sweepAt: "2026-01-01T00:06:00.000Z" });
      expect(await order(9)).toEqual(["m1"]);
      // Over its end it is due like anything else.
      expect((await openRefs("2026-01-02T00:00:10.000Z")).map(({ mediaId }) => mediaId).sort()).toContain("m1");
      expect((await openRefs("2026-01-02T00:00:00.000Z")).map(({ mediaId }) => mediaId).sort()).not.toContain("m1");
    });

    it("keeps showing an ended record until its events are published", async () => {
      await records.create(media);
      await records.move(ref, "cancel", {});
      await records.removeEvents(ref, []);
      expect(await openRefs()).toEqual([ref]);
      await records.removeEvents(ref, [`${media.id}:canceled`]);
      expect(await openRefs()).toEqual([]);
      expect((await records.get(ref))?.outbox).toEqual({});
    });

    it("keeps showing a completed record until it is described", async () => {
      await moveTo({ phase: "finalizing" });
      await records.move(ref, "complete", { analysisStatus: "pending" });
      await records.removeEvents(ref, [`${media.id}:completed`]);
      expect(await openRefs()).toEqual([ref]);
      await records.move(ref, "record analysis", { analysisStatus: "failed" });
      await records.removeEvents(ref, [`${media.id}:analyzed`]);
      expect(await openRefs()).toEqual([]);
    });

    it("shows an ended record again when its time is over, where it has one", async () => {
      const keptUntil = instant(clock.now() + 86_400_000);
      await records.create({ ...media, keptUntil });
      await records.move(ref, "cancel", {});
      await records.removeEvents(ref, [`${media.id}:canceled`]);
      expect((await records.get(ref))?.sweepAt).toBe(keptUntil);
      expect(await openRefs()).toEqual([ref]);
    });

    it("shows a deletion until it is finished and heard", async () => {
      await records.create({ ...media, keptUntil: instant(clock.now() + 86_400_000) });
      await records.move(ref, "cancel", {});
      await records.move(ref, "delete", {});
      await records.removeEvents(ref, [`${media.id}:canceled`]);
      expect(await openRefs()).toEqual([ref]);
      await records.move(ref, "erase", { expiresAt: 1_900_000_000 });
      await records.removeEvents(ref, []);
      expect(await openRefs()).toEqual([ref]);
      await records.removeEvents(ref, [`${media.id}:deleted`]);
      expect(await openRefs()).toEqual([]);
    });

    it("does not change the version when events are published", async () => {
      await records.create(media);
      const { media: moved } = await records.move(ref, "cancel", {});
      await records.removeEvents(ref, [`${media.id}:canceled`]);
      expect((await records.get(ref))?.version).toBe(moved.version);
    });
  });

  describe("starts kept under an Idempotency-Key", () => {
    const start = { fingerprint: "abc", media, expiresAt: Date.parse("2026-01-31") / 1000 };

    it("keeps the first and gives it to all who come after", async () => {
      const second = { ...start, fingerprint: "def", media: { ...media, id: "second" } };
      expect(await records.putIdempotencyKey("acme", "key", start)).toEqual(start);
      expect(await records.putIdempotencyKey("acme", "key", second)).toEqual(start);
      expect(await records.putIdempotencyKey("acme", "other key", second)).toEqual(second);
      expect(await records.putIdempotencyKey("other tenant", "key", second)).toEqual(second);
    });

    it("lets exactly one of fifty concurrent starts be the first", async () => {
      const kept = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          records.putIdempotencyKey("acme", "key", { ...start, media: { ...media, id: `m${n}` } }),
        ),
      );
      expect(new Set(kept.map(({ media: { id } }) => id)).size).toBe(1);
    });

    it("puts a start in the place of any that is there, where that is asked for", async () => {
      const second = { ...start, fingerprint: "def", media: { ...media, id: "second" } };
      await records.putIdempotencyKey("acme", "key", start);
      expect(await records.putIdempotencyKey("acme", "key", second, { inPlaceOfAny: true })).toEqual(second);
      expect(await records.putIdempotencyKey("acme", "key", start)).toEqual(second);
    });

    it("treats an expired key as free, before the table has deleted it", async () => {
      await records.putIdempotencyKey("acme", "key", start);
      clock.advance(31 * 24 * 3600);
      const second = { ...start, fingerprint: "def", expiresAt: clock.now() / 1000 + 60 };
      expect(await records.putIdempotencyKey("acme", "key", second)).toEqual(second);
    });

    it("is not among the media of any space", async () => {
      await records.putIdempotencyKey("acme", "key", start);
      expect((await records.list({ tenantId: "acme", spaceId: "holiday" }, { limit: 10 })).items).toEqual([]);
    });
  });
}
