// Reads the whole answer of a service that we call, up to a size limit.

/** fal and WorkflowAI answer in some KB; an error of fal's may quote the request, with two pictures of 5.4 MB in it. */
export const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/**
 * The body as text. An error that ends the connection, the time limit included, is rethrown.
 * @throws Error when the body is longer
 */
export async function boundedText(response: Response, maxBytes = ANSWER_MAX_BYTES): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | [] = response.body ?? [];
  // Leaving the loop hangs up.
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`The answer is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** The same answer with its body in memory, for a third-party client that reads without a limit. */
export async function boundedAnswer(response: Response, maxBytes?: number): Promise<Response> {
  const text = await boundedText(response, maxBytes);
  const { status, statusText, headers } = response;
  return new Response(text === "" ? null : text, { status, statusText, headers });
}
