// What the console says: phases, times, prices and errors in plain words.
import type { Budget, ImageRatioMax, IMedia } from "../../../shared/client/contract.ts";

export type Mode = NonNullable<IMedia["generationMode"]>;
export type Duration = string;

/** A mode for people. */
export function modeWords(mode: Mode): { name: string; says: string } {
  return MODE_WORDS[mode];
}
const MODE_WORDS: Record<Mode, { name: string; says: string }> = {
  standard: { name: "Standard", says: "cheaper, usually 720p" },
  pro: { name: "Pro", says: "finer and sharper, usually 1080p" },
  master: { name: "Master", says: "1080p, the best of its model, at the highest price" },
};

export const FORMATS = ["as it is", "16:9", "9:16", "1:1"] as const;
export type Format = (typeof FORMATS)[number];

/** Width divided by height; undefined where the picture keeps its own. */
export function ratioOf(format: Format): number | undefined {
  const [width, height] = format.split(":").map(Number);
  return width && height ? width / height : undefined;
}

/** As the server judges it: another number would not compile. */
const RATIO_MAX: ImageRatioMax = 2.5;

interface Size {
  width: number;
  height: number;
}

/** Why a picture of this size cannot stay as it is, if so. */
export function ratioFault({ width, height }: Size): string | undefined {
  return Math.max(width, height) / Math.min(width, height) > RATIO_MAX
    ? "This picture is too long or too tall to stay as it is. Choose a format to have it cut."
    : undefined;
}

/** The format that cuts the least off. */
export function nearestFormat({ width, height }: Size): Format {
  const distance = (format: Format) => Math.abs(Math.log(width / height / (ratioOf(format) ?? 1)));
  return FORMATS.slice(1).reduce((best, format) => (distance(format) < distance(best) ? format : best), "16:9");
}

export function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** What something costs, or would cost: in test mode nothing is billed, and each price says so. */
export function priceTag(usd: number, testMode: boolean): string {
  return testMode ? `${dollars(usd)}, not billed` : dollars(usd);
}

/** One line on what is left; undefined where nothing is limited by money. */
export function budgetLine({ startsStopped, month }: Budget): string | undefined {
  if (startsStopped) return "New videos are stopped for now by the operator of this service.";
  if (!month) return undefined;
  const day = DAY.format(new Date(month.renewsAt));
  return `${dollars(month.leftUsd)} of ${dollars(month.capUsd)} left, renews on ${day}.`;
}

/** `1 min 5 s`, `48 s`, `1 h 2 min` */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export function moment(iso: string): string {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? `Today, ${CLOCK.format(at)}` : `${DAY.format(at)}, ${CLOCK.format(at)}`;
}

const SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** To the second, without the day. */
export function clockTime(iso: string): string {
  return SECONDS.format(new Date(iso));
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB`;
}

/** `kling-2.1` -> `Kling 2.1` */
export function modelWords(model: string): string {
  return model.replaceAll("-", " ").replace(/(^| )[a-z]/g, (letter) => letter.toUpperCase());
}

/** Where a generation stands, as a person would say it. */
export function statusOf(media: IMedia): string {
  if (media.cancelRequestedAt !== undefined && media.generationStatus === "generating-video") return "Asked to stop";
  switch (media.phase) {
    case "queued":
      return media.hold ? "Waiting until fal.ai takes videos again" : "Waiting to be sent";
    case "submitting":
      return "Being sent to fal.ai";
    case "generating":
      if (media.queuePosition === undefined) return "Being made";
      return media.queuePosition === 0
        ? "Next in line at fal.ai"
        : `${ordinal(media.queuePosition + 1)} in line at fal.ai`;
    case "finalizing":
      return "Being stored";
    case "completed":
      return "Ready";
    case "failed":
      return "Failed";
    case "canceled":
      return "Canceled";
    case undefined:
      return { "generating-video": "Being made", completed: "Ready", failed: "Failed", canceled: "Canceled" }[
        media.generationStatus
      ];
  }
}

function ordinal(n: number): string {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

/** The four steps of a generation, for a row of dots. */
export const STEPS = ["Waiting", "Sending", "At fal.ai", "Storing"] as const;

/** How many of the steps are behind a generation. */
export function stepOf({ phase }: IMedia): number {
  switch (phase) {
    case "queued":
      return 0;
    case "submitting":
      return 1;
    case "generating":
      return 2;
    case "finalizing":
      return 3;
    case "completed":
      return 4;
    case "failed":
    case "canceled":
    case undefined:
      return 0;
  }
}
