// A reason why the local machine cannot start, in one sentence for the person at the terminal.

/** Its message is all that person gets to see: no stack, no code. */
export class StartError extends Error {
  override readonly name = "StartError";
}
