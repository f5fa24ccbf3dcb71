// Made on first use and kept for the life of the machine that the world runs, not of the process.
import { link } from "../link.ts";

export function lazy<T>(make: () => T): () => T {
  let made: { thing: T; life: object } | undefined;
  return () => {
    if (made?.life !== link.life) made = { thing: make(), life: link.life };
    return made.thing;
  };
}
