// What a generation costs, how long it takes here and what is left to spend, for the price tags and the estimates.
import { useEffect, useMemo, useState } from "preact/hooks";
import { getBudget, getModels, getPricing, getTimings } from "../../../shared/client/calls.ts";
import type { Budget, Models, Pricing, Timings } from "../../../shared/client/contract.ts";
import type { Connection } from "../../../shared/client/request.ts";

/** What a price or a timing is of. */
export interface Kind {
  model: string;
  mode: string | undefined;
  duration: string;
}

export interface Planning {
  /** Undefined until they are known. */
  models: Models | undefined;
  /** US dollars; undefined until the list is there. */
  price: (kind: Kind & { audio: boolean }) => number | undefined;
  /** Undefined until five of the kind have finished here. */
  timing: (kind: Kind) => Timings["timings"][number] | undefined;
  /** Nothing is billed here, and every video is a placeholder film. */
  testMode: boolean;
  /** Undefined until it is known. */
  budget: Budget | undefined;
}

/** As `shared/edge/web.ts` puts it into the page: no price is ever seen without it. */
const TEST_MODE = document.querySelector<HTMLMetaElement>('meta[name="test-mode"]')?.content === "true";

/** @param space how many are there, are running and are ready: what depends on one of them is asked for anew when it changes */
export function usePlanning(
  connection: Connection,
  { all, running, ready }: { all: number; running: number; ready: number },
): Planning {
  const [models, setModels] = useState<Models>();
  const [prices, setPrices] = useState<Pricing["prices"]>([]);
  const [timings, setTimings] = useState<Timings["timings"]>([]);
  const [budget, setBudget] = useState<Budget>();
  useEffect(() => {
    getModels(connection).then(
      setModels,
      // Without them the server's own default is asked for.
      () => setModels(undefined),
    );
  }, [connection]);
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
  }, [connection, ready]);
  useEffect(() => {
    getBudget(connection).then(
      setBudget,
      // A refused start says what is left.
      () => setBudget(undefined),
    );
  }, [connection, all, running]);
  return useMemo(
    () => ({
      models,
      price: (kind) => {
        const rows = prices.filter((it) => isOf(it, kind));
        // Another mode of the model may leave no choice of sound.
        return (rows.find(({ audio }) => audio === kind.audio) ?? rows[0])?.usd;
      },
      timing: (kind) => timings.find((it) => isOf(it, kind)),
      testMode: TEST_MODE,
      budget,
    }),
    [models, prices, timings, budget],
  );
}

function isOf(row: Kind, { model, mode, duration }: Kind): boolean {
  return row.model === model && row.mode === mode && row.duration === duration;
}
