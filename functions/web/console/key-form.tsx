// Where callers use keys: asks for one, tries it, and keeps it for as long as this tab is open.
import { render } from "preact";
import { useState } from "preact/hooks";
import { getBudget } from "../../../shared/client/calls.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Session } from "./session.ts";

/** In the tab's storage; the page of the API keeps it in the same place. */
export const KEY_KEPT = "api-key";

/** Whether this deployment takes keys and has no page to sign in at (`shared/edge/web.ts`). */
export function takesKey(): boolean {
  const said = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;
  return said("keys") === "true" && said("sign-in") === "null";
}

/** The session of the key that this tab keeps, or of a typed one as soon as the API accepts it. */
export async function sessionWithKey(root: Element): Promise<Session> {
  const kept = sessionStorage.getItem(KEY_KEPT);
  if (kept !== null && (await faultOf(kept)) === undefined) return sessionOf(kept);
  sessionStorage.removeItem(KEY_KEPT);
  return new Promise((resolve) => {
    const opened = (key: string) => {
      sessionStorage.setItem(KEY_KEPT, key);
      resolve(sessionOf(key));
    };
    render(<KeyForm onKey={opened} />, root);
  });
}

function sessionOf(key: string): Session {
  return {
    connection: { token: key },
    signOut: () => {
      sessionStorage.removeItem(KEY_KEPT);
      location.assign("/");
    },
  };
}

/** What is wrong with a key, in words; undefined when it may read. */
async function faultOf(key: string): Promise<string | undefined> {
  try {
    await getBudget({ token: key });
    return undefined;
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return error.code === "unauthorized"
      ? "This key does not work: it is wrong, has expired or was revoked."
      : error.message;
  }
}

function KeyForm({ onKey }: { onKey: (key: string) => void }) {
  const [key, setKey] = useState("");
  const [fault, setFault] = useState<string>();
  const [isTrying, setIsTrying] = useState(false);
  const attempt = async () => {
    setIsTrying(true);
    const found = await faultOf(key.trim());
    setIsTrying(false);
    if (found === undefined) onKey(key.trim());
    else setFault(found);
  };
  return (
    <main class="notice">
      <h1>Your key</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void attempt();
        }}
      >
        <label for="key">A key of this service, which begins with km_</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          value={key}
          aria-invalid={fault !== undefined}
          aria-describedby={fault === undefined ? "key-note" : "key-fault"}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
        <button class="primary" disabled={isTrying}>
          {isTrying ? "Trying the key" : "Open"}
        </button>
        {fault !== undefined && (
          <p id="key-fault" class="fault" role="alert">
            {fault}
          </p>
        )}
        <p id="key-note">It stays in this tab, and is forgotten when you close it.</p>
      </form>
    </main>
  );
}
