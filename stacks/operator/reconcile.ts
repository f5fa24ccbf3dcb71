// `npm run reconcile`: fal's bill beside our books, in words, as JSON or as CSV.
import { parseArgs } from "node:util";
import * as z from "zod";
import { reconcileAsked } from "../../shared/contract/reconcile.ts";
import { VERDICTS, type ReportPage, type Verdict } from "../../shared/money/reconcile.ts";
import { allMatched, reportOf, type Report } from "../../shared/money/report.ts";
import { callOperation, runCommand } from "./call.ts";

const OPERATION = "functions/events/reconcile-bills.handler";
/** A page of 1,000 bills, each with a handful of reads and writes. */
const TIMEOUT_MS = 300_000;
const DAY_MS = 24 * 3_600_000;

const USAGE = `npm run reconcile -- [--from <date>] [--to <date>] [--stage <stage>] [--json | --csv]
(dates or ISO times, in UTC; --from belongs to it, --to does not; without them the day before, with --csv its month;
without a stage: the machine of \`npm start\`)
Exit status: 0 all matched, 1 something differs, 2 could not be read.`;

/** A longer list is not readable in a terminal; --json and --csv have all. */
const LISTED_MAX = 50;

const HEADINGS: Record<Verdict, string> = {
  matched: "as expected",
  differing: "at another price than the catalogue's",
  billedTwice: "paid twice",
  billedWithoutRecord: "billed, and nothing of ours knows them",
  deliveredWithoutBill: "delivered more than two days ago and not billed",
  billedForNothing: "billed, and never delivered",
  utilities: "descriptions and frames",
  pending: "still being made, or delivered within two days and not billed yet",
};

const nano = z.number().int().optional();
const text = z.string().optional();
const page: z.ZodType<ReportPage> = z.object({
  billed: z.string().regex(/^-?\d+$/),
  recorded: z.string().regex(/^-?\d+$/),
  entries: z.array(
    z.object({
      verdict: z.enum(VERDICTS),
      requestId: z.string(),
      tenantId: text,
      spaceId: text,
      mediaId: text,
      endpointId: text,
      at: z.string(),
      estimated: nano,
      billed: nano,
      discount: nano,
      events: nano,
      orphan: z.literal(true).optional(),
    }),
  ),
  next: text,
});

runCommand(async () => {
  const { values } = parseArgs({
    options: {
      from: { type: "string" },
      to: { type: "string" },
      stage: { type: "string" },
      json: { type: "boolean", default: false },
      csv: { type: "boolean", default: false },
    },
  });
  const { stage, json, csv } = values;
  if (json && csv) throw new Error(USAGE);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const yesterday = new Date(today - DAY_MS);
  const monthBegan = Date.UTC(yesterday.getUTCFullYear(), yesterday.getUTCMonth());
  const range = {
    from: timeOf("--from", values.from) ?? new Date(csv ? monthBegan : yesterday).toISOString(),
    to: timeOf("--to", values.to) ?? new Date(today).toISOString(),
  };
  const fault = reconcileAsked.safeParse(range).error?.issues[0];
  if (fault) throw new Error(`--${fault.path.join(".")} ${fault.message}.\n${USAGE}`);
  const pages: ReportPage[] = [];
  let cursor: string | undefined;
  do {
    const said = await callOperation(OPERATION, { ...range, cursor }, { stage, timeoutMs: TIMEOUT_MS });
    const read = page.parse(said);
    pages.push(read);
    cursor = read.next;
  } while (cursor !== undefined);

  const report = reportOf(range, pages);
  console.log(json ? JSON.stringify(report, null, 2) : csv ? asCsv(report) : inWords(report));
  process.exitCode = allMatched(report) ? 0 : 1;
}, 2);

/** A date is its midnight, in UTC. */
function timeOf(option: string, said: string | undefined): string | undefined {
  if (said === undefined) return undefined;
  const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(said);
  const at = isIso ? Date.parse(said) : NaN;
  if (Number.isNaN(at)) throw new Error(`${option} must be a date (2026-11-01) or an ISO time, not ${said}.\n${USAGE}`);
  return new Date(at).toISOString();
}

function inWords(report: Report): string {
  const { from, to, sums } = report;
  return [
    `From ${from} to ${to} fal has billed $${sums.billed}: $${sums.recorded} for videos of ours, $${sums.utilities} for their descriptions and frames.`,
    ...VERDICTS.flatMap((verdict) => {
      const listed = report[verdict];
      if (listed.length === 0) return [];
      const isNamed = verdict !== "matched" && verdict !== "utilities";
      return [
        `${String(listed.length).padStart(7)}  ${HEADINGS[verdict]}`,
        ...(isNamed ? listed.slice(0, LISTED_MAX).map(line) : []),
        ...(isNamed && listed.length > LISTED_MAX ? ["         ... (--json or --csv has them all)"] : []),
      ];
    }),
    allMatched(report) ? "Everything matches." : "What to do about each difference: docs/runbook.md, BillingUnmatched.",
  ].join("\n");
}

function line({ requestId, mediaId, tenantId, estimatedUsd, billedUsd, discountUsd, orphan }: Reported): string {
  const facts = [
    requestId,
    ...(mediaId === undefined ? [] : [`media ${mediaId} of ${tenantId}`]),
    ...(estimatedUsd === undefined ? [] : [`expected $${estimatedUsd}`]),
    ...(billedUsd === undefined ? [] : [`billed $${billedUsd}`]),
    ...(discountUsd === undefined ? [] : [`after a discount of $${discountUsd}`]),
    ...(orphan ? ["no generation follows it"] : []),
  ];
  return `         ${facts.join(", ")}`;
}

type Reported = Report["matched"][number];

const COLUMNS = [
  "requestId",
  "at",
  "tenantId",
  "spaceId",
  "mediaId",
  "endpointId",
  "estimatedUsd",
  "billedUsd",
  "discountUsd",
] as const satisfies (keyof Reported)[];

/** One request a line (RFC 4180). */
function asCsv(report: Report): string {
  const rows = VERDICTS.flatMap((verdict) =>
    report[verdict].map((it) => [verdict, ...COLUMNS.map((column) => it[column])]),
  );
  return [["status", ...COLUMNS], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

/** A spreadsheet takes a text that begins so for a formula, and a tenant may have any name. */
function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
