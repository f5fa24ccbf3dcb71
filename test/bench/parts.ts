// The parts of the bench: each is a module beside this one that exports `measure`.
import type { Row } from "./table.ts";

/** In the order in which they run. */
export const PARTS = ["detection-delay", "start-path", "cold-start", "warm-overhead", "cost", "scale"];

export type Measure = (options: { quick: boolean }) => Promise<Row[]>;

export async function measureOf(part: string): Promise<Measure> {
  const module = (await import(new URL(`./${part}.ts`, import.meta.url).href)) as { measure: Measure };
  return module.measure;
}
