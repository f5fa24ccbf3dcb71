// `npm run help` knows every script.
import { expect, it } from "vitest";
import { packageScripts, unlisted } from "../../stacks/operator/help.ts";

it("has a line for each script, and a script for each line", () => {
  expect(unlisted(packageScripts())).toEqual([]);
});

it("names what is missing on either side, and leaves npm's own hooks out", () => {
  const scripts = packageScripts();
  const others = Object.fromEntries(Object.entries(scripts).filter(([name]) => name !== "help"));
  expect(unlisted({ ...others, prestart: "x", forgotten: "y" })).toEqual(["forgotten", "help"]);
});
