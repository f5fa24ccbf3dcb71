// Which space is shown, and which others there are.
import { useState } from "preact/hooks";
import { listSpaces } from "../../../shared/client/calls.ts";
import type { SpacesPage } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { SPACE } from "./address.ts";

/** As many as the API counts in one answer; any other can be typed. */
const OFFERED = 50;

interface Props {
  spaceId: string;
  connection: Connection;
  onOpen: (name: string) => void;
}

export function SpaceName({ spaceId, connection, onOpen }: Props) {
  const [name, setName] = useState(spaceId);
  const [spaces, setSpaces] = useState<SpacesPage["items"]>([]);
  const isName = SPACE.test(name);
  const read = async () => {
    try {
      setSpaces((await listSpaces({ ...connection, limit: OFFERED })).items);
    } catch (error) {
      // The names are a help: the field works without.
      if (!isTrouble(error)) throw error;
    }
  };
  return (
    <form
      class="space"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isName || name === spaceId) return;
        onOpen(name);
        // The button disappears, and would take the focus with it.
        requestAnimationFrame(() => document.getElementById("space")?.focus());
      }}
    >
      <label for="space">Space</label>
      <input
        id="space"
        list="spaces"
        value={name}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={!isName}
        aria-describedby={isName ? undefined : "space-fault"}
        onFocus={() => void read()}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <datalist id="spaces">
        {spaces.map(({ id, count, more }) => (
          <option key={id} value={id}>
            {`${count}${more ? " and more" : ""} ${count === 1 && !more ? "video" : "videos"}`}
          </option>
        ))}
      </datalist>
      {name !== spaceId && isName && <button class="quiet">Open</button>}
      {!isName && (
        <span id="space-fault" class="fault">
          Letters, digits, _ and - only
        </span>
      )}
    </form>
  );
}
