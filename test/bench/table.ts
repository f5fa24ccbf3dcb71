// What a bench says: rows of numbers with what they are held against, as a table for people and as JSON for programs.
import { cpus } from "node:os";

/** One number, and what stands beside it in the same run. */
export interface Row {
  part: string;
  what: string;
  value: number;
  /** As it is printed: `ms`, `calls`, `requests/s`. */
  unit: string;
  /** The peer or the floor, in the same unit. */
  beside?: { what: string; value: number };
  /** `value` over the value beside it: what holds on another machine. */
  ratio?: number;
  /** In words, with its number: `at most 0.2 of the AI SDK's`. */
  goal?: string;
  met?: boolean;
}

/** Where it was measured. */
export interface Machine {
  cpu: string;
  cores: number;
  node: string;
}

export interface Report {
  machine: Machine;
  measuredAt: string;
  quick: boolean;
  rows: Row[];
}

export function thisMachine(): Machine {
  const cores = cpus();
  return { cpu: cores[0]?.model.trim() ?? "unknown", cores: cores.length, node: process.version };
}

const HEADINGS = ["part", "what", "value", "beside", "ratio", "goal", "met"];
/** The columns of numbers, set to the right. */
const NUMBERS = [2, 4];

/** The rows under their headings, and one line that says where they were measured. */
export function inWords({ machine, quick, rows }: Report): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const printed = lines.map((line) =>
    line
      .map((cell, column) =>
        NUMBERS.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const [headings = "", ...rest] = printed;
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}${quick ? ", --quick" : ""}`;
  return [headings, rule, ...rest, "", where].join("\n");
}

function cells({ part, what, value, unit, beside, ratio, goal, met }: Row): string[] {
  return [
    part,
    what,
    `${figure(value)} ${unit}`.trim(),
    beside ? `${figure(beside.value)} ${beside.what}` : "",
    ratio === undefined ? "" : figure(ratio),
    goal ?? "",
    met === undefined ? "" : met ? "yes" : "NO",
  ];
}

/** Three digits that mean something. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** The goals that were missed. */
export function missed(rows: readonly Row[]): Row[] {
  return rows.filter(({ met }) => met === false);
}

/** The nearest-rank quantile, `q` from 0 to 1. @throws RangeError when there is nothing to rank */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("nothing was measured");
  return found;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
