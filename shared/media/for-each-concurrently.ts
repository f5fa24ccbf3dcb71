// A long list, worked through ten at a time for as long as there is time.

/** Two calls to fal for each, of 10 s when fal hangs: 20 of them still fit into a run of the sweeper. */
const AT_ONCE = 10;

/**
 * Begins no further item once time is over.
 * @returns the errors that `work` threw: an error of one item does not stop the others
 */
export async function forEachConcurrently<T>(
  items: readonly T[],
  isOver: () => boolean,
  work: (item: T) => Promise<void>,
): Promise<unknown[]> {
  const faults: unknown[] = [];
  const left = items.values();
  const workOn = async () => {
    for (const item of left) {
      if (isOver()) return;
      await work(item).catch((error: unknown) => void faults.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, workOn));
  return faults;
}
