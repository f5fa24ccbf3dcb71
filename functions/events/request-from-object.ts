// S3 reports a new object in the watched folder: its picture is copied, and its metadata become a Generation Requested.
import { objectCreated, requestOf } from "../../shared/contract/object-created.ts";
import { InvalidEventError } from "../../shared/edge/http-errors.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { requestFromObject } from "../../shared/media/source-object.ts";
import { sourceObjectDeps } from "../../shared/services/source-objects.ts";

export const handler = onEvent(objectCreated, async ({ detail: { bucket, object } }) => {
  const { key, sequencer, "version-id": versionId } = object;
  const wanted = { bucket: bucket.name, key, versionId, sequencer };
  return requestFromObject(await sourceObjectDeps(), wanted, (metadata, link, idempotencyKey) => {
    const request = requestOf(metadata, link, idempotencyKey);
    if ("faults" in request) throw new InvalidEventError(request.faults ?? []);
    return request;
  });
});
