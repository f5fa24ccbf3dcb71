// fal's hosts lead to the simulator, as a resolver would lead them: the packages under test run as they are, at their defaults.

const FAL = "https://queue.fal.run";

/** Replaces the process's `fetch`; to be called before a package is loaded that keeps it. */
export function steerFetch(simulator: string): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(FAL)) throw new Error(`${url} is not fal's`);
    const response = await fetch(url.replace(FAL, simulator), init);
    if (!response.headers.get("content-type")?.includes("json")) return response;
    // The simulator names itself in what it answers; who follows such an address shall find fal there.
    const { status, headers } = response;
    return new Response((await response.text()).replaceAll(simulator, FAL), { status, headers });
  };
}
