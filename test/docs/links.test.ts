// The documents hang together: every link between them leads somewhere, the index has each, and the README stays short.
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "../..");
/** A page that is read before the first video. */
const README_MAX_BYTES = 8 * 1024;

const read = (page: string) => readFileSync(path.join(ROOT, page), "utf8");
const pages = [...globSync(["*.md", "docs/*.md", "stacks/**/README.md"], { cwd: ROOT })];

/** As GitHub names the anchors of headings. */
function anchorsOf(text: string): string[] {
  const titles = [...text.replaceAll(/^```.*?^```/gms, "").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title);
  return titles.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\- _]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Links of a page that lead to no file, or to no heading of it. */
function deadLinks(page: string): string[] {
  const prose = read(page)
    .replaceAll(/^```.*?^```/gms, "")
    .replaceAll(/`[^`]*`/g, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^(https?:|mailto:)/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? page : path.join(path.dirname(page), file);
    if (!existsSync(path.join(ROOT, target))) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(read(target)).includes(anchor);
  });
}

describe("the documents", () => {
  it.each(pages)("%s leads nowhere that is not there", (page) => {
    expect(deadLinks(page)).toEqual([]);
  });

  it("stand in the index, each of them", () => {
    const index = read("docs/README.md");
    const named = globSync("docs/*.md", { cwd: ROOT }).map((page) => path.basename(page));
    expect(named.filter((page) => page !== "README.md" && !index.includes(`](${page})`))).toEqual([]);
  });

  it("begin with a README of at most 8 KB", () => {
    expect(statSync(path.join(ROOT, "README.md")).size).toBeLessThanOrEqual(README_MAX_BYTES);
  });
});
