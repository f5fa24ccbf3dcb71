// The ways in which a generation ends badly by our own decision, each in words for the person who waits for it.
import { IMAGE_FAULTS } from "../media/errors.ts";
import type { Media } from "../media/media.ts";

const FAILURES = {
  timed_out: "The generation was not finished in time and was stopped. Start it again.",
  submit_outcome_unknown:
    "We could not find out whether fal.ai took the job, so we did not send it again. You are not charged; a new try is safe.",
  delivery_failed: "The video was made, but could not be stored. It is not lost: an operator can deliver it.",
  image_unreachable: IMAGE_FAULTS.image_unreachable,
  not_submitted: "The generation could not be prepared. Nothing was sent to fal.ai; a new try is safe.",
} as const;
export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = Object.keys(FAILURES).filter((code): code is FailureCode => code in FAILURES);

/** The error as it is recorded and shown. */
export function failure(code: FailureCode): { code: FailureCode; message: string } {
  return { code, message: FAILURES[code] };
}

/** The code for a workflow step that failed with this error name before anything was submitted. */
export function failureOfStep(errorName: string): FailureCode {
  return errorName === "SourceImageUnavailableError" ? "image_unreachable" : "not_submitted";
}

const REASON_MAX_CHARACTERS = 500;
/** fal's codes are words: `content_policy_violation`. */
const CODE_MAX_CHARACTERS = 100;

/** So much of somebody's words is a quotation, though the rest of it be cut off. */
const QUOTED_CHARACTERS = 20;

/** fal's reason, as it may stand in a record and go on the bus: without addresses, and without quoting what people wrote. */
export function reasonOfProvider(
  { context, prompt, negativePrompt }: Pick<Media, "context" | "prompt" | "negativePrompt">,
  { code, message }: { code: string; message: string },
): { code: string; message: string } {
  const ours = [prompt, context, negativePrompt].filter((words) => words !== undefined && words !== "");
  const left = ours.reduce<string>((text, words) => (words ? withoutWords(text, words) : text), message);
  const withoutAddresses = left.replace(/\b(https?:|data:)[^\s"'<>]+/gi, "...");
  return { code: cut(code, CODE_MAX_CHARACTERS), message: cut(withoutAddresses, REASON_MAX_CHARACTERS) };
}

/** Takes words out of a text as they are and as JSON has them; where their beginning is left, all that follows goes. */
function withoutWords(text: string, words: string): string {
  const inJson = JSON.stringify(words).slice(1, -1);
  const inAscii = inJson.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [words, inJson, inAscii];
  const left = forms.reduce((rest, form) => rest.replaceAll(form, "..."), text);
  const begun = forms
    .filter(({ length }) => length > QUOTED_CHARACTERS)
    .map((form) => form.slice(0, QUOTED_CHARACTERS));
  const places = begun.map((beginning) => left.indexOf(beginning)).filter((at) => at >= 0);
  return places.length === 0 ? left : `${left.slice(0, Math.min(...places))}...`;
}

/** The beginning of a text, without half a surrogate pair at its end. */
export function cut(text: string, maxCharacters: number): string {
  return text.slice(0, maxCharacters).toWellFormed();
}
