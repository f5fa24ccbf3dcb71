// `npm run help`: what each script is for, in one line.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { ROOT } from "../offline/platform.ts";

/** Every script that a person calls, by what one comes for. */
const SCRIPTS: Record<string, Record<string, string>> = {
  "On your machine": {
    start: "runs everything here, in test mode unless told otherwise",
    "fal-simulator": "a fal of your own with faults to switch on: -- --port 4100",
    client: "packs the client library with its types into .client",
  },
  "In your AWS account": {
    deploy: "deploys a stage: -- --stage production",
    synth: "writes every resource that a deploy would make, without an account: -- graph.json",
    rehearse: "what AWS would refuse of a deploy, as far as npm alone can know it: [-- --stage production]",
    redrive: "delivers again what could not be stored, or what lies in a dead-letter queue",
    "api-key": "makes, lists and revokes the keys of callers: -- create|list|revoke [--stage production]",
    reconcile: "fal's bill beside our books: [-- --from D --to D --stage S --json --csv]",
    "kill-switch": "stops every start and submit, or lets them be again: -- on|off [--stage production]",
  },
  "Before a change lands": {
    test: "the quick lane of the tests, under three minutes",
    "test:fast": "one room, one file or one sentence of it: -- test/money",
    "test:long": "every single fault, pairs of faults, every planted bug, the whole console",
    "test:all": "both lanes",
    check: "types, lint, format and both lanes: what must pass",
    types: "the compiler over functions, stacks, console and tests",
    lint: "ESLint",
    format: "Prettier writes",
    "format:check": "Prettier looks",
    "client:check": "the packed client on other runtimes and bundlers, asked from the registry: before a release",
    mutate: "changes a room's code and says which changes its tests do not notice: -- money",
  },
  Measured: {
    simulate: "the world with faults drawn by a seed, every invariant held: -- --seeds 1000",
    bench: "beside what people would use instead: [-- --quick --json file]",
    capacity: "writes docs/capacity.md anew",
    models: "holds the catalogue against fal's prices and fields: -- --check",
  },
  "For those who release": {
    schemas: "writes docs/schemas anew from the contract",
    "deploy-policy": "writes docs/deploy-policy.json anew: the rights that a deploy needs",
    screens: "takes the pictures of the console in docs/images anew",
    platform: "lays out SST's own types under .sst; other scripts call it",
    "release:check": "holds version, changelog, tag and client package against each other",
    help: "this list",
  },
};

/** npm calls these by itself before the script of the name that follows. */
const isHook = (name: string, all: Record<string, string>) =>
  /^(pre|post)/.test(name) && name.replace(/^(pre|post)/, "") in all;

/** Scripts of package.json that the list does not have, and entries of the list that package.json does not have. */
export function unlisted(scripts: Record<string, string>): string[] {
  const listed = Object.values(SCRIPTS).flatMap(Object.keys);
  const called = Object.keys(scripts).filter((name) => !isHook(name, scripts));
  return [...called.filter((name) => !listed.includes(name)), ...listed.filter((name) => !(name in scripts))];
}

export function packageScripts(): Record<string, string> {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return z.object({ scripts: z.record(z.string(), z.string()) }).parse(manifest).scripts;
}

if (import.meta.main) {
  for (const [title, scripts] of Object.entries(SCRIPTS)) {
    console.log(`\n${title}`);
    for (const [name, sentence] of Object.entries(scripts)) console.log(`  npm run ${name.padEnd(15)}${sentence}`);
  }
}
