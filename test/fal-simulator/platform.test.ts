// The platform API proves presence, never absence: it lists what has ended and what that cost.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { APP, MASTER, openSimulator, STANDARD } from "./support.ts";

const history = z.object({
  items: z.array(z.looseObject({ request_id: z.string(), status_code: z.number(), ended_at: z.string() })),
  next_cursor: z.string().nullable(),
  has_more: z.boolean(),
});
const billing = z.object({
  billing_events: z.array(z.looseObject({ request_id: z.string(), cost_total: z.number().optional() })),
});

const ADMIN = { authorization: "Key admin" };

async function open() {
  const all = await openSimulator();
  const read = async (query: string) => {
    return history.parse(await (await all.call(`/v1/models/requests/by-endpoint?${query}`)).json());
  };
  const bills = async (query = "") => {
    const answer = await all.call(`/v1/models/billing-events?${query}`, { headers: ADMIN });
    return billing.parse(await answer.json()).billing_events;
  };
  return { ...all, read, bills };
}

describe("the request history", () => {
  it("shows a request only once it has ended, with its payloads if asked", async () => {
    const { submit, pass, read } = await open();
    const request_id = await submit({ prompt: "find me", image_url: "http://127.0.0.1:9/sources/1-1.jpg" });
    await pass(1);
    expect((await read(`endpoint_id=${STANDARD}`)).items).toEqual([]);
    await pass(1);
    const [item] = (await read(`endpoint_id=${STANDARD}&expand=payloads`)).items;
    expect(item).toMatchObject({
      request_id,
      endpoint_id: STANDARD,
      sent_at: "2026-01-15T12:00:00.000Z",
      ended_at: "2026-01-15T12:00:02.000Z",
      status_code: 422,
      json_input: { prompt: "find me", image_url: "http://127.0.0.1:9/sources/1-1.jpg" },
      json_output: { detail: [{ type: "file_download_error" }] },
    });
    expect((await read(`endpoint_id=${STANDARD}`)).items[0]).not.toHaveProperty("json_input");
    expect((await read(`endpoint_id=${MASTER}`)).items).toEqual([]);
  });

  it("puts the latest end first, within the times asked for", async () => {
    const { submit, pass, read } = await open();
    const slow = await submit({ prompt: "[fal: slow seconds=10]" });
    const quick = await submit();
    await pass(18);
    const ids = async (query: string) => (await read(query)).items.map(({ request_id }) => request_id);
    expect(await ids("")).toEqual([slow, quick]);
    expect(await ids("start=2026-01-15T12:00:10Z")).toEqual([slow]);
    expect(await ids("end=2026-01-15T12:00:10Z")).toEqual([quick]);
    expect(await ids("end=2026-01-15T12:00:18Z")).toEqual([quick]);
    expect(await ids(`request_id=${quick}`)).toEqual([quick]);
    expect(await ids("status=user_error")).toEqual([]);
  });

  it("comes in pages", async () => {
    const { submit, pass, read } = await open();
    for (let n = 0; n < 3; n += 1) await submit();
    await pass(8);
    const first = await read("limit=2");
    expect([first.items.length, first.has_more]).toEqual([2, true]);
    const second = await read(`limit=2&cursor=${first.next_cursor}`);
    expect([second.items.length, second.has_more, second.next_cursor]).toEqual([1, false, null]);
  });

  it("shows a picture sent as a data URI whole, by which a lost job is found", async () => {
    const { submit, pass, simulator } = await open();
    await submit();
    const [sent] = simulator.jobs().map(({ input }) => input);
    await pass(8);
    expect(simulator.jobs()[0]?.input).toEqual(sent);
  });

  it("forgets the pictures of all but the newest 200 ended jobs", async () => {
    const { submit, pass, simulator } = await open();
    for (let n = 0; n < 203; n++) await submit();
    for (let wave = 0; wave < 6; wave++) await pass(8);
    const pictures = simulator.jobs().map(({ input }) => JSON.stringify(input).length);
    expect(pictures.filter((length) => length < 300)).toHaveLength(3);
  });
});

