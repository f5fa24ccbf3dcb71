// The house: who may import whom and what stays small, read off the source itself; every rule is shown to bite.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { ROUTES } from "../stacks/blueprint/routes.ts";
import { RULES, SCHEDULES } from "../stacks/blueprint/rules.ts";
import { WORKFLOW_FUNCTIONS } from "../stacks/blueprint/workflow.asl.ts";

const ROOT = path.join(import.meta.dirname, "..");
const FUNCTION_MAX_LINES = 40;
const LAMBDA_MAX_LINES = 149;

/** Files as they are on disk: path from the root -> content. */
type Files = Record<string, string>;

/** What the rules ask of a file. */
interface Source {
  path: string;
  lines: number;
  /** Files of ours by their path, packages by their name, Node's own as `node:...`. */
  imports: string[];
  /** Those of them that are left when the types are gone. */
  runtimeImports: string[];
  /** What it takes of them: `shared/media/media.ts#refOf`; `#*` where it is the whole module. */
  taken: string[];
  /** Imports whose address only the running code knows. */
  computedImports: number;
  /** Names the file hands out; `*` for a whole other module. */
  exports: string[];
  /** Those of them that are types alone. */
  exportedTypes: string[];
  /** Names in the code, each as often as it stands there; properties of other things left out. */
  names: string[];
  /** Functions named by path: `functions/api/get-media.handler`. */
  handlerPaths: string[];
}

