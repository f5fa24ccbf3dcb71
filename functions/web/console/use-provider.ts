// Whether fal.ai takes this service's jobs, for the banner: what is started while it does not waits, and goes on by itself.
import { useEffect, useState } from "preact/hooks";

const LOOK_AGAIN_MS = 60_000;

/** @param waits whether any generation that is shown says that it is held: then it is asked for anew */
export function useProviderHeld(waits: boolean): boolean {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      isProviderHeld().then(
        setHeld,
        // The cards say what they wait for, too.
        () => setHeld(waits),
      );
    };
    look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [waits]);
  return isHeld;
}

async function isProviderHeld(): Promise<boolean> {
  const answer = await fetch("/health", { signal: AbortSignal.timeout(10_000) });
  const { provider } = (await answer.json()) as { provider?: string };
  return provider === "held";
}
