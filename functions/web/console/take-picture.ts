// A picture from this disk: uploaded, checked by the server, and kept small for a reload.
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { uploadImage } from "../../../shared/client/upload.ts";
import type { Picture } from "./draft.ts";

/**
 * @param onTaken called at once with what can be shown before the server has answered
 * @returns the picture with its link, or with its fault
 * @throws the signal's reason
 */
export async function takePicture(
  image: File,
  connection: Connection,
  onTaken: (picture: Picture) => void = () => undefined,
): Promise<Picture> {
  const preview = URL.createObjectURL(image);
  const taken: Picture = { preview, link: undefined, size: undefined, name: image.name, state: "checking" };
  onTaken(taken);
  const [thumbnail, checked] = await Promise.all([
    thumbnailOf(preview),
    uploadImage(image, connection).catch((error: unknown) => {
      if (!isTrouble(error)) throw error;
      return error;
    }),
  ]);
  if (isTrouble(checked)) return { ...taken, state: "refused", fault: checked.message };
  const { link, width, height } = checked;
  return { ...taken, ...(thumbnail !== undefined && { thumbnail }), link, size: { width, height }, state: "ready" };
}

const THUMBNAIL_PIXELS = 480;

/** The picture small, as a `data:` URI; undefined where this browser cannot show it. */
async function thumbnailOf(preview: string): Promise<string | undefined> {
  const image = new Image();
  image.src = preview;
  try {
    await image.decode();
  } catch {
    return undefined;
  }
  const scale = Math.min(1, THUMBNAIL_PIXELS / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}
