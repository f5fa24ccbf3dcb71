// What every store of fal's places must do, whatever it runs on.
import { beforeEach, expect, it } from "vitest";
import { createDynamoPlaces } from "../../shared/adapters/dynamo-places.ts";
import type { Places } from "../../shared/media/ports.ts";

const HOLDER = { tenantId: "acme#SPACE#x", spaceId: "holiday", at: "2026-01-01T00:00:00.000Z" };

export function placesContract(open: () => Promise<Omit<Parameters<typeof createDynamoPlaces>[0], "limit">>): void {
  let places: Places;
  beforeEach(async () => {
    places = createDynamoPlaces({ ...(await open()), limit: 40 });
  });

  it("has none taken where nothing was ever written, and says how many there are", async () => {
    expect(await places.read()).toEqual({ version: 0, by: {} });
    expect(places.limit).toBe(40);
  });

  it("gives back who has one, and whose turn was the last", async () => {
    await places.write({ version: 0, by: {} }, { by: { m1: HOLDER }, turn: HOLDER.tenantId });
    expect(await places.read()).toEqual({ version: 1, by: { m1: HOLDER }, turn: HOLDER.tenantId });
    await places.write(await places.read(), { by: {} });
    expect(await places.read()).toEqual({ version: 2, by: {} });
  });

  it("refuses a write where another has come between", async () => {
    const seen = await places.read();
    expect(await places.write(seen, { by: { m1: HOLDER } })).toBe(true);
    expect(await places.write(seen, { by: { m2: HOLDER } })).toBe(false);
    expect(Object.keys((await places.read()).by)).toEqual(["m1"]);
  });

  it("takes one write of any number that have seen the same", async () => {
    await places.write(await places.read(), { by: {} });
    const seen = await places.read();
    const tries = Array.from({ length: 20 }, (_, n) => places.write(seen, { by: { [`m${n}`]: HOLDER } }));
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    expect(Object.keys((await places.read()).by)).toHaveLength(1);
  });
}
