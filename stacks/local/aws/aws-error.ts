// An error as an AWS service answers it, so that the SDK's own error classes come out at the other end.
import * as z from "zod";

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

/** A request's input. @throws AwsError with `code`, saying what is wrong with it */
export function parseInput<T>(schema: z.ZodType<T>, request: unknown, code = "ValidationException"): T {
  const parsed = schema.safeParse(request);
  if (!parsed.success) throw new AwsError(code, z.prettifyError(parsed.error));
  return parsed.data;
}
