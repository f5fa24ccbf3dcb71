// The tables the domain is made of: modes, moves, outcomes.
import { describe, expect, it } from "vitest";
import { UnknownModeError } from "../../shared/kling/errors.ts";
import { klingInput, klingMode } from "../../shared/kling/catalogue.ts";
import { KLING_MODELS, KlingGenerationMode, nearestFormat, type KlingRequest } from "../../shared/kling/models.ts";
import { prices } from "../../shared/kling/price.ts";
import { generationStatus, isTerminal, PHASES, type Phase } from "../../shared/media/status.ts";
import { MOVES, planMove } from "../../shared/media/moves.ts";

const everything: KlingRequest = {
  prompt: "p",
  image_url: "https://i.example/i.jpg",
  duration: "10",
  negative_prompt: "n",
  cfg_scale: 0.3,
  tail_image_url: "https://i.example/t.jpg",
  aspect_ratio: "16:9",
};

describe("the modes of Kling 2.1", () => {
  it("have fal's endpoints and prices", () => {
    const rows = KLING_MODELS.filter(({ model }) => model === "kling-2.1");
    expect(rows.map((row) => [row.mode, row.endpointId, prices([row]).map(({ usd }) => usd)])).toEqual([
      ["standard", "fal-ai/kling-video/v2.1/standard/image-to-video", [0.28, 0.56]],
      ["pro", "fal-ai/kling-video/v2.1/pro/image-to-video", [0.49, 0.98]],
      ["master", "fal-ai/kling-video/v2.1/master/image-to-video", [1.4, 2.8]],
    ]);
  });

  it("send the aspect ratio never, and the last frame in pro only", () => {
    expect(klingInput(everything, klingMode("pro"))).toEqual({
      prompt: "p",
      image_url: "https://i.example/i.jpg",
      duration: "10",
      negative_prompt: "n",
      cfg_scale: 0.3,
      tail_image_url: "https://i.example/t.jpg",
    });
    expect(klingInput(everything, klingMode("standard"))).not.toHaveProperty("tail_image_url");
    expect(klingInput(everything, klingMode("master"))).not.toHaveProperty("tail_image_url");
  });

  it("send a cfg_scale of zero, and no field that is not set", () => {
    const input = klingInput({ prompt: "p", image_url: "u", cfg_scale: 0 }, klingMode("standard"));
    expect(input).toEqual({ prompt: "p", image_url: "u", cfg_scale: 0 });
  });

  it("name the known ones when asked for an unknown one", () => {
    expect(() => klingMode("turbo")).toThrow(UnknownModeError);
    expect(() => klingMode("turbo")).toThrow("standard, pro, master");
    expect(() => klingMode("constructor")).toThrow(UnknownModeError);
  });

  it("are values and types, as in the original application", () => {
    const pro: KlingGenerationMode.PRO = KlingGenerationMode.PRO;
    expect(pro).toBe("pro");
  });

  it("find the format nearest to a picture", () => {
    expect(nearestFormat({ width: 1600, height: 1067 })).toBe("16:9");
    expect(nearestFormat({ width: 1000, height: 1100 })).toBe("1:1");
    expect(nearestFormat({ width: 900, height: 1600 })).toBe("9:16");
  });
});

describe("the table of moves", () => {
  const entries = Object.entries(MOVES) as [
    keyof typeof MOVES,
    { from: readonly Phase[]; to?: Phase; event?: string },
  ][];

  it("lets nothing out of a terminal status but an operator's redrive, and a deletion", () => {
    for (const [name, { from, to }] of entries) {
      if (name === "redrive" || name === "delete") continue;
      const changes = from.filter((phase) => isTerminal(phase) && to !== undefined && to !== phase);
      expect(changes, name).toEqual([]);
    }
  });

  it("gives every way into a terminal status its event", () => {
    // That a media is deleted is said when its files are gone.
    expect([MOVES.delete.to, MOVES.erase.from, MOVES.erase.event]).toEqual(["deleted", ["deleted"], "Media Deleted"]);
    for (const [name, { to, event }] of entries) {
      if (to !== undefined && to !== "deleted" && isTerminal(to))
        expect(event, name).toMatch(/^Generation (Completed|Failed|Canceled)$/);
    }
  });

  it("leads from every status to an end", () => {
    for (const start of PHASES) {
      const reached = new Set<Phase>([start]);
      for (let round = 0; round < PHASES.length; round++) {
        for (const [, { from, to }] of entries) if (to && from.some((phase) => reached.has(phase))) reached.add(to);
      }
      expect([...reached].some(isTerminal), start).toBe(true);
    }
  });

  it("submits only from queued, and gets out of a doubtful submit without another", () => {
    expect(MOVES.claim.from).toEqual(["queued"]);
    expect(entries.filter(([, { to }]) => to === "submitting").map(([name]) => name)).toEqual(["claim"]);
  });

  it("shows the original application's status for each phase", () => {
    expect(PHASES.filter((phase) => phase !== "deleted").map(generationStatus)).toEqual([
      "generating-video",
      "generating-video",
      "generating-video",
      "generating-video",
      "completed",
      "failed",
      "canceled",
    ]);
  });

  it("names events after the status they announce, so that a second delivery is recognised", () => {
    expect(planMove("m", "complete", {}, 0).event?.id).toBe("m:completed");
    expect(planMove("m", "record analysis", {}, 0).event?.id).toBe("m:analyzed");
    expect(planMove("m", "time out", {}, 0).event).toMatchObject({
      id: "m:failed",
      entry: { type: "Generation Failed" },
    });
    expect(planMove("m", "note progress", {}, 0).event).toBeUndefined();
  });
});
