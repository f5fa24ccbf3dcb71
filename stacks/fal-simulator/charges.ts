// The entries of the bill: one for each job that cost something, as far as no fault has other plans, and what the control API adds.
import * as z from "zod";
import type { Charge } from "./bill.ts";
import { FaultOrderError, type Faults, type Strike } from "./faults.ts";
import type { Job } from "./jobs.ts";

/** An entry that the control API orders; of now where it says no time. */
const chargeOrder = z.strictObject({
  requestId: z.string().min(1),
  endpointId: z.string().min(1),
  at: z.iso.datetime().optional(),
  units: z.number().nonnegative().default(1),
  unitPrice: z.number().nonnegative(),
  percentDiscount: z.number().min(0).max(100).optional(),
});

export function createCharges({ faults }: { faults: Pick<Faults, "takeAll"> }) {
  const charges: Charge[] = [];

  return {
    list: () => [...charges],
    add: (charge: Charge) => void charges.push(charge),

    /** @throws FaultOrderError */
    order(order: unknown, now: number): Charge {
      const { data, error } = chargeOrder.safeParse(order);
      if (!data) throw new FaultOrderError(`This is no entry of a bill: ${z.prettifyError(error)}`);
      const { at, percentDiscount, ...rest } = data;
      const charge = {
        ...rest,
        at: at === undefined ? now : Date.parse(at),
        ...(percentDiscount !== undefined && { percentDiscount }),
      };
      charges.push(charge);
      return charge;
    },

    /** Bills a job that has ended. */
    addJob(job: Job): void {
      const { requestId, endpointId, ending, endedAt: at } = job;
      if (ending === undefined || at === undefined || ending.units === 0) return;
      const charge: Charge = { requestId, endpointId, at, units: ending.units, unitPrice: ending.usd / ending.units };
      const strikes = faults.takeAll("bill", job);
      charges.push(...strikes.reduce(twisted, [charge]));
    },
  };
}

function twisted(billed: Charge[], { name, seconds }: Strike<"bill">): Charge[] {
  switch (name) {
    case "bill-late":
      return billed.map((charge) => ({ ...charge, toldFrom: charge.at + seconds * 1000 }));
    case "bill-missing":
      return [];
    case "bill-twice":
      return billed.flatMap((charge) => [charge, { ...charge, at: charge.at + 1000 }]);
    case "bill-in-parts":
      return billed.flatMap((charge) => [
        { ...charge, units: 1 },
        { ...charge, units: charge.units - 1 },
      ]);
    case "bill-dearer":
      return billed.map((charge) => ({ ...charge, unitPrice: charge.unitPrice * 2 }));
    case "bill-discount":
      return billed.map((charge) => ({ ...charge, percentDiscount: 12.5 }));
  }
}
