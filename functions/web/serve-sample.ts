// GET /samples/{name}: the placeholder videos of the test mode, under `sst dev`.
import * as z from "zod/mini";
import { RequestError } from "../../shared/edge/http-errors.ts";
import { http } from "../../shared/edge/lambda.ts";
import { sampleFile } from "../../shared/services/samples.ts";

const path = z.object({ name: z.string() });

export const handler = http(z.object({ path }), async ({ path: { name } }) => {
  const sample = await sampleFile(name);
  if (!sample) throw new RequestError(404, "file_not_found", "There is no such sample.");
  const headers = { "content-type": sample.type, "x-content-type-options": "nosniff" };
  return { statusCode: 200, headers, body: sample.bytes.toString("base64"), isBase64Encoded: true };
});
