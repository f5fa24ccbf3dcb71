// The console: a place to start a generation beside everything that was started in this space.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { filterForApi, useAddress } from "./address.ts";
import type { Doings } from "./card.tsx";
import { Composer } from "./composer.tsx";
import type { Draft } from "./draft.ts";
import { useFavourites } from "./favourites.ts";
import { Library } from "./library.tsx";
import { SpaceName } from "./space-name.tsx";
import { sampleDraft } from "./sample.ts";
import type { Session } from "./session.ts";
import { usePlanning } from "./use-planning.ts";
import { useProviderHeld } from "./use-provider.ts";
import { useSpace } from "./use-space.ts";
import { VideoPage } from "./video-page.tsx";

export function App({ session }: { session: Session }) {
  const { connection } = session;
  const [address, go] = useAddress();
  const { space: spaceId, media: openId } = address;
  const space = useSpace(spaceId, filterForApi(address.filter), openId, connection);
  const planning = usePlanning(connection, counts(space.items));
  const isHeld = useProviderHeld(space.items?.some(({ media }) => media.hold !== undefined) ?? false);
  const favourites = useFavourites(spaceId);
  const [again, setAgain] = useState<{ draft: Partial<Draft>; of: string }>();
  const [spoken, setSpoken] = useState("");
  /** Pictures from this disk, until the server has its own. */
  const [previews, setPreviews] = useState<ReadonlyMap<string, string>>(new Map());

  const started = (item: MediaSpace, preview: string) => {
    setPreviews((before) => new Map(before).set(item.id, preview));
    space.put(item);
    // Where it would not be seen, what hides it is taken away.
    go({ media: undefined, filter: {} }, openId === undefined ? "same" : "new");
    setSpoken("Started. Its card is the first in the list.");
  };
  const close = () => {
    const left = openId;
    go({ media: undefined });
    requestAnimationFrame(() => {
      const card = document.querySelector<HTMLElement>(`[data-media="${left ?? ""}"]`);
      (card ?? document.getElementById("generations"))?.focus();
    });
  };
  const doings = useSteady<Omit<Doings, "onChoose">>({
    onChanged: space.put,
    onDeleted: space.drop,
    onStale: space.refresh,
    onReuse: (draft) => setAgain({ draft, of: spaceId }),
    onSample: async () => setAgain({ draft: await sampleDraft(connection), of: spaceId }),
    onSay: setSpoken,
    onOpen: ({ id }) => go({ media: id }),
    onFavourite: ({ id }, isFavourite) => favourites.mark([id], isFavourite),
  });

  return (
    <>
      <a class="skip" href="#generations">
        Skip to your videos
      </a>
      <header class="top">
        <p class="brand">
          <span class="mark" aria-hidden="true" />
          Pictures in motion
        </p>
        <SpaceName
          key={spaceId}
          spaceId={spaceId}
          connection={connection}
          onOpen={(name) => go({ space: name, media: undefined, filter: {} })}
        />
        <nav aria-label="Elsewhere">
          <ThemeButton />
          <a href="/docs">API</a>
          {session.signOut && (
            <button type="button" class="quiet" onClick={session.signOut}>
              Sign out
            </button>
          )}
        </nav>
      </header>
      {planning.testMode && (
        <p class="test-mode" role="note">
          <b>Test mode.</b> Nothing is billed, and each video is a placeholder film. For real ones put FAL_KEY and
          FAL_TEST_MODE=off into .env.
        </p>
      )}
      {isHeld && (
        <p class="held" role="status">
          <b>fal.ai takes no new videos from this service just now.</b> What you start is prepared, waits, and goes on
          by itself; nothing is lost, and nothing is billed meanwhile. Videos that were begun before go on.
        </p>
      )}
      <main class={openId === undefined ? "" : "viewing"}>
        <Composer
          key={spaceId}
          spaceId={spaceId}
          connection={connection}
          planning={planning}
          again={again?.of === spaceId ? again.draft : undefined}
          onStarted={started}
        />
        {openId === undefined ? (
          <Library
            key={spaceId}
            address={address}
            go={go}
            space={space}
            favourites={favourites}
            previews={previews}
            connection={connection}
            planning={planning}
            doings={doings}
          />
        ) : (
          <VideoPage
            key={openId}
            id={openId}
            address={address}
            space={space}
            isFavourite={favourites.ids.has(openId)}
            preview={previews.get(openId)}
            connection={connection}
            planning={planning}
            doings={doings}
            onClose={close}
          />
        )}
      </main>
      <p class="spoken" role="status" aria-live="polite">
        {space.trouble ? "The connection is lost. Trying again." : spoken}
      </p>
    </>
  );
}

/** The same functions at each drawing, which do what those of the latest would. */
function useSteady<Functions extends object>(functions: Functions): Functions {
  const latest = useRef(functions);
  latest.current = functions;
  return useMemo(
    () =>
      new Proxy(functions, {
        get:
          (_, name) =>
          (...values: unknown[]) =>
            (Reflect.get(latest.current, name) as (...values: unknown[]) => unknown)(...values),
      }),
    [],
  );
}

/** Timings change when a generation is ready, the budget when one is started or ends. */
function counts(items: MediaSpace[] = []) {
  const count = (status: MediaSpace["media"]["generationStatus"]) =>
    items.filter(({ media }) => media.generationStatus === status).length;
  return { all: items.length, running: count("generating-video"), ready: count("completed") };
}

const THEME = "theme";
type Theme = "light" | "dark";

function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(() => {
    const kept = localStorage.getItem(THEME);
    if (kept !== "light" && kept !== "dark") {
      return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    }
    document.documentElement.dataset["theme"] = kept;
    return kept;
  });
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => localStorage.getItem(THEME) === null && setTheme(system.matches ? "dark" : "light");
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => {
        localStorage.setItem(THEME, other);
        document.documentElement.dataset["theme"] = other;
        setTheme(other);
      }}
    >
      {other === "dark" ? "Dark" : "Light"}
    </button>
  );
}
