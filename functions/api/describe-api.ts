// GET /openapi.json: the contract, made of the schemas that validate, with a lock where this deployment has one.
import * as z from "zod/mini";
import { openApi } from "../../shared/contract/openapi.ts";
import { environment } from "../../shared/environment.ts";
import { http, reply } from "../../shared/lambda.ts";

export const handler = http(z.object({}), async () => reply(200, openApi({ signIn: environment().AUTH === "jwt" })));
