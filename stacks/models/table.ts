// The catalogue as a table for people: what docs/models.md holds between its two marks.
import { fileURLToPath } from "node:url";
import { soundsOf } from "../../shared/kling/price.ts";
import type { KlingRow } from "../../shared/kling/models.ts";

export const MODELS_DOCUMENT = fileURLToPath(new URL("../../docs/models.md", import.meta.url));

const BEGIN = "<!-- the catalogue: npm run models -- --write -->";
const END = "<!-- end of the catalogue -->";

/** Markdown, with columns as wide as their widest cell, as Prettier writes it. */
export function modelsTable(rows: readonly KlingRow[]): string {
  const head = ["model", "mode", "seconds", "sound", "$ a second", "takes", "fal's endpoint"];
  const cells = [head, ...rows.map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[], fill = " ") =>
    `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0, fill)).join(" | ")} |`;
  return [
    line(head),
    line(
      head.map(() => ""),
      "-",
    ),
    ...cells.slice(1).map((row) => line(row)),
  ].join("\n");
}

/**
 * The document with the table of today.
 * @throws Error when it has lost one of its marks
 */
export function documentWith(document: string, rows: readonly KlingRow[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/models.md has lost its mark ${BEGIN} or ${END}.`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${modelsTable(rows)}\n\n${document.slice(end)}`;
}

function cellsOf(row: KlingRow): string[] {
  const { model, mode, inputFields, durations, audio, endpointId, offered } = row;
  const takes = [
    ["last frame", inputFields.tail_image_url],
    ["negative prompt", inputFields.negative_prompt],
    ["cfg", inputFields.cfg_scale],
    ["shots", inputFields.shots],
  ];
  return [
    `\`${model}\`${offered === false ? " (off)" : ""}`,
    mode,
    secondsOf(durations),
    { none: "none", optional: "on request", always: "always" }[audio],
    soundsOf(row)
      .map((sound) => dollarsOf(row, sound))
      .join(", with sound "),
    takes.flatMap(([what, field]) => (field === undefined ? [] : [what])).join(", ") || "-",
    `\`${endpointId}\``,
  ];
}

function secondsOf(durations: readonly number[]): string {
  const [first = 0, last = 0] = [durations[0], durations.at(-1)];
  return durations.length > 2 && last - first === durations.length - 1 ? `${first} to ${last}` : durations.join(", ");
}

/** Of one second; a price that is not by the second would show here as one that does not add up. */
function dollarsOf({ priceMills, resolution }: KlingRow, audio: boolean): string {
  return String(priceMills({ seconds: 1, audio, resolution }) / 1000);
}