/** Parsed by the TypeScript compiler: static, type-only, side-effect, re-exporting, dynamic and `require` imports alike. */
function parse(filePath: string, text: string): Source {
  const file = ts.createSourceFile(filePath, text, ts.ScriptTarget.Latest, true);
  const source: Source = {
    path: filePath,
    lines: text.replace(/\n$/, "").split("\n").length,
    imports: [],
    runtimeImports: [],
    taken: [],
    computedImports: 0,
    exports: file.statements.flatMap(exportedNames),
    exportedTypes: file.statements.filter(isTypeDeclaration).flatMap(exportedNames),
    names: [],
    handlerPaths: [],
  };
  const address = (node: ts.Node | undefined, { isType = false, names = ["*"] } = {}) => {
    if (!node || !ts.isStringLiteralLike(node)) return void source.computedImports++;
    const target = resolved(filePath, node.text);
    source.imports.push(target);
    if (!isType) source.runtimeImports.push(target);
    source.taken.push(...names.map((name) => `${target}#${name}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      address(node.moduleSpecifier, { isType: isTypeOnly(node), names: namesIn(node.importClause?.namedBindings) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      address(node.moduleSpecifier, { isType: node.isTypeOnly, names: namesIn(node.exportClause) });
    } else if (ts.isExternalModuleReference(node)) address(node.expression);
    else if (ts.isImportTypeNode(node)) {
      address(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, { isType: true });
    } else if (ts.isCallExpression(node) && isImporting(node.expression)) address(node.arguments[0]);
    else if (ts.isIdentifier(node) && !isProperty(node)) source.names.push(node.text);
    else if (ts.isStringLiteralLike(node) && /^functions\/.+\.\w+$/.test(node.text))
      source.handlerPaths.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return source;
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  return importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function namesIn(bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined): string[] {
  if (!bindings || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return ["*"];
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function isTypeDeclaration(statement: ts.Statement): boolean {
  return ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
}

function isImporting(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require");
}

/** `x.process` is x's own; `globalThis.process` is the process. */
function isProperty(node: ts.Identifier): boolean {
  const { parent } = node;
  if (!ts.isPropertyAccessExpression(parent) || parent.name !== node) return false;
  return !(ts.isIdentifier(parent.expression) && parent.expression.text === "globalThis");
}

function resolved(from: string, specifier: string): string {
  if (specifier.startsWith(".")) return path.posix.join(path.posix.dirname(from), specifier);
  if (specifier.startsWith("/") || specifier.startsWith("file:")) return specifier;
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

function exportedNames(statement: ts.Statement): string[] {
  if (ts.isExportAssignment(statement)) return ["default"];
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    if (!exportClause) return ["*"];
    return ts.isNamedExports(exportClause)
      ? exportClause.elements.map(({ name }) => name.text)
      : [exportClause.name.text];
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
  if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) return ["default"];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const named = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
  if (named || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [statement.name?.text ?? "default"];
  }
  return ["*"];
}

const inside =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file.startsWith(folder));
/** What a generation is and how it is made, without anything that it runs on. */
const DOMAIN = [
  "shared/kling/",
  "shared/media/",
  "shared/access/",
  "shared/money/",
  "shared/webhooks/",
  "shared/generation/",
];
/** What runs in a browser: it lies beside the function that serves it, and is none. */
const CONSOLE = "functions/web/console/";
/** The client's one file that needs a package: an entry of its own, for those who have that package. */
const REACT_HOOKS = "shared/client/react.ts";
const isFunctionFile = (file: string) => inside("functions/")(file) && !inside(CONSOLE)(file);
const isOurs = inside("functions/", "shared/", "stacks/", "test/");
const isNode = inside("node:");
const isPackage = (target: string) => !isOurs(target) && !isNode(target);

/**
 * The rooms of shared/, from the top, and what each may import besides itself: only what stands below it. The library of
 * the original application is one of the services.
 */
const ARROWS: Record<string, string[]> = {
  client: ["contract", "kling"],
  mcp: ["edge", "services", "contract", "generation", "media", "kling"],
  edge: ["services", "environment", "access", "media", "kling"],
  services: [
    "contract",
    "linked",
    "environment",
    "generation",
    "adapters",
    "webhooks",
    "access",
    "money",
    "media",
    "kling",
  ],
  contract: ["generation", "webhooks", "access", "money", "media", "kling"],
  linked: ["environment"],
  environment: ["kling"],
  generation: ["money", "media", "kling"],
  adapters: ["webhooks", "access", "money", "media", "kling"],
  webhooks: ["media", "kling"],
  access: ["media", "kling"],
  money: ["media", "kling"],
  media: ["kling"],
  kling: [],
};

/** `shared/media/status.ts` -> `media`, `shared/environment.ts` -> `environment`. */
function roomOf(file: string): string | undefined {
  if (file === "shared/kling.ts") return "services";
  return /^shared\/([\w-]+)(?:\/|\.ts$)/.exec(file)?.[1];
}

/** The way on which a file comes back to itself, if it is the first by name of those on it. */
function circleOf(source: Source, house: ReadonlyMap<string, Source>): string[] | undefined {
  const ways = [[source.path]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const target of house.get(way.at(-1) ?? "")?.imports ?? []) {
      if (target === source.path) return way.slice(1);
      if (target < source.path || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
}

/** An adapter that needs another, and why. */
const NEIGHBOURS: Record<string, string[]> = {
  // The records' item layout and their expressions are files of their own, for their length alone.
  "shared/adapters/dynamo-media-records.ts": [
    "shared/adapters/document-client.ts",
    "shared/adapters/media-item.ts",
    "shared/adapters/update-expression.ts",
  ],
  // All who use the table speak to it in one way.
  "shared/adapters/account-item.ts": ["shared/adapters/update-expression.ts"],
  "shared/adapters/dynamo-budget.ts": [
    "shared/adapters/account-item.ts",
    "shared/adapters/document-client.ts",
    "shared/adapters/dynamo-shards.ts",
    "shared/adapters/update-expression.ts",
  ],
  "shared/adapters/dynamo-shards.ts": [
    "shared/adapters/account-item.ts",
    "shared/adapters/document-client.ts",
    "shared/adapters/update-expression.ts",
  ],
  "shared/adapters/dynamo-ledger.ts": [
    "shared/adapters/document-client.ts",
    "shared/adapters/readable-items.ts",
    "shared/adapters/update-expression.ts",
  ],
  "shared/adapters/dynamo-timings.ts": ["shared/adapters/document-client.ts", "shared/adapters/readable-items.ts"],
  "shared/adapters/dynamo-spaces.ts": [
    "shared/adapters/document-client.ts",
    "shared/adapters/media-item.ts",
    "shared/adapters/readable-items.ts",
  ],
  "shared/adapters/dynamo-api-keys.ts": ["shared/adapters/document-client.ts", "shared/adapters/readable-items.ts"],
  "shared/adapters/dynamo-places.ts": ["shared/adapters/document-client.ts", "shared/adapters/update-expression.ts"],
  "shared/adapters/dynamo-gate.ts": ["shared/adapters/document-client.ts", "shared/adapters/update-expression.ts"],
  "shared/adapters/dynamo-request-tries.ts": ["shared/adapters/document-client.ts"],
  "shared/adapters/dynamo-webhooks.ts": [
    "shared/adapters/document-client.ts",
    "shared/adapters/readable-items.ts",
    "shared/adapters/update-expression.ts",
  ],
  "shared/adapters/dynamo-deliveries.ts": ["shared/adapters/document-client.ts", "shared/adapters/readable-items.ts"],
  "shared/adapters/media-item.ts": ["shared/adapters/legacy-media-item.ts"],
  // All stores take the same keys, and measure what they take.
  "shared/adapters/local-media-files.ts": [
    "shared/adapters/checked-key.ts",
    "shared/adapters/measured-body.ts",
    "shared/adapters/signed.ts",
  ],
  "shared/adapters/s3-media-files.ts": [
    "shared/adapters/attachment.ts",
    "shared/adapters/checked-key.ts",
    "shared/adapters/measured-body.ts",
  ],
  "shared/adapters/local-upload-places.ts": ["shared/adapters/checked-key.ts", "shared/adapters/signed.ts"],
  "shared/adapters/s3-upload-places.ts": ["shared/adapters/checked-key.ts"],
  // What is handed out to come back is signed in one way.
  "shared/adapters/list-cursor.ts": ["shared/adapters/signed.ts"],
  "shared/adapters/webhook-address.ts": ["shared/adapters/signed.ts"],
  // All services that are no AWS are read up to the same size.
  "shared/adapters/fal-bills.ts": ["shared/adapters/bounded-answer.ts"],
  "shared/adapters/fal-queue.ts": ["shared/adapters/bounded-answer.ts"],
  "shared/adapters/fal-signature.ts": ["shared/adapters/bounded-answer.ts"],
  "shared/adapters/token-verifier.ts": ["shared/adapters/bounded-answer.ts"],
  "shared/adapters/workflow-ai.ts": ["shared/adapters/bounded-answer.ts"],
  // fal's other models stand behind the same queue as Kling.
  "shared/adapters/fal-video-understanding.ts": ["shared/adapters/fal-queue.ts"],
  "shared/adapters/fal-video-frames.ts": ["shared/adapters/fal-queue.ts"],
};

/** AWS ships a client and its helpers as several packages; zod reads answers and is no service's SDK. */
function outsideSystems({ imports }: Source): string[] {
  const packages = imports.filter((target) => isPackage(target) && target !== "zod");
  const clients = packages.filter((name) => name.startsWith("@aws-sdk/client-"));
  const others = packages.filter((name) => !name.startsWith("@aws-sdk/"));
  const helpers = clients.length === 0 && packages.length > others.length ? ["@aws-sdk"] : [];
  return [...new Set([...clients, ...helpers, ...others])];
}

/** Files the rule is about, and what is wrong with one of them. */
interface Rule {
  about: (file: string) => boolean;
  faults: (source: Source, house: ReadonlyMap<string, Source>) => string[];
}

const imports = (about: Rule["about"], mayImport: (target: string) => boolean): Rule => ({
  about,
  faults: (source) => source.imports.filter((target) => !mayImport(target)).map((target) => `imports ${target}`),
});

const HOUSE_RULES: Record<string, Rule> = {
  "a room imports what stands below it": {
    about: inside("shared/"),
    faults: ({ path, imports }) => {
      const room = roomOf(path) ?? "";
      const below = ARROWS[room];
      if (!below) return ["lies in a room that the table of arrows does not have"];
      const mayImport = (target: string) => [room, ...below].includes(roomOf(target) ?? "");
      return imports.filter((target) => isOurs(target) && !mayImport(target)).map((target) => `imports ${target}`);
    },
  },
  "no file comes back to itself, type imports included": {
    about: inside("functions/", "shared/", "stacks/"),
    faults: (source, house) => {
      const circle = circleOf(source, house);
      return circle ? [`imports itself by way of ${circle.join(" and ") || "nothing else"}`] : [];
    },
  },
  "what is handed out is taken by another file": {
    // Functions have a rule of their own; the client is a package, and what it hands out is for other projects.
    about: (file) => inside(CONSOLE, "shared/", "stacks/")(file) && !inside("shared/client/")(file),
    faults: ({ path, exports, exportedTypes, names }, house) => {
      const taken = takenIn(house);
      if (taken.has(`${path}#*`)) return [];
      // The type of something that is handed out may stand beside it.
      const isUsedHere = (name: string) => exportedTypes.includes(name) && names.filter((it) => it === name).length > 1;
      return exports
        .filter((name) => name !== "*" && !taken.has(`${path}#${name}`) && !isUsedHere(name))
        .map((name) => `hands out ${name}, which no other file takes`);
    },
  },
  "the domain imports no package": imports(inside(...DOMAIN), (target) => !isPackage(target)),
  "an adapter imports another for a reason": {
    about: inside("shared/adapters/"),
    faults: (source) =>
      source.imports
        .filter((target) => inside("shared/adapters/")(target) && !NEIGHBOURS[source.path]?.includes(target))
        .map((target) => `imports ${target}`),
  },
  "an adapter speaks to one outside system": {
    about: inside("shared/adapters/"),
    faults: (source) => {
      const systems = outsideSystems(source);
      return systems.length > 1 ? [`imports ${systems.join(" and ")}`] : [];
    },
  },
  "the client stands on its own, types apart": {
    about: inside("shared/client/"),
    faults: ({ path, runtimeImports }) =>
      runtimeImports
        .filter((target) => !inside("shared/client/")(target) && !(path === REACT_HOOKS && target === "react"))
        .map((target) => `imports ${target}`),
  },
  "the console imports its own files, the client, and what a browser can run": imports(
    inside(CONSOLE),
    (target) => inside(CONSOLE, "shared/client/")(target) || ["preact", "oauth4webapi"].includes(target),
  ),
  "a function imports shared, and of packages zod alone": imports(
    isFunctionFile,
    (target) => inside("shared/")(target) || target === "zod",
  ),
  "a function is short and hands out its handler alone": {
    about: isFunctionFile,
    faults: ({ lines, exports }) => [
      ...(lines > FUNCTION_MAX_LINES ? [`has ${lines} lines`] : []),
      ...(exports.join() === "handler" ? [] : [`exports ${exports.join(", ") || "nothing"}`]),
    ],
  },
  "what surrounds every function is read in one sitting": {
    about: (file) => file === "shared/edge/lambda.ts",
    faults: ({ lines }) => (lines > LAMBDA_MAX_LINES ? [`has ${lines} lines`] : []),
  },
  "the blueprint imports nothing but itself": imports(inside("stacks/blueprint/"), inside("stacks/blueprint/")),
  "only the local machine and the tests import functions": imports(
    (file) => !inside("stacks/local/", "test/", "functions/")(file),
    (target) => !inside("functions/")(target),
  ),
  "nothing imports the tests": imports(
    (file) => !inside("test/")(file),
    (target) => !inside("test/")(target),
  ),
  "an import says what it imports, but where functions and SST's own bundles are loaded": {
    about: (file) =>
      !inside("test/")(file) && !["stacks/local/aws/functions.ts", "stacks/offline/graph.ts"].includes(file),
    faults: ({ computedImports }) => (computedImports > 0 ? ["imports what only the running code knows"] : []),
  },
  "only shared/environment.ts reads the environment": {
    about: (file) => inside("functions/", "shared/")(file) && file !== "shared/environment.ts",
    faults: (source) => [
      ...(source.names.includes("process") ? ["names the process"] : []),
      ...source.imports.filter((target) => ["node:process", "process"].includes(target)).map((it) => `imports ${it}`),
    ],
  },
  "only shared/linked.ts reads what SST has linked": imports(
    (file) => inside("functions/", "shared/")(file) && file !== "shared/linked.ts",
    (target) => target !== "sst",
  ),
  "every function the blueprint names is there": {
    about: inside("stacks/blueprint/"),
    faults: ({ handlerPaths }, house) =>
      handlerPaths.filter((handler) => {
        const [, file = "", name = ""] = /^(.+)\.(\w+)$/.exec(handler) ?? [];
        return !house.get(`${file}.ts`)?.exports.includes(name);
      }),
  },
  "every function is named by the blueprint": {
    about: isFunctionFile,
    faults: (source, house) => (namedByBlueprint(house).includes(source.path) ? [] : ["is named nowhere"]),
  },
};

/** The files of the functions that stand in the blueprint. */
function namedByBlueprint(house: ReadonlyMap<string, Source>): string[] {
  return [...house.values()]
    .filter((source) => inside("stacks/blueprint/")(source.path))
    .flatMap(({ handlerPaths }) => handlerPaths.map((handler) => handler.replace(/\.\w+$/, ".ts")));
}

/** What any file takes of another. */
function takenIn(house: ReadonlyMap<string, Source>): Set<string> {
  const known = TAKEN.get(house) ?? new Set([...house.values()].flatMap(({ taken }) => taken));
  TAKEN.set(house, known);
  return known;
}
const TAKEN = new WeakMap<ReadonlyMap<string, Source>, Set<string>>();

/** Broken rules, each with the files that break it and how. */
function brokenRules(files: Files): Record<string, string[]> {
  const house = new Map(Object.entries(files).map(([file, text]) => [file, parse(file, text)] as const));
  const broken: Record<string, string[]> = {};
  for (const [name, { about, faults }] of Object.entries(HOUSE_RULES)) {
    const found = [...house.values()]
      .filter((source) => about(source.path))
      .flatMap((source) => faults(source, house).map((fault) => `${source.path} ${fault}`));
    if (found.length > 0) broken[name] = found;
  }
  return broken;
}

function filesOnDisk(): Files {
  const found = globSync(["{functions,shared,stacks,test}/**/*.{ts,tsx,mts,cts}", "*.{ts,mts}"], { cwd: ROOT });
  return Object.fromEntries(
    found.map((file) => [file.replaceAll(path.sep, "/"), readFileSync(path.join(ROOT, file), "utf8")]),
  );
}

describe("the house", () => {
  it("keeps every rule", () => {
    const files = filesOnDisk();
    expect(Object.keys(files)).toContain("shared/edge/lambda.ts");
    expect(brokenRules(files)).toEqual({});
  });

  it("has arrows that lead down alone", () => {
    const rooms = Object.keys(ARROWS);
    const upward = Object.entries(ARROWS).flatMap(([room, below]) =>
      below.filter((target) => rooms.indexOf(target) <= rooms.indexOf(room)).map((target) => `${room} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it("writes the blueprint's functions out, so that they are found by reading", () => {
    const files = Object.entries(filesOnDisk()).filter(([file]) => file.startsWith("stacks/blueprint/"));
    const written = files.flatMap(([file, text]) => parse(file, text).handlerPaths);
    const used = [...ROUTES, ...RULES, ...SCHEDULES].map(({ handler }) => handler);
    expect(written).toEqual(expect.arrayContaining([...used, ...Object.values(WORKFLOW_FUNCTIONS)]));
  });
});

describe("a rule of the house", () => {
  function takesAllOf(...files: string[]): string {
    return files.map((file, n) => `import * as all${n} from "../${file}";`).join(" ");
  }

  /** A small house that keeps every rule. */
  const SOUND: Files = {
    "shared/kling/models.ts": "export type Duration = 5; export const MODES: Duration[] = [];",
    "shared/media/media.ts":
      'import { createHash } from "node:crypto"; import { MODES } from "../kling/models.ts"; export const refOf = MODES;',
    "shared/media/ports.ts":
      'import type { refOf } from "./media.ts"; export interface Wish {} export class Records { a: Wish; }',
    "shared/contract/media-space.ts":
      'import * as z from "zod"; import { refOf } from "../media/media.ts"; export const media = refOf;',
    "shared/adapters/dynamo-media-records.ts":
      'import "@aws-sdk/client-dynamodb"; import "@aws-sdk/lib-dynamodb"; import "zod"; import "./media-item.ts"; import { Records } from "../media/ports.ts";',
    "shared/services/media-records.ts":
      'import "@aws-sdk/client-dynamodb"; import "../adapters/dynamo-media-records.ts"; import "../environment.ts"; import "./lazy.ts";',
    "shared/client/calls.ts":
      'import type { media } from "../contract/media-space.ts"; import { send } from "./request.ts"; export const list = send;',
    "shared/environment.ts": "export const all = process.env;",
    "shared/linked.ts": 'import { Resource } from "sst/resource"; import { all } from "./environment.ts";',
    "shared/edge/lambda.ts": 'import middy from "@middy/core"; job.process(); export const http = middy;',
    "functions/api/get-media.ts":
      'import * as z from "zod"; import { http } from "../../shared/edge/lambda.ts"; export const handler = http(z);',
    "functions/web/console/app.tsx":
      'import "preact"; import "./card.tsx"; import "../../../shared/client/calls.ts"; const App = 1;',
    "stacks/blueprint/routes.ts": 'export const ROUTES = [{ handler: "functions/api/get-media.handler" }];',
    "stacks/local/aws/functions.ts": 'await import(file); await import("../../functions/api/get-media.ts");',
    "stacks/api.ts": 'import { ROUTES } from "./blueprint/routes.ts";',
    "test/a.test.ts": 'import { handler } from "../functions/api/get-media.ts"; import "./support/b.ts";',
    "test/all.test.ts": takesAllOf(
      "shared/edge/lambda.ts",
      "shared/contract/media-space.ts",
      "shared/services/kling.ts",
      "shared/services/log.ts",
      "stacks/blueprint/routes.ts",
      "stacks/blueprint/rules.ts",
    ),
  };

  it("lets a sound house be", () => {
    expect(brokenRules(SOUND)).toEqual({});
  });

  const lines = (count: number) => "//\n".repeat(count);
  const handler = "export const handler = 1;";
  const PLANTS: [rule: string, planted: Files, fault: string][] = [
    [
      "a room imports what stands below it",
      { "shared/kling/price.ts": 'import type { Media } from "../media/media.ts";' },
      "shared/kling/price.ts imports shared/media/media.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/media/list.ts": 'import type { E } from "../environment.ts";' },
      "shared/media/list.ts imports shared/environment.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/money/budget.ts": 'import { each } from "../generation/step.ts";' },
      "shared/money/budget.ts imports shared/generation/step.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/generation/start.ts": 'import { bus } from "../adapters/event-bus.ts";' },
      "shared/generation/start.ts imports shared/adapters/event-bus.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/adapters/event-bus.ts": 'import { detail } from "../contract/events.ts";' },
      "shared/adapters/event-bus.ts imports shared/contract/events.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/contract/ids.ts": 'import { RequestError } from "../edge/http-errors.ts";' },
      "shared/contract/ids.ts imports shared/edge/http-errors.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/services/log.ts": 'import "../edge/lambda.ts";' },
      "shared/services/log.ts imports shared/edge/lambda.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/kling.ts": 'import "./edge/lambda.ts";' },
      "shared/kling.ts imports shared/edge/lambda.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/contract/ids.ts": 'import { ROUTES } from "../../stacks/blueprint/routes.ts";' },
      "shared/contract/ids.ts imports stacks/blueprint/routes.ts",
    ],
    [
      "a room imports what stands below it",
      { "shared/utils/text.ts": "" },
      "shared/utils/text.ts lies in a room that the table of arrows does not have",
    ],
    [
      "no file comes back to itself, type imports included",
      {
        "shared/media/a.ts": 'import "./b.ts";',
        "shared/media/b.ts": 'import type { C } from "./c.ts";',
        "shared/media/c.ts": 'import { A } from "./a.ts";',
      },
      "shared/media/a.ts imports itself by way of shared/media/b.ts and shared/media/c.ts",
    ],
    [
      "no file comes back to itself, type imports included",
      { "stacks/a.ts": 'import type { A } from "./a.ts";' },
      "stacks/a.ts imports itself by way of nothing else",
    ],
    [
      "what is handed out is taken by another file",
      { "shared/media/list.ts": "export function listMedia() {} listMedia();" },
      "shared/media/list.ts hands out listMedia, which no other file takes",
    ],
    [
      "what is handed out is taken by another file",
      { "shared/media/list.ts": "export interface Page { items: [] }" },
      "shared/media/list.ts hands out Page, which no other file takes",
    ],
    [
      "the domain imports no package",
      { "shared/media/list.ts": 'import * as z from "zod";' },
      "shared/media/list.ts imports zod",
    ],
    [
      "an adapter imports another for a reason",
      { "shared/adapters/event-bus.ts": 'import "./step-functions.ts";' },
      "shared/adapters/event-bus.ts imports shared/adapters/step-functions.ts",
    ],
    [
      "an adapter speaks to one outside system",
      { "shared/adapters/event-bus.ts": 'import "@aws-sdk/client-eventbridge"; import "@aws-sdk/client-sqs";' },
      "shared/adapters/event-bus.ts imports @aws-sdk/client-eventbridge and @aws-sdk/client-sqs",
    ],
    [
      "an adapter speaks to one outside system",
      { "shared/adapters/fal-queue.ts": 'import "@aws-sdk/lib-dynamodb"; import "@fal-ai/client";' },
      "shared/adapters/fal-queue.ts imports @aws-sdk and @fal-ai/client",
    ],
    [
      "the client stands on its own, types apart",
      { "shared/client/calls.ts": 'import { media } from "../contract/media-space.ts"; media();' },
      "shared/client/calls.ts imports shared/contract/media-space.ts",
    ],
    [
      "the client stands on its own, types apart",
      { "shared/client/calls.ts": 'import { randomUUID } from "node:crypto"; import type * as z from "zod";' },
      "shared/client/calls.ts imports node:crypto",
    ],
    [
      "the console imports its own files, the client, and what a browser can run",
      { "functions/web/console/app.tsx": 'import { media } from "../../../shared/contract/media-space.ts";' },
      "functions/web/console/app.tsx imports shared/contract/media-space.ts",
    ],
    [
      "a function imports shared, and of packages zod alone",
      { "functions/api/get-media.ts": `import "../workflow/check-status.ts"; ${handler}` },
      "functions/api/get-media.ts imports functions/workflow/check-status.ts",
    ],
    [
      "a function imports shared, and of packages zod alone",
      { "functions/api/get-media.ts": `import type { S } from "@aws-sdk/client-sfn"; ${handler}` },
      "functions/api/get-media.ts imports @aws-sdk/client-sfn",
    ],
    [
      "a function imports shared, and of packages zod alone",
      { "functions/api/get-media.ts": `import { readFile } from "node:fs/promises"; ${handler}` },
      "functions/api/get-media.ts imports node:fs",
    ],
    [
      "a function is short and hands out its handler alone",
      { "functions/api/get-media.ts": `${lines(40)}${handler}` },
      "functions/api/get-media.ts has 41 lines",
    ],
    [
      "a function is short and hands out its handler alone",
      { "functions/api/get-media.ts": `${handler} export type Extra = 1;` },
      "functions/api/get-media.ts exports handler, Extra",
    ],
    [
      "what surrounds every function is read in one sitting",
      { "shared/edge/lambda.ts": lines(150) },
      "shared/edge/lambda.ts has 150 lines",
    ],
    [
      "the blueprint imports nothing but itself",
      {
        "stacks/blueprint/routes.ts":
          'import path from "node:path"; export const ROUTES = ["functions/api/get-media.handler"];',
      },
      "stacks/blueprint/routes.ts imports node:path",
    ],
    [
      "only the local machine and the tests import functions",
      { "stacks/api.ts": 'import { handler } from "../functions/api/get-media.ts";' },
      "stacks/api.ts imports functions/api/get-media.ts",
    ],
    [
      "nothing imports the tests",
      { "stacks/local/machine.ts": 'import "../../test/support/fake-fal.ts";' },
      "stacks/local/machine.ts imports test/support/fake-fal.ts",
    ],
    [
      "an import says what it imports, but where functions and SST's own bundles are loaded",
      { "shared/services/kling.ts": "export const load = (name: string) => import(`../${name}.ts`);" },
      "shared/services/kling.ts imports what only the running code knows",
    ],
    [
      "only shared/environment.ts reads the environment",
      { "shared/services/log.ts": 'export const level = process.env["LEVEL"];' },
      "shared/services/log.ts names the process",
    ],
    [
      "only shared/environment.ts reads the environment",
      { "shared/services/log.ts": "export const { env } = globalThis.process;" },
      "shared/services/log.ts names the process",
    ],
    [
      "only shared/environment.ts reads the environment",
      { "shared/adapters/event-bus.ts": 'import { env } from "node:process";' },
      "shared/adapters/event-bus.ts imports node:process",
    ],
    [
      "only shared/linked.ts reads what SST has linked",
      { "shared/services/media-records.ts": 'import { Resource } from "sst";' },
      "shared/services/media-records.ts imports sst",
    ],
    [
      "every function the blueprint names is there",
      { "stacks/blueprint/rules.ts": 'export const RULES = [{ handler: "functions/events/forgotten.handler" }];' },
      "stacks/blueprint/rules.ts functions/events/forgotten.handler",
    ],
    [
      "every function the blueprint names is there",
      { "stacks/blueprint/rules.ts": 'export const RULES = [{ handler: "functions/api/get-media.main" }];' },
      "stacks/blueprint/rules.ts functions/api/get-media.main",
    ],
    [
      "every function is named by the blueprint",
      { "functions/events/forgotten.ts": handler },
      "functions/events/forgotten.ts is named nowhere",
    ],
  ];

  it.each(PLANTS)("bites: %s", (rule, planted, fault) => {
    expect(brokenRules({ ...SOUND, ...planted })).toEqual({ [rule]: [fault] });
  });

  it("is seen to bite, whichever it is", () => {
    expect(PLANTS.map(([rule]) => rule)).toEqual(expect.arrayContaining(Object.keys(HOUSE_RULES)));
  });

  it.each([
    'import z from "zod";',
    'import type { Z } from "zod";',
    'import "zod";',
    'import * as z from "zod/mini";',
    'import z = require("zod");',
    'export * from "zod";',
    'export { z } from "zod";',
    'const z = await import("zod");',
    "const z = await import(`zod`);",
    'const z = require("zod");',
    'type Z = import("zod").ZodType;',
    'type Z = typeof import("zod");',
  ])("sees the package in %s", (text) => {
    const files = { "shared/media/a.ts": text, "test/all.test.ts": takesAllOf("shared/media/a.ts") };
    expect(brokenRules(files)).toEqual({
      "the domain imports no package": ["shared/media/a.ts imports zod"],
    });
  });

  it("does not take a comment or a string for an import", () => {
    expect(brokenRules({ "shared/media/a.ts": '// import "zod";\nconst text = \'import "zod"\';' })).toEqual({});
  });
});
