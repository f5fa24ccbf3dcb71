// The events as JSON Schema, for senders and consumers in any language: one document for the detail of each type.
import * as z from "zod";
import { EVENT_DETAILS, generationRequestedDetail } from "./events.ts";

/** Rises when a field changes its meaning or goes; then old and new are sent side by side. */
const DETAIL_VERSION = 1;

/** `Generation Completed` -> `generation-completed`. */
export function schemaName(detailType: string): string {
  return detailType.toLowerCase().replaceAll(" ", "-");
}

/** Draft 2020-12, by detail type. Open for further fields: consumers ignore what they do not know. */
export function eventSchemas(): Record<string, Record<string, unknown>> {
  const details = Object.entries({ "Generation Requested": generationRequestedDetail, ...EVENT_DETAILS });
  return Object.fromEntries(details.map(([detailType, schema]) => [detailType, schemaOf(detailType, schema)]));
}

function schemaOf(detailType: string, schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { $schema, $id: `urn:kling-media:${schemaName(detailType)}:${DETAIL_VERSION}`, title: detailType, ...rest };
}
