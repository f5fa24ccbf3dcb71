// The videos of a space: narrowed, chosen, and read on as one comes to their end.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { filterForApi, type Address, type Filter, type Go } from "./address.ts";
import { Card, type Doings } from "./card.tsx";
import { ChosenBar } from "./chosen-bar.tsx";
import type { Favourites } from "./favourites.ts";
import { FilterBar, isNarrowed } from "./filter-bar.tsx";
import type { Planning } from "./use-planning.ts";
import type { Space } from "./use-space.ts";

interface Props {
  address: Address;
  go: Go;
  space: Space;
  favourites: Favourites;
  previews: ReadonlyMap<string, string>;
  connection: Connection;
  planning: Planning;
  doings: Omit<Doings, "onChoose">;
}

/** So far before the end of the list the next page is read. */
const READ_AHEAD = "800px";

export function Library({ address, go, space, favourites, previews, connection, planning, doings }: Props) {
  const { filter } = address;
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const shown = useMemo(
    () => space.items?.filter((item) => isWanted(item, filter, favourites.ids)),
    [space.items, filter, favourites.ids],
  );
  const toCard = useMemo<Doings>(
    () => ({
      ...doings,
      onChoose: ({ id }, isChosen) =>
        setChosen((before) => {
          const after = new Set(before);
          if (isChosen) after.add(id);
          else after.delete(id);
          return after;
        }),
    }),
    [doings],
  );
  const end = useReadOn(space);
  const cards = useRef<HTMLUListElement>(null);
  const more = async () => {
    const last = cards.current?.lastElementChild;
    await space.more();
    // The button may be gone: move the focus to the first of the newly loaded cards.
    if (last?.nextElementSibling instanceof HTMLElement) last.nextElementSibling.focus();
  };
  const isEmpty = shown?.length === 0 && !space.hasMore;
  return (
    <section
      id="generations"
      class="list"
      aria-labelledby="list-title"
      tabIndex={-1}
      onKeyDown={({ key }) => key === "Escape" && setChosen(undefined)}
    >
      <div class="list-head">
        <h2 id="list-title">Your videos</h2>
        {space.trouble && <p class="trouble">{`${space.trouble} Trying again.`}</p>}
        {shown !== undefined && shown.length > 0 && (
          <button
            type="button"
            class="quiet"
            aria-pressed={chosen !== undefined}
            onClick={() => setChosen(chosen ? undefined : new Set())}
          >
            Choose several
          </button>
        )}
      </div>
      {(space.items?.length !== 0 || isNarrowed(filter)) && (
        <FilterBar filter={filter} planning={planning} onChange={(filter, step) => go({ filter }, step)} />
      )}
      {space.items === undefined && !space.trouble && <Skeleton />}
      {isEmpty && <Nothing filter={filter} onSample={doings.onSample} />}
      {shown !== undefined && <p class="note found">{foundIn(filter, shown.length, space)}</p>}
      <ul class="cards" ref={cards}>
        {shown?.map((item) => (
          <Card
            key={item.id}
            item={item}
            address={address}
            preview={previews.get(item.id)}
            connection={connection}
            planning={planning}
            isFavourite={favourites.ids.has(item.id)}
            isChosen={chosen?.has(item.id)}
            doings={toCard}
          />
        ))}
      </ul>
      {space.hasMore && (
        <button type="button" class="more" ref={end} onClick={() => void more()}>
          Show older ones
        </button>
      )}
      {chosen && shown && (
        <ChosenBar
          shown={shown}
          chosen={shown.filter(({ id }) => chosen.has(id))}
          connection={connection}
          favourites={favourites}
          onChoose={(items) => setChosen(new Set(items.map(({ id }) => id)))}
          onDone={() => setChosen(undefined)}
          doings={doings}
        />
      )}
    </section>
  );
}

/** The next page is read when the end of the list comes near; the observer is new after each page, so that it looks again. */
function useReadOn({ more, hasMore, items }: Space) {
  const end = useRef<HTMLButtonElement>(null);
  const latest = useRef(more);
  latest.current = more;
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) void latest.current();
      },
      { rootMargin: READ_AHEAD },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [hasMore, items?.length]);
  return end;
}

/** As the server narrows it, for what has changed since; and by what only this page knows. */
function isWanted({ id, media }: MediaSpace, filter: Filter, favourites: ReadonlySet<string>): boolean {
  const { status, model, from, to } = filterForApi(filter);
  const stands = media.generationStatus === "generating-video" ? "in_progress" : media.generationStatus;
  const words = filter.words?.trim().toLocaleLowerCase() ?? "";
  const said = [media.context, media.name, media.prompt, ...media.description.map(({ text }) => text)];
  return (
    (status === undefined || stands === status) &&
    (model === undefined || media.model === model) &&
    (from === undefined || media.createdAt >= from) &&
    (to === undefined || media.createdAt < to) &&
    (filter.favourites === undefined || favourites.has(id)) &&
    (words === "" || said.some((text) => text?.toLocaleLowerCase().includes(words)))
  );
}

/** How much was looked through, where this page looks itself. */
function foundIn({ words, favourites }: Filter, found: number, { items = [], hasMore }: Space): string | undefined {
  if (!words?.trim() && !favourites) return undefined;
  return `${found} found in the ${hasMore ? "newest " : ""}${items.length} videos${hasMore ? ", and older ones are still being read" : ""}.`;
}

function Nothing({ filter, onSample }: { filter: Filter } & Pick<Doings, "onSample">) {
  const [isDrawing, setIsDrawing] = useState(false);
  if (isNarrowed(filter)) {
    return (
      <div class="empty">
        <p>No video matches.</p>
        <p>Widen the search, or show all videos.</p>
      </div>
    );
  }
  return (
    <div class="empty">
      <p>Nothing here yet.</p>
      <p>Choose a picture, describe what should happen in it, and the video appears here.</p>
      <p>
        <button
          type="button"
          class="button"
          aria-disabled={isDrawing}
          onClick={() => {
            if (isDrawing) return;
            setIsDrawing(true);
            void onSample().finally(() => setIsDrawing(false));
          }}
        >
          {isDrawing ? "Drawing it..." : "Or animate the sample"}
        </button>
      </p>
      <p class="note">It fills the form. Nothing starts before you press Animate.</p>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="cards" role="status" aria-label="Loading your videos">
      {[1, 2, 3].map((n) => (
        <div key={n} class="card skeleton" />
      ))}
    </div>
  );
}
