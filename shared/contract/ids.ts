// The ids that requests name and answers hold.
import * as z from "zod/mini";

import { textOrNumber } from "./text.ts";

const id = z.regex(/^[A-Za-z0-9_-]{1,128}$/, "must be 1 to 128 letters, digits, _ or -");

export const spaceId = z
  .string()
  .check(id, z.meta({ description: "A space: whatever the caller groups media by.", examples: ["holiday-2026"] }));

/** The same in a body. */
export const spaceIdInBody = textOrNumber(spaceId);

export const mediaId = z.string().check(id, z.describe("The id of a media, made by the server; it sorts by time."));
