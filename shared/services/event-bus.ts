// The bus. Its client is read with the first event: most checks of a generation have none.
import type { Announcements, EventBus } from "../media/ports.ts";
import { lazy } from "./lazy.ts";

const bus = lazy(async () => (await import("./event-bridge.ts")).openEventBridge());

export const eventBus = lazy((): EventBus => ({ publish: async (events) => (await bus()).publish(events) }));

/** Announcements that belong to no media. */
export const announcements: Announcements = { announce: async (event) => (await bus()).announce(event) };
