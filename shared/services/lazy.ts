// A thing made on first use and kept for the life of the function.

/** Calls `make` once, on the first call. Importing a service thus touches neither settings nor network. */
export function lazy<T>(make: () => T): () => T {
  let made: { thing: T } | undefined;
  return () => (made ??= { thing: make() }).thing;
}
