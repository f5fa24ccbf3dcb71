// The records in DynamoDB: one item each, one conditional write per move, the condition built from the table of moves.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  GetCommand,
  paginateQuery,
  paginateScan,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type ScanCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { randomUUID } from "node:crypto";
import * as z from "zod/mini";
import { IllegalMoveError, MediaExistsError, MediaNotFoundError, StaleMediaError } from "../media/errors.ts";
import { refOf, type Media, type MediaChange, type MediaRef } from "../media/media.ts";
import type { Clock, Expected, IdempotentStart, MediaRecords } from "../media/ports.ts";
import { instant } from "../media/instant.ts";
import { isOpen, planMove, type MoveName } from "../media/moves.ts";
import {
  LINE_SHARDS,
  mediaKey,
  newMediaItem,
  partitionKey,
  readMediaItem,
  refOfKey,
  showMediaItem,
  SWEEP_SHARDS,
  sweepShard,
} from "./media-item.ts";
import { KEEP, UpdateExpression } from "./update-expression.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";

/** What one page of a list may read: 20 MB at most, in a second or two. */
const LIST_READS = 20;
const LIST_READ_ITEMS = 250;

export interface DynamoMediaRecordsOptions {
  client: DynamoDBClient;
  table: string;
  clock: Clock;
}

/**
 * The port `MediaRecords` over one DynamoDB table (keys and index: stacks/blueprint/tables.ts).
 * Single-item writes only: they cost half of a transaction and run on every emulator.
 */
