// The real fitting, done once for each picture and format before time is virtual; every copy still bears its own mark.
import { createHash } from "node:crypto";
import { fitImage as fit, makePlaceholder as reduce } from "../../../shared/adapters/source-image.ts";
import { IMAGE_LIMITS } from "../../../shared/kling/models.ts";
import type { ImageFitter } from "../../../shared/media/ports.ts";

type Fitted = Awaited<ReturnType<ImageFitter["fit"]>>;
const remembered = new Map<string, Fitted | Error>();
let placeholder = "";

export const fitImage: ImageFitter["fit"] = async (image, format, mark) => {
  const known = remembered.get(nameOf(image, format));
  if (!known) throw new Error("a picture of which the world was not told");
  if (known instanceof Error) throw known;
  // Behind the end of a JPEG anything may stand.
  return { ...known, bytes: Buffer.concat([known.bytes, Buffer.from(mark)]) };
};

/** The same for every picture: nothing depends on it. */
export const makePlaceholder: ImageFitter["placeholder"] = async () => placeholder;

/** Nothing is uploaded in the simulated world. */
export { inspectImage } from "../../../shared/adapters/source-image.ts";

/** Lets the real code see the picture. */
export async function remember(image: Uint8Array, format: Parameters<ImageFitter["fit"]>[1]): Promise<void> {
  const fitted = await fit(image, format, "without a mark", IMAGE_LIMITS).catch((error: Error) => error);
  remembered.set(nameOf(image, format), fitted);
  if (!(fitted instanceof Error)) placeholder = await reduce(fitted.bytes);
}

const nameOf = (image: Uint8Array, format = "as it is") =>
  `${format} ${createHash("sha256").update(image).digest("hex")}`;
