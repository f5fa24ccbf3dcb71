// A list of the largest records that there can be, as the answers that a Lambda can give.
import { expect, it } from "vitest";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { listCursor, readListCursor } from "../../shared/adapters/list-cursor.ts";
import { listMedia } from "../../shared/media/list.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { queuedMedia } from "../support/sample-media.ts";

it("a hundred of the largest records come in answers of less than 6 MB, each of them once", async () => {
  const records = createDynamoMediaRecords({ ...(await inMemoryDynamoDb()), clock: new ManualClock() });
  // Each of these characters is seven bytes of the answer: escaped in the body's JSON, and once more in Lambda's.
  const words = "\u0001".repeat(2500);
  const heavy = { context: words, prompt: words, description: [{ start: 0, text: "\u0001".repeat(4000) }] };
  const ids = Array.from({ length: 100 }, (_, n) => `m${String(n).padStart(3, "0")}`);
  await Promise.all(ids.map((id) => records.create(queuedMedia({ id, ...heavy }))));

  const cursors = {
    after: (ref: Parameters<typeof listCursor>[1]) => listCursor("secret", ref),
    mediaAt: (...of: [Parameters<typeof readListCursor>[1], string]) => readListCursor("secret", ...of),
  };
  const files = { link: async (key: string) => `https://store.example/${key}?${"x".repeat(1800)}` };
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listMedia({ records, cursors }, queuedMedia(), { limit: 100, cursor });
    if (!page) throw new Error("the cursor is refused");
    const body = JSON.stringify({ data: await Promise.all(page.items.map((media) => presentMedia(files, media))) });
    expect(Buffer.byteLength(JSON.stringify({ statusCode: 200, body }))).toBeLessThan(6_000_000);
    seen.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(ids.toReversed());
});
