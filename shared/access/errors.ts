// The errors of managing keys.
import { DomainError } from "../kling/errors.ts";

/** No such key of this tenant (another tenant's key reads the same). */
export class KeyNotFoundError extends DomainError {
  override readonly name = "KeyNotFoundError";
  readonly code = "key_not_found";
  constructor() {
    super("There is no such key. GET /api/keys lists the keys of your tenant.");
  }
}

/** A tenant has as many keys as one answer lists. */
export class TooManyKeysError extends DomainError {
  override readonly name = "TooManyKeysError";
  readonly code = "too_many_keys";
  constructor(most: number) {
    super(`This tenant has ${most} keys, the maximum. Revoke one that is not used any more.`);
  }
}
