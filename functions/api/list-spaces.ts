// GET /api/spaces: the spaces of the caller's tenant, each with how much is in it.
import * as z from "zod/mini";
import { spacesQuery } from "../../shared/contract/reading.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { listSpaces } from "../../shared/media/spaces.ts";
import { spaces } from "../../shared/services/spaces.ts";

export const handler = http(z.object({ query: spacesQuery }), async ({ query }, { caller }) =>
  reply(200, { data: await listSpaces(spaces(), caller("read").tenantId, query) }),
);
