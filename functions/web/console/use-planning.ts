// What a generation costs and how long it takes here, for the price tags and the estimates.
import { useEffect, useMemo, useState } from "preact/hooks";
import { getPricing, getTimings } from "../../../shared/client/calls.ts";
import type { Pricing, Timings } from "../../../shared/client/contract.ts";
import type { Connection } from "../../../shared/client/request.ts";

export interface Planning {
  /** US dollars; undefined until the list is there. */
  price: (mode: string, duration: string) => number | undefined;
  /** Undefined until five of the kind have finished here. */
  timing: (mode: string | undefined, duration: string) => Timings["timings"][number] | undefined;
}

/** @param epoch asks anew when it changes */
export function usePlanning(connection: Connection, epoch: number): Planning {
  const [prices, setPrices] = useState<Pricing["prices"]>([]);
  const [timings, setTimings] = useState<Timings["timings"]>([]);
  useEffect(() => {
    getPricing(connection).then(
      (pricing) => setPrices(pricing.prices),
      // Without a price list the button says no price; the start itself tells what is wrong.
      () => setPrices([]),
    );
  }, [connection]);
  useEffect(() => {
    getTimings(connection).then(
      (known) => setTimings(known.timings),
      // No estimate is better than an old one.
      () => setTimings([]),
    );
  }, [connection, epoch]);
  return useMemo(
    () => ({
      price: (mode, duration) => prices.find((it) => it.mode === mode && it.duration === duration)?.usd,
      timing: (mode, duration) => timings.find((it) => it.mode === mode && it.duration === duration),
    }),
    [prices, timings],
  );
}
