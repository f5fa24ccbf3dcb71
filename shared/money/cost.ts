// What one generation costs: by the price list before it is made, by fal's bill once that is in.
import { findRow } from "../kling/catalogue.ts";
import { TEST_MODE_REQUEST_ID } from "../kling/models.ts";
import { estimatedCostUsd } from "../kling/price.ts";
import { modelOf, modeOf, type Media } from "../media/media.ts";
import { generationOf } from "../media/progress.ts";
import { usdOf } from "./nano.ts";

export interface Cost {
  /** By the price list. */
  estimatedUsd: number;
  /** By fal, discount taken off: once its bill was reconciled. */
  billedUsd?: number;
  /** Whether it has to be paid: it was delivered, or fal has billed it anyway. */
  charged: boolean;
}

export function costOf(media: Media): Cost {
  const { billedNanoUsd, requestId } = media;
  const isDelivered = media.type !== "image" && generationOf(media) === "completed";
  const isReal = requestId !== TEST_MODE_REQUEST_ID;
  return {
    estimatedUsd: media.estimatedCostUsd ?? priceOfOld(media),
    ...(billedNanoUsd !== undefined && { billedUsd: usdOf(billedNanoUsd) }),
    charged: isReal && (isDelivered || (billedNanoUsd ?? 0) > 0),
  };
}

/** Records of older versions do not say what they cost. */
function priceOfOld(media: Media): number {
  const row = media.type === "image" ? undefined : findRow(modelOf(media), modeOf(media));
  return row ? estimatedCostUsd(row, { duration: media.duration, audio: media.audio ?? false }) : 0;
}
