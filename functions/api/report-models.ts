// GET /api/models: the models that are offered here, and what each of their modes can do.
import * as z from "zod/mini";
import { http, reply } from "../../shared/edge/lambda.ts";
import { showModels } from "../../shared/kling/present.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";

export const handler = http(z.object({}), async () => reply(200, { data: { models: showModels(offeredModels()) } }));
