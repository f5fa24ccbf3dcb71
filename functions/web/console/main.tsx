// The console's entry: signs in where that is asked for, then shows a space.
import { render } from "preact";
import { App } from "./app.tsx";
import { sessionWithKey, takesKey } from "./key-form.tsx";
import { openSession, SignInError, type Session } from "./session.ts";

const root = document.getElementById("console");
if (!root) throw new Error("The page has no place for the console.");

try {
  const session: Session = takesKey() ? await sessionWithKey(root) : await openSession();
  render(<App session={session} />, root);
} catch (error) {
  if (!(error instanceof SignInError)) throw error;
  render(
    <main class="notice">
      <h1>Signing in did not work</h1>
      <p>{error.message}</p>
      <p>
        <a href="/">Try again</a>
      </p>
    </main>,
    root,
  );
}
