// Wraps the function that takes Generation Requested: a request that it cannot carry out is announced on the bus after the last try.
import * as z from "zod/mini";
import { tellIfRefused, type AskedFor } from "../media/refusal.ts";
import { refusalDeps } from "../services/refusal-deps.ts";
import { reasonOf } from "./http-errors.ts";
import { onEvent } from "./lambda.ts";

const text = z.catch(z.optional(z.string()), undefined);
/** As much of a request as can be read, however wrong it is. */
const readable = z.object({
  id: z.string(),
  detail: z.catch(
    z.object({
      tenantId: z.catch(z.optional(z.string().check(z.minLength(1), z.maxLength(128))), undefined),
      spaceId: text,
      idempotencyKey: text,
      mediaSpace: z.catch(z.object({ id: text }), {}),
    }),
    { mediaSpace: {} },
  ),
});

/**
 * @param shape of the whole event
 * @param start carries one request out
 */
export function onRequestedEvent<E extends z.ZodMiniType, R>(shape: E, start: (event: z.infer<E>) => Promise<R>) {
  return onEvent(shape, start, {
    writtenByPeople: true,
    around: async (event, carryOut) => {
      const asked = askedFor(event);
      // Without an id it is no event of the bus: its caller gets only the error.
      return asked ? tellIfRefused(refusalDeps(), asked, carryOut, reasonOf) : carryOut();
    },
  });
}

function askedFor(event: unknown): AskedFor | undefined {
  const { data } = readable.safeParse(event);
  if (!data) return undefined;
  const { tenantId, spaceId, idempotencyKey, mediaSpace } = data.detail;
  return { id: data.id, tenantId, spaceId, idempotencyKey, baseMediaId: mediaSpace.id };
}
