// Bugs planted into the product one at a time, each listed with the one invariant that must catch it.
import type { InvariantId } from "./invariants.ts";
import type { Patch } from "./seams.ts";

export interface PlantedBug extends Patch {
  name: string;
  caughtBy: InvariantId;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [];
