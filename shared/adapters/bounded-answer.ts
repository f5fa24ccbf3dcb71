// The answer of a service that we call: read whole, and never more of it than its reader can hold.

/** fal and WorkflowAI answer in some KB; an error of fal's may quote the request, with two pictures of 5.4 MB in it. */
export const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/**
 * The body as text. Whatever ends the connection, the time limit among it, is thrown on.
 * @throws Error when it is longer
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

/** The same answer with its body in memory, for a client of others that reads as much as it is given. */
export async function boundedAnswer(response: Response, maxBytes?: number): Promise<Response> {
  const text = await boundedText(response, maxBytes);
  const { status, statusText, headers } = response;
  return new Response(text === "" ? null : text, { status, statusText, headers });
}
