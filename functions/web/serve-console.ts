// GET /, /docs, /openapi.json, /llms.txt, /client.js and /assets/{name}: the console, the API for people and for generators, the client library.
import * as z from "zod/mini";
import { RequestError } from "../../shared/edge/http-errors.ts";
import { http } from "../../shared/edge/lambda.ts";
import { webFile } from "../../shared/edge/web.ts";

export const handler = http(z.object({}), async (_, { rawPath }) => {
  const file = await webFile(rawPath);
  if (!file) throw new RequestError(404, "route_not_found", "There is no such page.");
  return { statusCode: 200, headers: file.headers, body: file.text };
});