export function createDynamoMediaRecords({ client, table, clock }: DynamoMediaRecordsOptions): MediaRecords {
  const db = documentClient(client);

  async function getItem(ref: MediaRef): Promise<Record<string, unknown> | undefined> {
    return (await db.send(new GetCommand({ TableName: table, Key: mediaKey(ref), ConsistentRead: true }))).Item;
  }

  async function get(ref: MediaRef): Promise<Media | undefined> {
    const item = await getItem(ref);
    return item && readMediaItem(item);
  }

  /** Writes what `update` says; undefined when its condition did not hold. */
  async function write(ref: MediaRef, update: UpdateExpression): Promise<Media | undefined> {
    const command = { TableName: table, Key: mediaKey(ref), ReturnValues: "ALL_NEW" as const, ...update.build() };
    const written = await ignoreConflict(db.send(new UpdateCommand(command)));
    return written?.Attributes && readMediaItem(written.Attributes);
  }

  /** The refs of the records that match a filter, out of the whole table. */
  async function readThrough(filter: Pick<ScanCommandInput, "FilterExpression" | "ExpressionAttributeValues">) {
    const refs: MediaRef[] = [];
    const scan = { TableName: table, ProjectionExpression: "pk, sk", ConsistentRead: true, ...filter };
    for await (const { Items = [] } of paginateScan({ client: db }, scan)) {
      refs.push(...Items.flatMap((item) => refOfKey(primaryKey.parse(item)) ?? []));
    }
    return refs;
  }

  /**
   * The first keys of a shard of the sweeper's index; a page of DynamoDB ends at 1 MB, however many were asked for.
   * @param range of `sweepAt`, as a condition on `:bound`; undefined: all
   */
  async function queryIndex(shard: string, limit: number, range?: { is: "<=" | ">"; bound: string }) {
    const keys: z.infer<typeof indexedKey>[] = [];
    const query = {
      TableName: table,
      IndexName: "sweep",
      KeyConditionExpression: `sweepShard = :shard${range ? ` AND sweepAt ${range.is} :bound` : ""}`,
      ExpressionAttributeValues: { ":shard": shard, ":bound": range?.bound },
    };
    for await (const { Items = [] } of paginateQuery({ client: db, pageSize: limit }, query)) {
      keys.push(...Items.map((item) => indexedKey.parse(item)));
      if (keys.length >= limit) break;
    }
    return keys;
  }

  /** Takes a record out of the sweeper's index, if nothing about it is open. */
  async function closeIfDone(left: Media | undefined): Promise<void> {
    if (!left || isOpen(left)) return;
    const rest = new UpdateExpression();
    // Where a retention is configured, the sweeper visits the record once more.
    if (left.keptUntil !== undefined && left.phase !== "deleted") rest.change({ sweepAt: left.keptUntil });
    else rest.change({ sweepAt: undefined, sweepShard: undefined });
    rest.requireEqual({ version: left.version });
    await write(refOf(left), rest);
  }

  return {
    get,

    async show(ref) {
      const item = await getItem(ref);
      return item && showMediaItem(item);
    },

    async create(media) {
      const put = { TableName: table, Item: newMediaItem(media), ConditionExpression: "attribute_not_exists(pk)" };
      if (!(await ignoreConflict(db.send(new PutCommand(put))))) throw new MediaExistsError(media.id);
    },

    async list(space, { limit, seen: last, oldestFirst = false, wanted = () => true }) {
      const found: Media[] = [];
      let seen = last;
      // One more than asked for tells whether there is a next page.
      for (let [read, size] = [0, limit + 1]; read < LIST_READS; read++, size = Math.min(size * 2, LIST_READ_ITEMS)) {
        const { Items = [], LastEvaluatedKey } = await db.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues: { ":pk": partitionKey(space), ":sk": mediaKey({ ...space, mediaId: "" }).sk },
            ExclusiveStartKey: seen === undefined ? undefined : mediaKey({ ...space, mediaId: seen }),
            ScanIndexForward: oldestFirst,
            Limit: size,
          }),
        );
        found.push(...Items.map(showMediaItem).filter((media) => media.phase !== "deleted" && wanted(media)));
        const items = found.slice(0, limit);
        if (found.length > limit) return { items, next: items.at(-1)?.id };
        if (!LastEvaluatedKey) return { items };
        seen = refOfKey(primaryKey.parse(LastEvaluatedKey))?.mediaId;
      }
      return { items: found, next: seen };
    },

    async move(ref: MediaRef, name: MoveName, change: MediaChange, expected: Expected = {}) {
      const plan = planMove(ref.mediaId, name, change, clock.now());
      // The SDK repeats a write whose answer was lost, and its condition then fails because of our own write: the token tells.
      const writer = randomUUID();
      const shard = plan.line ? LINE_SHARDS[plan.line] : sweepShard(ref.mediaId);
      const update = new UpdateExpression();
      update.change({ ...plan.change, phase: plan.to ?? KEEP, sweepShard: shard, writer });
      if (plan.event) update.set(["outbox", plan.event.id], plan.event.entry);
      update.increment("version");
      update.requireOneOf("phase", plan.from);
      update.requireEqual(expected);

      const written = await write(ref, update);
      if (written) return { media: written, moved: true };
      const item = await getItem(ref);
      if (!item) throw new MediaNotFoundError();
      const media = readMediaItem(item);
      if (item["writer"] === writer) return { media, moved: true };
      if (plan.to !== undefined && media.phase === plan.to) return { media, moved: false };
      if (media.phase !== undefined && plan.from.includes(media.phase)) throw new StaleMediaError(ref.mediaId, name);
      throw new IllegalMoveError(ref.mediaId, name, media.phase);
    },

    async adopt(media) {
      const adoption = new UpdateExpression();
      // What it kept inside of its space is now beside it, and goes with the record when that is deleted.
      adoption.change({ ...newMediaItem(media), pk: KEEP, sk: KEEP, media: undefined });
      adoption.requireExists("pk");
      adoption.requireEqual({ phase: undefined });
      if (!(await write(refOf(media), adoption))) throw new StaleMediaError(media.id, "adopt");
    },

    async removeEvents(ref, eventIds) {
      const removal = new UpdateExpression().requireExists("outbox");
      for (const id of eventIds) removal.remove(["outbox", id]);
      await closeIfDone(eventIds.length > 0 ? await write(ref, removal) : await get(ref));
    },

    async forgetReservation(ref, reservation) {
      const removal = new UpdateExpression().remove("reservation").remove("reservedWith");
      removal.require("reservation", "=", reservation);
      await closeIfDone(await write(ref, removal));
    },

    async noteBill(ref, requestId, nanoUsd) {
      const bill = new UpdateExpression().change({ billedNanoUsd: nanoUsd, updatedAt: instant(clock.now()) });
      await write(ref, bill.increment("version").require("requestId", "=", requestId));
    },

    async find(mediaId) {
      const { sk } = mediaKey({ tenantId: "", spaceId: "", mediaId });
      const [found] = await readThrough({ FilterExpression: "sk = :sk", ExpressionAttributeValues: { ":sk": sk } });
      return found;
    },

    allOpen: () => readThrough({ FilterExpression: "attribute_exists(sweepAt)" }),

    async due(before, limit) {
      const all = [...SWEEP_SHARDS, LINE_SHARDS.parked];
      const shards = await Promise.all(all.map((shard) => queryIndex(shard, limit, { is: "<=", bound: before })));
      return shards
        .flat()
        .sort((a, b) => (a.sweepAt < b.sweepAt ? -1 : 1))
        .slice(0, limit)
        .flatMap((key) => refOfKey(key) ?? []);
    },

    async parked(limit) {
      const keys = await queryIndex(LINE_SHARDS.parked, limit);
      return keys.slice(0, limit).flatMap((key) => {
        const ref = refOfKey(key);
        return ref ? [{ ...ref, heldUntil: key.sweepAt }] : [];
      });
    },

    async waiting(limit, from) {
      // Behind every id of that tenant.
      const range = from && ({ is: ">", bound: `${encodeURIComponent(from.afterTenant)}#~` } as const);
      const keys = await queryIndex(LINE_SHARDS.waiting, limit, range);
      return keys.slice(0, limit).flatMap((key) => refOfKey(key) ?? []);
    },

    async putIdempotencyKey(tenantId, key, start, { inPlaceOfAny = false } = {}) {
      const Key = { pk: `TENANT#${encodeURIComponent(tenantId)}#KEY#enhance`, sk: `KEY#${key}` };
      // TTL deletes late (AWS: "within a few days"), so an expired key is free already.
      const isFree = {
        ConditionExpression: "attribute_not_exists(pk) OR expiresAt < :now",
        ExpressionAttributeValues: { ":now": Math.floor(clock.now() / 1000) },
      };
      const putOrRead = async () => {
        const put = {
          TableName: table,
          Item: { ...Key, ...start },
          ...(inPlaceOfAny ? {} : isFree),
        };
        if (await ignoreConflict(db.send(new PutCommand(put)))) return start;
        const { Item } = await db.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
        return Item && readKeptStart(Item);
      };
      // The TTL may take a key away between the two calls: it is free then.
      const kept = (await putOrRead()) ?? (await putOrRead());
      if (!kept) throw new StaleMediaError(start.media.id, "start");
      return kept;
    },
  };
}

const primaryKey = z.object({ pk: z.string(), sk: z.string() });
const indexedKey = z.extend(primaryKey, { sweepAt: z.string() });

const keptStart = z.object({
  fingerprint: z.string(),
  expiresAt: z.number(),
  media: z.looseObject({ tenantId: z.string(), spaceId: z.string(), id: z.string() }),
});

function readKeptStart(item: Record<string, unknown>): IdempotentStart {
  const { fingerprint, expiresAt, media } = keptStart.parse(item);
  const key = mediaKey({ tenantId: media.tenantId, spaceId: media.spaceId, mediaId: media.id });
  return { fingerprint, expiresAt, media: readMediaItem({ ...media, ...key }) };
}
