// GET /openapi.json: the contract, made of the schemas that validate.
import * as z from "zod";
import { openApi } from "../../shared/contract/openapi.ts";
import { http, reply } from "../../shared/lambda.ts";

export const handler = http(z.object({}), async () => reply(200, openApi()));