describe("the bill", () => {
  it("has one record for each request that cost something, and none for a 5xx or a cancel", async () => {
    const { submit, pass, bills, call } = await open();
    const fine = await submit({ duration: "10" }, MASTER);
    const censored = await submit({ prompt: "[fal: fail-content-policy]" });
    await submit({ prompt: "[fal: fail-internal]" });
    await submit({ prompt: undefined });
    const cancelled = await submit();
    await call(`/${APP}/requests/${cancelled}/cancel`, { method: "PUT" });
    await pass(9);
    const costs = (await bills()).map(({ request_id, cost_total }) => [request_id, cost_total]);
    expect(new Map(costs.map(([id, cost]) => [String(id), cost]))).toEqual(
      new Map([
        [fine, 2.8],
        [censored, 0.28],
      ]),
    );
    expect(await bills(`endpoint_id=${MASTER}`)).toMatchObject([
      { request_id: fine, endpoint_id: MASTER, output_units: 10, cost_estimate_nano_usd: 2_800_000_000 },
    ]);
  });

  it("is for keys of scope ADMIN alone", async () => {
    const { call } = await open();
    const answer = await call("/v1/models/billing-events");
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { type: "authorization_error" } }]);
  });

  it.each([
    ["a limit above 10,000", "limit=10001"],
    ["a limit that is no number", "limit=many"],
    ["more than 90 days", "start=2025-01-01&end=2026-01-01"],
    ["a time that is none", "start=yesterday"],
    ["a cursor that it did not give out", "cursor=abc"],
    ["more than 50 ids", `request_id=${Array.from({ length: 51 }, (_, n) => n).join(",")}`],
  ])("refuses %s", async (_what, query) => {
    const { call } = await open();
    const answer = await call(`/v1/models/billing-events?${query}`, { headers: ADMIN });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { type: "validation_error" } }]);
  });

  it("adds up to the nano-dollar: the total is what is left of units times price after the discount", async () => {
    const { simulator, clock, bills } = await open();
    const charge = { endpointId: "fal-ai/flux", at: clock.now() - 1000, units: 3, unitPrice: 0.056 };
    simulator.charge({ ...charge, requestId: "r1", percentDiscount: 12.5 });
    simulator.charge({ ...charge, requestId: "r2", isTerse: true });
    expect(await bills("request_id=r1")).toEqual([
      {
        request_id: "r1",
        endpoint_id: "fal-ai/flux",
        timestamp: "2026-01-15T11:59:59.000Z",
        output_units: 3,
        unit_price: 0.056,
        percent_discount: 12.5,
        cost_subtotal: 0.168,
        cost_discount: 0.021,
        cost_total: 0.147,
        cost_estimate_nano_usd: 147_000_000,
      },
    ]);
    expect(await bills("request_id=r2")).toMatchObject([
      { percent_discount: null, cost_estimate_nano_usd: 168_000_000 },
    ]);
  });

  it("comes in pages, its end excluded", async () => {
    const { simulator, clock, call } = await open();
    const [at, endpointId] = [clock.now() - 5000, "fal-ai/flux"];
    for (let n = 0; n < 5; n++)
      simulator.charge({ requestId: `r${n}`, endpointId, at: at + n * 1000, units: 1, unitPrice: 1 });
    const end = new Date(at + 4000).toISOString();
    const page = async (cursor = "") =>
      billing
        .extend({ next_cursor: z.string().nullable(), has_more: z.boolean() })
        .parse(await (await call(`/v1/models/billing-events?end=${end}&limit=3${cursor}`, { headers: ADMIN })).json());
    const first = await page();
    const second = await page(`&cursor=${first.next_cursor}`);
    const ids = [...first.billing_events, ...second.billing_events].map(({ request_id }) => request_id);
    expect([ids, first.has_more, second.has_more, second.next_cursor]).toEqual([
      ["r3", "r2", "r1", "r0"],
      true,
      false,
      null,
    ]);
  });
});
