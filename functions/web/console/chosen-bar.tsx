// What can be done with several videos at once.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { deleteMedia } from "../../../shared/client/calls.ts";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { saveVideo } from "./actions.tsx";
import { isDeletable, type Doings } from "./card.tsx";
import type { Favourites } from "./favourites.ts";

interface Props {
  shown: MediaSpace[];
  chosen: MediaSpace[];
  connection: Connection;
  favourites: Favourites;
  onChoose: (items: MediaSpace[]) => void;
  onDone: () => void;
  doings: Pick<Doings, "onDeleted" | "onStale" | "onSay">;
}

export function ChosenBar({ shown, chosen, connection, favourites, onChoose, onDone, doings }: Props) {
  const [isAsking, setIsAsking] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [said, setSaid] = useState("");
  const keep = useRef<HTMLButtonElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const deletable = chosen.filter(isDeletable);
  const videos = chosen.filter(({ media }) => media.video);
  const areFavourites = chosen.length > 0 && chosen.every(({ id }) => favourites.ids.has(id));
  useLayoutEffect(() => {
    if (isAsking) keep.current?.focus();
  }, [isAsking]);

  const say = (words: string) => {
    setSaid(words);
    doings.onSay(words);
  };
  /** One after the other; what failed stays chosen. */
  const withEach = async (items: MediaSpace[], done: string, act: (item: MediaSpace) => Promise<void>) => {
    if (isBusy) return;
    setIsBusy(true);
    const failed: MediaSpace[] = [];
    let why = "";
    for (const [n, item] of items.entries()) {
      setSaid(`${n + 1} of ${items.length}...`);
      try {
        await act(item);
      } catch (error) {
        if (!isTrouble(error)) throw error;
        failed.push(item);
        why = error.message;
      }
    }
    setIsBusy(false);
    say(failed.length === 0 ? `${items.length} ${done}.` : `${items.length - failed.length} ${done}. ${why}`);
    return failed;
  };
  const remove = async () => {
    const failed = await withEach(deletable, "deleted", async (item) => {
      await deleteMedia(item, connection);
      doings.onDeleted(item);
    });
    setIsAsking(false);
    if (failed) onChoose([...failed, ...chosen.filter((item) => !isDeletable(item))]);
    first.current?.focus();
  };
  return (
    <div class="chosen-bar" role="group" aria-label="Chosen videos">
      <p class="note">{said || `${chosen.length} chosen`}</p>
      {isAsking ? (
        <>
          <p class="note">
            {`Delete ${deletable.length} and their files for good?`}
            {deletable.length < chosen.length && ` ${chosen.length - deletable.length} are still being made and stay.`}
          </p>
          <button type="button" class="button" aria-disabled={isBusy} onClick={() => void remove()}>
            {`Delete ${deletable.length} for good`}
          </button>
          <button type="button" class="quiet" ref={keep} onClick={() => setIsAsking(false)}>
            Keep
          </button>
        </>
      ) : (
        <>
          <button
            type="button"
            class="quiet"
            ref={first}
            onClick={() => onChoose(chosen.length === shown.length ? [] : shown)}
          >
            {chosen.length === shown.length ? "Choose none" : `Choose all ${shown.length}`}
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={isBusy || videos.length === 0}
            onClick={() =>
              videos.length > 0 && void withEach(videos, "downloaded", (item) => saveVideo(item, doings.onStale))
            }
          >
            {`Download ${videos.length}`}
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={chosen.length === 0}
            onClick={() =>
              favourites.mark(
                chosen.map(({ id }) => id),
                !areFavourites,
              )
            }
          >
            {areFavourites ? "No favourites" : "Favourites"}
          </button>
          <button
            type="button"
            class="button"
            aria-disabled={isBusy || deletable.length === 0}
            onClick={() => deletable.length > 0 && setIsAsking(true)}
          >
            {`Delete ${deletable.length}`}
          </button>
          <button type="button" class="quiet" onClick={onDone}>
            Done
          </button>
        </>
      )}
    </div>
  );
}
