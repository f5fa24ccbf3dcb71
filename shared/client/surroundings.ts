// Where the client runs: a page that may be hidden and lose its network, or a program that knows neither.
import { UsageError } from "./errors.ts";

/** The parts of a browser that matter here; a program has none of them. */
interface Page {
  document?: EventTarget & { readonly visibilityState: string };
  addEventListener?: EventTarget["addEventListener"];
  removeEventListener?: EventTarget["removeEventListener"];
  setTimeout: typeof setTimeout;
  location?: object;
  crypto?: object;
  AbortSignal: { any?: unknown };
}

const page: Page = globalThis;

/** @throws UsageError where something could be started and not be followed */
export function expectRuntime(): void {
  if (!page.AbortSignal.any || !page.crypto)
    throw new UsageError("old_runtime", "This needs Node 20.3 or later, Bun, Deno, or a browser of 2024 or later.");
}

/**
 * Refuses what cannot be answered, before anything is sent.
 * @throws UsageError
 */
export function expectUsable({ baseUrl, fetch }: { baseUrl?: string | undefined; fetch?: unknown }): void {
  expectRuntime();
  // A page of the API's own origin, and a fetch that knows where to, need no address or a path alone.
  const isKnown = /^https?:\/\//i.test(baseUrl ?? "")
    ? URL.canParse(baseUrl ?? "")
    : (page.location ?? fetch) !== undefined && /^(\/|$)/.test(baseUrl ?? "");
  if (!isKnown)
    throw new UsageError("bad_base_url", 'Give `baseUrl`, the API\'s address, such as "https://api.example.com".');
}

/** Resolves as soon as the page may be visible. @throws the signal's reason */
export async function untilVisible(signal?: AbortSignal): Promise<void> {
  while (page.document?.visibilityState === "hidden") await pause(Infinity, signal);
}

/** Waits, but no longer than until the page is shown again or the network is back. */
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
