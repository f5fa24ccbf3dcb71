// Two hundred starts at once against each cap: as many as it holds go through, and as many again once those have failed.
import { expect, it } from "vitest";
import { failGeneration } from "../../shared/generation/fail.ts";
import { startGeneration, type StartCommand } from "../../shared/generation/start.ts";
import { refOf, type KeyBudget } from "../../shared/media/media.ts";
import type { SpendingLimits } from "../../shared/money/budget.ts";
import { mediaWorld } from "../support/media-world.ts";

/** 37 videos of $0.28 each, and no more. */
const CAP_MILLS = 37 * 280;

it.each<[string, Partial<SpendingLimits>, KeyBudget?]>([
  ["everybody's month", { everybody: { capMills: CAP_MILLS } }],
  ["a tenant's month", { tenant: { capMills: CAP_MILLS } }],
  ["a tenant's day", { tenantDay: { capMills: CAP_MILLS } }],
  ["a user's month", { user: { capMills: CAP_MILLS } }],
  ["a key's month", {}, { keyId: "0a1b2c3d", monthlyCapMills: CAP_MILLS }],
])(
  "of 200 at once against the cap of %s start as many as it holds, and as many again once they fail",
  { timeout: 60_000 },
  async (_, limits, keyBudget) => {
    const world = await mediaWorld();
    world.deps.limits = { tenant: {}, everybody: {}, ...limits };
    let ids = 0;
    const deps = { ...world.deps, newId: () => `media-${++ids}` };
    const command: StartCommand = {
      tenantId: "acme",
      spaceId: "holiday",
      uploadedBy: "ada",
      ...(keyBudget && { keyBudget }),
      context: "The waves roll in.",
      image: { link: "https://pictures.example/beach.jpg" },
      generationMode: "standard",
      duration: "5",
    };
    for (let round = 0; round < 2; round++) {
      const starts = await Promise.allSettled(Array.from({ length: 200 }, () => startGeneration(deps, command)));
      const started = starts.flatMap((it) => (it.status === "fulfilled" ? [it.value.media] : []));
      expect(started).toHaveLength(37);
      for (const media of started) await failGeneration(world.deps, refOf(media), "not_submitted");
    }
  },
);
