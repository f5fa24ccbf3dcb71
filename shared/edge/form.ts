// A form with a picture in it (multipart/form-data), read by the platform's own parser into what the same request is as JSON.
import type { MiddlewareObj } from "@middy/core";
import { RequestError } from "./http-errors.ts";
import { bodyOf, jsonOf, type ParsedEvent } from "./middlewares.ts";

/** What Lambda takes in all; the gateway refuses what is larger before a function is asked (AWS: "Lambda quotas"). */
const REQUEST_MAX_BYTES = 6 * 1024 * 1024;
/** No form of ours has more, and each costs its time. */
const PARTS_MAX = 100;

/**
 * Reads a form or JSON. In a form `a[b]` is b of a, as `qs` and the clients made by Stainless write it, and a file is what it is as
 * a text: a `data:` URI, at `<its name>.image_url`. @throws RequestError 400, 413, 415
 */
export const parsesFormOrJson: MiddlewareObj<ParsedEvent> = {
  before: async ({ event }) => {
    const isForm = /^multipart\/form-data\s*;/i.test(event.headers["content-type"] ?? "");
    event.json = isForm ? await formOf(event) : jsonOf(event, REQUEST_MAX_BYTES);
  },
};

async function formOf(event: ParsedEvent): Promise<Record<string, unknown>> {
  const body = new Map<string, unknown>();
  for (const [name, value] of await fieldsOf(event)) {
    const [, outer = name, inner] = /^([^[\]]+)\[([^[\]]+)\]$/.exec(name) ?? [];
    if (typeof value !== "string") body.set(name, { image_url: await dataUri(value) });
    else if (inner === undefined) body.set(outer, value);
    else body.set(outer, { ...objectAt(body.get(outer)), [inner]: value });
  }
  return Object.fromEntries(body);
}

async function fieldsOf(event: ParsedEvent): Promise<[string, string | File][]> {
  const headers = { "content-type": event.headers["content-type"] ?? "" };
  const form = await new Response(bodyOf(event), { headers }).formData().catch(() => {
    throw new RequestError(
      400,
      "malformed_form",
      "The body is not valid multipart/form-data with the boundary that its header names.",
    );
  });
  const fields = [...form];
  if (fields.length <= PARTS_MAX) return fields;
  throw new RequestError(400, "malformed_form", `The form has more than ${PARTS_MAX} parts.`);
}

function objectAt(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

async function dataUri(file: File): Promise<string> {
  const bytes = Buffer.from(await file.arrayBuffer());
  return `data:${file.type || "application/octet-stream"};base64,${bytes.toString("base64")}`;
}
