// A picture from the user's disk: uploaded to the store, checked at once, then usable like any link.
import type { Upload, UploadedImage } from "./contract.ts";
import { NoAnswerError, ApiError } from "./errors.ts";
import { send, type Connection } from "./request.ts";

/**
 * Uploads a picture and has it checked.
 * @returns `link` goes into `mediaSpace.media.image.link`; `width` and `height` are what the bytes say
 * @throws ApiError with an `image_*` code and a sentence for the person who chose the picture; NoAnswerError
 */
export async function uploadImage(image: Blob, connection: Connection = {}): Promise<UploadedImage> {
  const open = { method: "POST", path: "/api/uploads", body: { size: image.size } } as const;
  const { id, put } = (await send<{ data: Upload }>(open, connection)).data;
  await putBytes(put, image, connection);
  const check = { method: "POST", path: `/api/uploads/${encodeURIComponent(id)}/check`, tries: 4 } as const;
  return (await send<{ data: UploadedImage }>(check, connection)).data;
}

/** As long as the upload address is valid: a picture of 10 MB over a slow line takes some minutes. */
const PUT_SECONDS = 15 * 60;

/** To the store itself, which knows no bearer: the URL is the permission. */
async function putBytes(put: Upload["put"], body: Blob, connection: Connection): Promise<void> {
  const { fetch = globalThis.fetch, signal } = connection;
  const deadline = AbortSignal.timeout(PUT_SECONDS * 1000);
  const until = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const response = await fetch(put.url, { method: put.method, headers: put.headers, body, signal: until });
    if (!response.ok)
      throw new ApiError(response.status, { error: "The picture could not be stored.", code: "not_stored" });
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ApiError ? error : new NoAnswerError(error);
  }
}
