// `npm run client`: the client library as a package that another project can install, with types that need nothing of ours.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "prettier";
import ts from "typescript";
import { CLIENT } from "./build.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = join(ROOT, "shared/client");

/** What stands in the package's `exports`: by the name after the package's, the files that it hands on. */
const ENTRIES: Record<string, readonly string[]> = {
  client: CLIENT,
  react: ["react"],
  "ai-sdk": ["ai-sdk"],
  webhooks: ["webhooks"],
};

/** @returns the package's directory, ready for `npm pack` and `npm publish` */
export async function packageClient(target = join(ROOT, ".client")): Promise<string> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const files = (await readdir(SOURCES)).filter((file) => file.endsWith(".ts")).map((file) => join(SOURCES, file));
  const program = ts.createProgram(files, {
    ...compilerOptions(),
    noEmit: false,
    declaration: true,
    incremental: false,
    tsBuildInfoFile: undefined,
    // What Node 20 and browsers of 2024 read without another tool.
    target: ts.ScriptTarget.ES2022,
    // Bundlers of today and of yesterday alike; the sources say the same either way.
    rewriteRelativeImportExtensions: true,
    outDir: target,
    rootDir: SOURCES,
  });
  const emitted = new Map<string, string>();
  for (const file of files)
    program.emit(program.getSourceFile(file), (path, text) => emitted.set(basename(path), text));
  emitted.delete("contract.js");
  emitted.set(
    "contract.d.ts",
    await format(writtenOut(program, join(SOURCES, "contract.ts")), { parser: "typescript" }),
  );
  const handOn = (names: readonly string[]) => names.map((name) => `export * from "./${name}.js";\n`).join("");
  emitted.set("client.js", handOn(CLIENT));
  emitted.set(
    "client.d.ts",
    `${handOn([...CLIENT, "contract"])}export type { Picture, StartInput, VideoInput } from "./input.js";\nexport type { Connection } from "./request.js";\n`,
  );
  // The compiler leaves the names of declarations as they were written.
  for (const [name, text] of emitted)
    await writeFile(join(target, name), text.replaceAll(/(\.\/[\w-]+)\.ts"/g, '$1.js"'));
  await copyFile(join(SOURCES, "README.md"), join(target, "README.md"));
  await copyFile(join(ROOT, "LICENSE"), join(target, "LICENSE"));
  await writeFile(join(target, "package.json"), `${JSON.stringify(await manifest(), null, 2)}\n`);
  return target;
}

async function manifest(): Promise<object> {
  const root = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  const entry = (name: string) => ({ types: `./${name}.d.ts`, default: `./${name}.js` });
  const { version, license, repository } = root;
  return {
    name: "kling-media-client",
    version,
    description:
      "Kling videos from pictures, by a Kling media backend: start once, follow to the end; React hooks, a model for the AI SDK, a verifier of webhooks.",
    keywords: ["kling", "image-to-video", "video-generation", "ai-sdk", "react", "fal"],
    license,
    ...(repository !== undefined && { repository }),
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.3" },
    // For what reads no `exports`.
    main: "./client.js",
    types: "./client.d.ts",
    exports: {
      ...Object.fromEntries(Object.keys(ENTRIES).map((name) => [name === "client" ? "." : `./${name}`, entry(name)])),
      "./package.json": "./package.json",
    },
    files: ["*.js", "*.d.ts"],
    peerDependencies: { ai: "^7.0.0", react: ">=18" },
    peerDependenciesMeta: { ai: { optional: true }, react: { optional: true } },
  };
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options;
}

/** The types of the contract as plain object types: the schemas that they come from stay here. */
function writtenOut(program: ts.Program, file: string): string {
  const checker = program.getTypeChecker();
  const flags =
    ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.MultilineObjectLiterals;
  const aliases = program.getSourceFile(file)?.statements.filter(ts.isTypeAliasDeclaration) ?? [];
  return aliases
    .map((alias) => {
      const type = checker.typeToString(checker.getTypeAtLocation(alias), undefined, flags);
      return `export type ${alias.name.text} = ${type};\n`;
    })
    .join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const target = await packageClient();
  console.log(`npm install ${target}`);
}
