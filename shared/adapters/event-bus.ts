// The outgoing events, on EventBridge: keys and facts, no links, no prompt.
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { generationEvent } from "../media/event-detail.ts";
import type { Announcements, EventBus } from "../media/ports.ts";

export interface EventBridgeBusOptions {
  client: EventBridgeClient;
  busName: string;
}

/** PutEvents takes 10 entries (AWS: "PutEvents", API reference). */
const ENTRIES_PER_CALL = 10;
const SOURCE = "media.generation";

/** The bus did not take an announcement. */
class NotAnnouncedError extends Error {
  override readonly name = "NotAnnouncedError";
}

/** The port `Announcements` over one bus. @throws NotAnnouncedError */
export function createAnnouncements({ client, busName }: EventBridgeBusOptions): Announcements {
  return {
    async announce({ source = SOURCE, type, at, detail }) {
      const entry = { EventBusName: busName, Source: source, DetailType: type, Time: new Date(at) };
      const { Entries = [] } = await client.send(
        new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }),
      );
      const [answered] = Entries;
      if (answered?.EventId === undefined)
        throw new NotAnnouncedError(`${type}: ${answered?.ErrorMessage ?? "no answer"}`);
    },
  };
}

/** The port `EventBus` over one bus. An entry that the bus refuses is not among the ids that come back. */
export function createEventBridgeBus({ client, busName }: EventBridgeBusOptions): EventBus {
  return {
    async publish(events) {
      const published: string[] = [];
      for (let from = 0; from < events.length; from += ENTRIES_PER_CALL) {
        const batch = events.slice(from, from + ENTRIES_PER_CALL);
        const { Entries = [] } = await client.send(
          new PutEventsCommand({
            Entries: batch.map((event) => ({
              EventBusName: busName,
              Source: SOURCE,
              DetailType: event.type,
              Time: new Date(event.at),
              Detail: JSON.stringify(generationEvent(event)),
            })),
          }),
        );
        published.push(...batch.filter((_, n) => Entries[n]?.EventId !== undefined).map(({ id }) => id));
      }
      return published;
    },
  };
}
