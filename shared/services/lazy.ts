// A thing made on first use and kept for the life of the function.

/**
 * Calls `make` once, on the first call. Importing a service thus touches neither settings nor network.
 * A `make` that throws, or whose promise is rejected, is called again by the next call: one module that could not be
 * loaded must not break a warm function for the rest of its life.
 */
export function lazy<T>(make: () => T): () => T {
  let made: { thing: T } | undefined;
  return () => {
    if (made) return made.thing;
    const mine = { thing: make() };
    made = mine;
    const forget = () => {
      if (made === mine) made = undefined;
    };
    if (mine.thing instanceof Promise) mine.thing.catch(forget);
    return mine.thing;
  };
}
