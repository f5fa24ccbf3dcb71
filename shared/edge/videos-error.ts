// An error in the shape that clients of OpenAI's API know.
import type { ErrorFormat } from "./http-errors.ts";

const TYPES: Record<number, string> = {
  401: "authentication_error",
  402: "insufficient_quota",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};

/** `{ error: { message, type, param, code } }`: clients show the message, so that it says all that `details` would. */
export const videosError: ErrorFormat = ({ status, code, message, details = [], traceId }) => {
  const faults = details.map(({ path, message: fault }) => `${path} ${fault}`).join("; ");
  const said = status === 400 && details.length > 0 ? `This is not possible: ${faults}.` : message;
  const type = TYPES[status] ?? (status < 500 ? "invalid_request_error" : "server_error");
  // Their clients show this header of a failed request as its id.
  const headers = { "x-request-id": traceId };
  return { body: { error: { message: said, type, param: details[0]?.path ?? null, code } }, headers };
};
