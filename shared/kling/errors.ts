// The errors of asking for what Kling, or this deployment, does not have; and what every error of the domain is.

/** An error whose message is written for the person who must act and may be shown to a caller. */
export abstract class DomainError extends Error {
  abstract readonly code: string;
}

/** A mode that the table of modes does not have. */
export class UnknownModeError extends DomainError {
  override readonly name = "UnknownModeError";
  readonly code = "unknown_mode";
  readonly known: string[];
  constructor(mode: string, known: string[]) {
    super(`Unknown generation mode "${mode}". Known modes: ${known.join(", ")}.`);
    this.known = known;
  }
}

/** What is wrong with one field of a request. */
export interface RequestFault {
  path: string;
  message: string;
}

/** The caller asked for what no model offered here can do. */
export class NotOfferedError extends DomainError {
  override readonly name = "NotOfferedError";
  readonly code = "invalid_request";
  readonly details: RequestFault[];
  constructor(faults: RequestFault[]) {
    super(`This is not possible: ${faults.map(({ path, message }) => `${path} ${message}`).join("; ")}.`);
    this.details = faults;
  }
}
