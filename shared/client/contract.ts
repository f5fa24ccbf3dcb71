// The types of the contract as a caller sees them. Types alone: nothing of the schemas they come from is bundled.
import type * as z from "zod/mini";
import type {
  budgetAnswer,
  spendingAnswer,
  cancelAnswer,
  checkAnswer,
  checkUploadAnswer,
  enhanceAnswer,
  listAnswer,
  listSpacesAnswer,
  modelsAnswer,
  pricingAnswer,
  timingsAnswer,
  uploadAnswer,
} from "../contract/answers.ts";
import type { enhanceRequest } from "../contract/enhance.ts";
import type { WebhookMessage } from "../contract/event-schemas.ts";
import type { errorAnswer, media, mediaSpace } from "../contract/media-space.ts";
import type { checkRequest } from "../contract/reading.ts";
import type { uploadRequest } from "../contract/upload.ts";
import type { IMAGE_RATIO_MAX } from "../kling/models.ts";

export type EnhanceRequest = z.input<typeof enhanceRequest>;
export type EnhanceAnswer = z.output<typeof enhanceAnswer>["data"];
export type IMedia = z.output<typeof media>;
export type MediaSpace = z.output<typeof mediaSpace>;
export type CheckRequest = z.input<typeof checkRequest>;
export type CheckAnswer = z.output<typeof checkAnswer>["data"];
export type MediaPage = z.output<typeof listAnswer>["data"];
export type SpacesPage = z.output<typeof listSpacesAnswer>["data"];
export type CancelAnswer = z.output<typeof cancelAnswer>["data"];
export type UploadRequest = z.input<typeof uploadRequest>;
export type Upload = z.output<typeof uploadAnswer>["data"];
export type UploadedImage = z.output<typeof checkUploadAnswer>["data"];
export type Models = z.output<typeof modelsAnswer>["data"]["models"];
export type Pricing = z.output<typeof pricingAnswer>["data"];
export type Timings = z.output<typeof timingsAnswer>["data"];
/** Dollars spent, by the price list and by fal's bill. */
export type Spending = z.output<typeof spendingAnswer>["data"];
export type Budget = z.output<typeof budgetAnswer>["data"];
export type ErrorAnswer = z.output<typeof errorAnswer>;
export type WebhookEvent = WebhookMessage;
/** How many times as long as wide a picture may be without a chosen format: a type of one number, so that only the right number compiles. */
export type ImageRatioMax = typeof IMAGE_RATIO_MAX;
