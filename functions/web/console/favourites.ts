// Favourites are stored in this browser, not in the record: no other user sees them.
import { useCallback, useEffect, useState } from "preact/hooks";

export interface Favourites {
  ids: ReadonlySet<string>;
  mark: (ids: readonly string[], isFavourite: boolean) => void;
}

/** The favourites of a space, kept in this browser and followed when another tab changes them. */
export function useFavourites(spaceId: string): Favourites {
  const place = `favourites:${spaceId}`;
  const [ids, setIds] = useState(() => read(place));
  useEffect(() => {
    const follow = () => setIds(read(place));
    follow();
    addEventListener("storage", follow);
    return () => removeEventListener("storage", follow);
  }, [place]);
  const mark = useCallback(
    (marked: readonly string[], isFavourite: boolean) => {
      const after = new Set(read(place));
      for (const id of marked) {
        if (isFavourite) after.add(id);
        else after.delete(id);
      }
      localStorage.setItem(place, JSON.stringify([...after]));
      setIds(after);
    },
    [place],
  );
  return { ids, mark };
}

function read(place: string): ReadonlySet<string> {
  return new Set(JSON.parse(localStorage.getItem(place) ?? "[]") as string[]);
}
