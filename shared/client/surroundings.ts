// Where the client runs: a page that may be hidden and lose its network, or a program that knows neither.

/** What of a browser matters here; a program has none of it. */
interface Page {
  document?: EventTarget & { readonly visibilityState: string };
  addEventListener?: EventTarget["addEventListener"];
  removeEventListener?: EventTarget["removeEventListener"];
  setTimeout: typeof setTimeout;
}

const page: Page = globalThis;

/** Resolves as soon as somebody may be looking. @throws the signal's reason */
export async function untilVisible(signal?: AbortSignal): Promise<void> {
  while (page.document?.visibilityState === "hidden") await pause(Infinity, signal);
}

/** Waits, but no longer than until things change for the better: the page is shown again, or the network is back. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { document } = page;
  await new Promise<void>((resolve) => {
    const timer = ms === Infinity ? undefined : setTimeout(end, ms);
    document?.addEventListener("visibilitychange", shown);
    page.addEventListener?.("online", end);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();

    function shown() {
      if (document?.visibilityState === "visible") end();
    }
    function end() {
      clearTimeout(timer);
      document?.removeEventListener("visibilitychange", shown);
      page.removeEventListener?.("online", end);
      signal?.removeEventListener("abort", end);
      resolve();
    }
  });
  signal?.throwIfAborted();
}
