// What the tenant's webhooks were told of one video: read when it is asked for.
import { useState } from "preact/hooks";
import { isTrouble } from "../../../shared/client/errors.ts";
import { send, type Connection } from "../../../shared/client/request.ts";
import { clockTime } from "./words.ts";

/** As much of them as is shown here; the API page has the whole. */
interface Webhook {
  id: string;
  url: string;
}
interface Delivery {
  id: string;
  type: string;
  mediaId?: string;
  status: "pending" | "delivered" | "failed";
  attempts: { at: string; statusCode?: number; error?: string }[];
}
type Told = Delivery & { url: string };

/** Of each webhook the latest so many are looked through: the log knows no videos. */
const LOOKED_THROUGH = 100;

async function deliveriesOf(mediaId: string, connection: Connection): Promise<Told[]> {
  const { items: webhooks } = (await send<{ data: { items: Webhook[] } }>({ path: "/api/webhooks" }, connection)).data;
  const told = webhooks.map(async ({ id, url }) => {
    const path = `/api/webhooks/${encodeURIComponent(id)}/deliveries?limit=${LOOKED_THROUGH}`;
    const { items } = (await send<{ data: { items: Delivery[] } }>({ path }, connection)).data;
    return items.filter((delivery) => delivery.mediaId === mediaId).map((delivery) => ({ ...delivery, url }));
  });
  return (await Promise.all(told)).flat();
}

export function Deliveries({ mediaId, connection }: { mediaId: string; connection: Connection }) {
  const [told, setTold] = useState<Told[]>();
  const [trouble, setTrouble] = useState<string>();
  const read = async () => {
    try {
      setTold(await deliveriesOf(mediaId, connection));
      setTrouble(undefined);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setTrouble(error.message);
    }
  };
  return (
    <details onToggle={({ currentTarget }) => currentTarget.open && void read()}>
      <summary>Deliveries of your webhooks</summary>
      {trouble !== undefined && <p class="trouble">{trouble}</p>}
      {told?.length === 0 && (
        <p class="note">{`None among the latest ${LOOKED_THROUGH} deliveries of each of your webhooks.`}</p>
      )}
      <ul class="timeline">
        {told?.map(({ id, type, status, attempts, url }) => {
          const last = attempts.at(-1);
          return (
            <li key={id}>
              <span
                class={`dot ${{ delivered: "completed", failed: "failed", pending: "queued" }[status]}`}
                aria-hidden="true"
              />
              <span>
                {`${type}: ${status}`}
                <span class="note">
                  {` ${new URL(url).host}, ${attempts.length === 1 ? "1 try" : `${attempts.length} tries`}${last?.statusCode === undefined ? "" : `, answered ${last.statusCode}`}${last?.error === undefined ? "" : `: ${last.error}`}`}
                </span>
              </span>
              {last && <time dateTime={last.at}>{clockTime(last.at)}</time>}
            </li>
          );
        })}
      </ul>
    </details>
  );
}
