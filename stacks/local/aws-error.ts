// An error as an AWS service answers it, so that the SDK's own error classes come out at the other end.

export class AwsError extends Error {
  override readonly name = "AwsError";
  /** What the SDK names the error: `ExecutionAlreadyExists`. */
  readonly code: string;
  readonly statusCode: number;

  constructor(code: string, message: string, statusCode = 400) {
    super(message);
    this.code = code;
    this.statusCode = statusCode;
  }
}
