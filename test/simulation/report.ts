// What a search has come to: how much was tried, how often each fault struck, and each invariant was held against something.
import { FAULTS } from "./faults.ts";
import { INVARIANT_IDS, type InvariantId } from "./invariants.ts";
import type { Run } from "./world.ts";

export interface Failure {
  message: string;
  invariant: InvariantId;
  trace: string[];
  command: string;
}

export interface Report {
  runs: number;
  seconds: number;
  virtualSeconds: number;
  struck: Record<string, number>;
  /** `fault @ function/call`: which fault struck where. */
  places: string[];
  /** Stories told. */
  stories: Record<string, number>;
  /** Records begun, by story: one without any tells nothing. */
  starts: Record<string, number>;
  checks: Partial<Record<InvariantId, number>>;
  ends: Record<string, number>;
  refusals: Record<string, number>;
  failures: Failure[];
}

export function emptyReport(): Report {
  return {
    runs: 0,
    seconds: 0,
    virtualSeconds: 0,
    struck: {},
    places: [],
    stories: {},
    starts: {},
    checks: {},
    ends: {},
    refusals: {},
    failures: [],
  };
}

/** Adds one run. */
export function count(report: Report, run: Run): void {
  report.runs++;
  report.virtualSeconds += run.virtualSeconds;
  add(report.stories, run.plan.story, 1);
  add(report.starts, run.plan.story, run.ends.length);
  for (const { fault, at } of run.struck) {
    add(report.struck, fault, 1);
    const place = `${fault} @ ${at.replace(/#\d+$/, "")}`;
    if (!report.places.includes(place)) report.places.push(place);
  }
  for (const end of run.ends) add(report.ends, end, 1);
  for (const code of run.refusals) add(report.refusals, code, 1);
  for (const id of INVARIANT_IDS) add(report.checks, id, run.checks[id] ?? 0);
}

/** Adds what another process has found. */
export function merge(report: Report, other: Report): void {
  report.runs += other.runs;
  report.virtualSeconds += other.virtualSeconds;
  report.seconds = Math.max(report.seconds, other.seconds);
  for (const [fault, times] of Object.entries(other.struck)) add(report.struck, fault, times);
  for (const [end, times] of Object.entries(other.ends)) add(report.ends, end, times);
  for (const [code, times] of Object.entries(other.refusals)) add(report.refusals, code, times);
  for (const [story, times] of Object.entries(other.stories)) add(report.stories, story, times);
  for (const [story, times] of Object.entries(other.starts)) add(report.starts, story, times);
  for (const id of INVARIANT_IDS) add(report.checks, id, other.checks[id] ?? 0);
  report.places = [...new Set([...report.places, ...other.places])];
  report.failures.push(...other.failures);
}

/** For the person at the terminal. */
export function inWords(report: Report): string {
  const { runs, seconds, virtualSeconds, struck, checks, ends, refusals, failures } = report;
  const table = (rows: [string, number | undefined][]) =>
    rows.map(([name, times = 0]) => `${String(times).padStart(9)}  ${name}`).join("\n");
  const faults = [...new Set(FAULTS.map(({ name }) => name))];
  const broken = failures.map(({ message, trace, command }) => `${message}\n\n${trace.join("\n")}\n\n  ${command}`);
  return [
    `${runs} runs in ${seconds.toFixed(1)} s (${Math.round((60 * runs) / seconds)} a minute), ${(virtualSeconds / 3600).toFixed(0)} hours of virtual time`,
    `\nFaults, by how often they struck:\n${table(faults.map((name) => [name, struck[name]]))}`,
    `\nInvariants, by how often they were held against something:\n${table(INVARIANT_IDS.map((id) => [id, checks[id]]))}`,
    `\nGenerations, by how they ended:\n${table(Object.entries(ends))}`,
    `\nStarts that were refused:\n${table(Object.entries(refusals))}`,
    failures.length === 0 ? "\nNo invariant was broken." : `\n${broken.join("\n\n")}`,
  ].join("\n");
}

function add(counts: Record<string, number | undefined>, name: string, times: number): void {
  counts[name] = (counts[name] ?? 0) + times;
}
