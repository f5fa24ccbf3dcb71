// The files of the console and of the API's description as `stacks/web/build.ts` built them, with the headers of our pages.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isOpen, isTestMode, setting, storeOrigins } from "../environment.ts";
import { signIn, type SignIn } from "../services/sign-in.ts";

export interface WebFile {
  text: string;
  headers: Record<string, string>;
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
};

/**
 * Undefined when there is no such file.
 * @param path of the request, such as `/` or `/assets/console-1a2b.js`
 * @throws Error when a page is missing that every build makes: it was not deployed beside this function
 */
export async function webFile(path: string): Promise<WebFile | undefined> {
  const openApi = isOpen() ? "openapi-without-sign-in.json" : "openapi.json";
  const page = {
    "/": "index.html",
    "/docs": "docs.html",
    "/openapi.json": openApi,
    "/client.js": "client.js",
    "/llms.txt": "llms.txt",
  }[path];
  const name = page ?? path.slice(1);
  const extension = /^(?:assets\/)?[\w-]+\.(\w+)$/.exec(name)?.[1] ?? "";
  const type = TYPES[extension];
  if (type === undefined) return undefined;
  const file = join(setting("LAMBDA_TASK_ROOT"), ".web", name);
  const text = await readFile(file, "utf8").catch(absent);
  if (text === undefined) {
    if (page !== undefined) throw new Error(`The console was not laid beside its function: there is no ${file}.`);
    return undefined;
  }
  // A name in assets/ has its content's hash in it; the others stay and change.
  const isForEver = name.startsWith("assets/");
  const headers = {
    "content-type": type,
    "cache-control": isForEver ? "public, max-age=31536000, immutable" : "no-cache",
    "x-content-type-options": "nosniff",
  };
  if (extension !== "html") return { text, headers };
  const provider = await signIn();
  return {
    text: text
      .replace(SIGN_IN_MARK, escaped(provider))
      .replace(KEYS_MARK, String(setting("AUTH").keys))
      .replace(TEST_MODE_MARK, String(isTestMode())),
    headers: { ...headers, ...pageHeaders(provider) },
  };
}

/** In the page's head, each as the content of a meta element. */
const SIGN_IN_MARK = "%SIGN_IN%";
const KEYS_MARK = "%KEYS%";
const TEST_MODE_MARK = "%TEST_MODE%";

/** The page runs only our own code, talks only to this API, the store and the sign-in, and cannot be framed. */
function pageHeaders(provider: SignIn | undefined): Record<string, string> {
  const store = storeOrigins().join(" ");
  const token = provider ? new URL(provider.tokenEndpoint).origin : "";
  const policy = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": `'self' ${store} ${token}`,
    // A picture may be pasted as a link of any host; it is shown before it is sent.
    "img-src": `'self' blob: data: https: ${store}`,
    "media-src": `'self' blob: ${store}`,
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  };
  return {
    "content-security-policy": Object.entries(policy)
      .map(([name, sources]) => `${name} ${sources.trim().replace(/ +/g, " ")}`)
      .join("; "),
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
  };
}

function escaped(value: unknown): string {
  return JSON.stringify(value ?? null)
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;");
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
