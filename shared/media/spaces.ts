// The spaces of a tenant: what its media are grouped by, each there from its first start on.
import type { Instant } from "./instant.ts";
import type { Spaces } from "./ports.ts";

export interface ShownSpace {
  id: string;
  /** Media in it, without the deleted. */
  count: number;
  /** There are more than were counted: one read goes no further. */
  more?: true;
  lastStartedAt: Instant;
}

/** One page of a tenant's spaces in the order of their names, from the one after `cursor` on. */
export async function listSpaces(
  spaces: Pick<Spaces, "list" | "count">,
  tenantId: string,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ items: ShownSpace[]; nextCursor: string | undefined }> {
  const { items, next } = await spaces.list(tenantId, { limit, after: cursor });
  const shown = items.map(async ({ spaceId, lastStartedAt }) => {
    const { count, isAll } = await spaces.count({ tenantId, spaceId });
    return { id: spaceId, count, ...(!isAll && { more: true as const }), lastStartedAt };
  });
  return { items: await Promise.all(shown), nextCursor: next };
}
