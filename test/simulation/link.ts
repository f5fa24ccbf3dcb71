// Between the stand-ins inside the product's modules and the world around them.
import type { World } from "./world.ts";

interface Link {
  /** The world that runs just now. A process runs one at a time. */
  world?: World;
  /** The life of the machine's memory: another object after a crash or a deploy. */
  life: object;
}

export const link: Link = { life: {} };

/** @throws Error when the product works outside of a run */
export function theWorld(): World {
  if (!link.world) throw new Error("no world is running");
  return link.world;
}
