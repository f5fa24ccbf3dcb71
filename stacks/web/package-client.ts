// `npm run client`: the client library as a package that another project can install, with types that need nothing of ours.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "prettier";
import ts from "typescript";
import { buildWeb, CLIENT } from "./build.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = join(ROOT, "shared/client");
const NAME = "kling-media-client";

/** @returns the package's directory */
export async function packageClient(target = join(ROOT, ".client")): Promise<string> {
  await buildWeb();
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await copyFile(join(ROOT, ".web/client.js"), join(target, "client.js"));

  const files = (await readdir(SOURCES)).map((file) => join(SOURCES, file));
  const program = ts.createProgram(files, {
    ...compilerOptions(),
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: target,
    rootDir: SOURCES,
  });
  const declarations = new Map<string, string>();
  for (const file of files) {
    program.emit(program.getSourceFile(file), (path, text) => declarations.set(path.replace(/^.*\//, ""), text));
  }
  declarations.set(
    "contract.d.ts",
    await format(writtenOut(program, join(SOURCES, "contract.ts")), { parser: "typescript" }),
  );
  const handedOut = [...CLIENT, "contract"].map((name) => `export * from "./${name}.js";\n`);
  declarations.set("client.d.ts", `${handedOut.join("")}export type { Connection } from "./request.js";\n`);
  for (const [name, text] of declarations)
    await writeFile(join(target, name), text.replaceAll(/(\.\/[\w-]+)\.ts"/g, '$1.js"'));

  const { version, license } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as Record<string, string>;
  const exports = { ".": { types: "./client.d.ts", default: "./client.js" } };
  const manifest = { name: NAME, version, license, type: "module", sideEffects: false, exports };
  await writeFile(join(target, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return target;
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
