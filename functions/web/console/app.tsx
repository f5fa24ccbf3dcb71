// The console: a place to start a generation beside everything that was started in this space.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { Card } from "./card.tsx";
import { Composer } from "./composer.tsx";
import type { Draft } from "./draft.ts";
import type { Session } from "./session.ts";
import { usePlanning } from "./use-planning.ts";
import { useSpace } from "./use-space.ts";

const DEFAULT_SPACE = "demo";
const SPACE = /^[A-Za-z0-9_-]{1,128}$/;

function spaceInAddress(): string {
  const asked = new URLSearchParams(location.search).get("space") ?? "";
  return SPACE.test(asked) ? asked : DEFAULT_SPACE;
}

export function App({ session }: { session: Session }) {
  const { connection } = session;
  const [spaceId, setSpaceId] = useState(spaceInAddress);
  const space = useSpace(spaceId, connection);
  const planning = usePlanning(connection, counts(space.items));
  const [again, setAgain] = useState<Draft>();
  const [spoken, setSpoken] = useState("");
  /** Pictures from this disk, until the server has its own. */
  const [previews, setPreviews] = useState<ReadonlyMap<string, string>>(new Map());

  const openSpace = (name: string) => {
    history.replaceState(null, "", `/?space=${encodeURIComponent(name)}`);
    setAgain(undefined);
    setSpaceId(name);
  };
  const cards = useRef<HTMLUListElement>(null);
  const more = async () => {
    const last = cards.current?.lastElementChild;
    await space.more();
    // The button may be gone: move the focus to the first of the newly loaded cards.
    if (last?.nextElementSibling instanceof HTMLElement) last.nextElementSibling.focus();
  };
  const started = (item: MediaSpace, preview: string) => {
    setPreviews((before) => new Map(before).set(item.id, preview));
    space.put(item);
    setSpoken("Started. Its card is the first in the list.");
  };

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
        <SpaceName spaceId={spaceId} onOpen={openSpace} />
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
      <main>
        <Composer
          key={spaceId}
          spaceId={spaceId}
          connection={connection}
          planning={planning}
          again={again}
          onStarted={started}
        />
        <section id="generations" class="list" aria-labelledby="list-title" tabIndex={-1}>
          <div class="list-head">
            <h2 id="list-title">Your videos</h2>
            {space.trouble && <p class="trouble">{`${space.trouble} Trying again.`}</p>}
          </div>
          {space.items === undefined && !space.trouble && <Skeleton />}
          {space.items?.length === 0 && (
            <div class="empty">
              <p>Nothing here yet.</p>
              <p>Choose a picture, describe what should happen in it, and the video appears here.</p>
            </div>
          )}
          <ul class="cards" ref={cards}>
            {space.items?.map((item) => (
              <Card
                key={item.id}
                item={item}
                preview={previews.get(item.id)}
                connection={connection}
                planning={planning}
                onChanged={space.put}
                onDeleted={space.drop}
                onStale={space.refresh}
                onReuse={setAgain}
                onSay={setSpoken}
              />
            ))}
          </ul>
          {space.hasMore && (
            <button type="button" class="more" onClick={() => void more()}>
              Show older ones
            </button>
          )}
        </section>
      </main>
      <p class="spoken" role="status" aria-live="polite">
        {space.trouble ? "The connection is lost. Trying again." : spoken}
      </p>
    </>
  );
}

/** Timings change when a generation is ready, the budget when one is started or ends. */
function counts(items: MediaSpace[] = []) {
  const count = (status: MediaSpace["media"]["generationStatus"]) =>
    items.filter(({ media }) => media.generationStatus === status).length;
  return { all: items.length, running: count("generating-video"), ready: count("completed") };
}

function SpaceName({ spaceId, onOpen }: { spaceId: string; onOpen: (name: string) => void }) {
  const [name, setName] = useState(spaceId);
  const isName = SPACE.test(name);
  return (
    <form
      class="space"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isName || name === spaceId) return;
        onOpen(name);
        // The button disappears, and would take the focus with it.
        event.currentTarget.querySelector("input")?.focus();
      }}
    >
      <label for="space">Space</label>
      <input
        id="space"
        value={name}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={!isName}
        aria-describedby={isName ? undefined : "space-fault"}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      {name !== spaceId && isName && <button class="quiet">Open</button>}
      {!isName && (
        <span id="space-fault" class="fault">
          Letters, digits, _ and - only
        </span>
      )}
    </form>
  );
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

function Skeleton() {
  return (
    <div class="cards" role="status" aria-label="Loading your videos">
      {[1, 2, 3].map((n) => (
        <div key={n} class="card skeleton" />
      ))}
    </div>
  );
}
