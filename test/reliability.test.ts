// docs/reliability.md names tests that are there.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);

it("every promise names its tests, and each of them exists", async () => {
  const page = await readFile(new URL("docs/reliability.md", root), "utf8");
  const promises = page.split(/^## /m).slice(1, -1);
  for (const promise of promises) {
    const proofs = [...promise.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)];
    expect(proofs.length, promise.split("\n")[0]).toBeGreaterThan(0);
    for (const [, file = "", titles = ""] of proofs) {
      const source = await readFile(new URL(file, root), "utf8");
      for (const [, title = ""] of titles.matchAll(/"([^"]+)"/g)) expect(source, file).toContain(`"${title}"`);
    }
  }
});
