// Why a generation ended badly, as it may be told: what fal or a step has said, without addresses and people's words.
import { ACCESS_DENIED, ACCOUNT_LOCKED, KEY_REFUSED, NOT_TAKEN, PAYMENT_REQUIRED } from "../kling/fal-answers.ts";
import type { FailureCode } from "../media/failures.ts";
import type { Media } from "../media/media.ts";

/** What the last try of a step has said, where that is for people. @param cause as Step Functions hands it over: JSON text */
export function reasonOfStep(errorName: string, cause: string | undefined): string | undefined {
  if (errorName !== "SourceImageUnavailableError") return undefined;
  const said = /"errorMessage":("(?:[^"\\]|\\.)*")/.exec(cause ?? "")?.[1];
  const message: unknown = said === undefined ? undefined : JSON.parse(said);
  return typeof message === "string" && message !== "" ? cut(message, REASON_MAX_CHARACTERS) : undefined;
}

/** The code for a workflow step that failed with this error name before anything was submitted. */
export function failureOfStep(errorName: string): FailureCode {
  return errorName === "SourceImageUnavailableError" ? "image_unreachable" : "not_submitted";
}

const NOTHING_WAS_MADE =
  "Nothing is wrong with your request, nothing was made and nothing is charged. Tell the operator of this service, and try again later.";
/** What lies with this deployment and not with the request: the operator reads fal's words in the log. */
const PROVIDER_FAULTS: Record<string, string> = {
  [ACCOUNT_LOCKED]: `This service's account at fal.ai cannot start videos just now. ${NOTHING_WAS_MADE}`,
  [PAYMENT_REQUIRED]: `This service's account at fal.ai cannot start videos just now. ${NOTHING_WAS_MADE}`,
  [KEY_REFUSED]: `fal.ai does not know this service: its key is not accepted. ${NOTHING_WAS_MADE}`,
  [ACCESS_DENIED]: `fal.ai does not let this service use this model. ${NOTHING_WAS_MADE}`,
  [NOT_TAKEN]: `fal.ai does not take jobs from this service as it sends them. ${NOTHING_WAS_MADE}`,
};

const REASON_MAX_CHARACTERS = 500;
/** fal's codes are words: `content_policy_violation`. */
const CODE_MAX_CHARACTERS = 100;

/** This much of a user's words is a quotation wherever it stands; less of it may be fal's own sentence. */
const QUOTED_CHARACTERS = 20;
/** Opening and closing; the last is a quotation mark inside of JSON. */
const QUOTES = [`""`, `''`, "``", "“”", "‘’", "„“", "«»", `"\\`];

type Words = Pick<Media, "context" | "prompt" | "negativePrompt">;

/**
 * fal's reason, as it may stand in a record and go on the bus: without addresses, and without quoting what people wrote.
 * What lies with the deployment is said in our words: its caller can neither top up an account nor change a key.
 */
export function reasonOfProvider(
  media: Words,
  { code, message }: { code: string; message: string },
): { code: string; message: string } {
  return { code: cut(code, CODE_MAX_CHARACTERS), message: PROVIDER_FAULTS[code] ?? scrubbed(media, message) };
}

/** fal's words without addresses and without people's words: as they may be written down. */
export function scrubbed({ context, prompt, negativePrompt }: Words, message: string): string {
  const ours = [prompt, context, negativePrompt].flatMap((words) => words?.trim() || []);
  const left = ours.reduce(withoutWords, message);
  return cut(left.replace(/\b(https?:|data:)[^\s"'<>]+/gi, "..."), REASON_MAX_CHARACTERS);
}

/**
 * Takes words out of a text as they are and as JSON has them; where their beginning is left, all that follows goes.
 * Short ones only where they stand in quotation marks: a negative prompt of one letter is in most of fal's sentences.
 */
function withoutWords(text: string, words: string): string {
  const inJson = JSON.stringify(words).slice(1, -1);
  const inAscii = inJson.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const forms = [words, inJson, inAscii];
  const left = forms.reduce((rest, form) => {
    if (form.length > QUOTED_CHARACTERS) return rest.replaceAll(form, "...");
    return QUOTES.reduce(
      (quoting, [open = "", close = ""]) => quoting.replaceAll(`${open}${form}${close}`, `${open}...${close}`),
      rest,
    );
  }, text);
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
