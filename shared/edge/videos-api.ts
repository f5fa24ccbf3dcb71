// How the routes of /v1 are spoken to: errors in the shape that clients of OpenAI's API know, and callers judged here so that they are told in it.
import { judgesCaller } from "./credential.ts";
import { parsesFormOrJson } from "./form.ts";
import type { Manners } from "./lambda.ts";
import { videosError } from "./videos-error.ts";

export const VIDEOS_API: Manners = { errors: videosError, before: [judgesCaller], body: parsesFormOrJson };
