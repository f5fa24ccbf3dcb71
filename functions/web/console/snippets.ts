// A call of the API as others would write it: for a shell, in TypeScript and in Python, each with nothing to install.

/** A call as the form has it. */
export interface Call {
  method: string;
  /** Whole, with its query. */
  url: string;
  /** Whether a key goes along: it stays in the environment, never in the text. */
  hasKey: boolean;
  headers: Readonly<Record<string, string>>;
  /** Of JSON; absent where none is sent. */
  body?: unknown;
}

export const LANGUAGES = ["curl", "TypeScript", "Python"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = "KLING_MEDIA_KEY";

export function snippetOf(language: Language, call: Call): string {
  return { curl, TypeScript: typeScript, Python: python }[language](call);
}

function curl({ method, url, hasKey, headers, body }: Call): string {
  const words = [
    `curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`,
    ...(hasKey ? [`-H "authorization: Bearer $${KEY}"`] : []),
    ...Object.entries(withType(headers, body)).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(JSON.stringify(body, null, 2))}`]),
  ];
  return words.join(" \\\n  ");
}

/** In a shell nothing is special between single quotes, but the single quote. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function typeScript({ method, url, hasKey, headers, body }: Call): string {
  const named = Object.entries(withType(headers, body)).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`,
  );
  const all = [...(hasKey ? [`    authorization: \`Bearer \${process.env.${KEY}}\`,`] : []), ...named];
  const options = [
    ...(method === "GET" ? [] : [`  method: ${JSON.stringify(method)},`]),
    ...(all.length > 0 ? ["  headers: {", ...all, "  },"] : []),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${indented(JSON.stringify(body, null, 2), 2)}),`]),
    "  signal: AbortSignal.timeout(30_000),",
  ];
  return [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    ...options,
    "});",
    "const text = await response.text();",
    "if (!response.ok) throw new Error(text);",
    "console.log(text);",
  ].join("\n");
}

function python({ method, url, hasKey, headers, body }: Call): string {
  const named = Object.entries(withType(headers, body)).map(
    ([name, value]) => `        ${JSON.stringify(name)}: ${JSON.stringify(value)},`,
  );
  const all = [...(hasKey ? [`        "authorization": "Bearer " + os.environ["${KEY}"],`] : []), ...named];
  const modules = [
    ...(body === undefined ? [] : ["json"]),
    ...(hasKey ? ["os"] : []),
    "urllib.error",
    "urllib.request",
  ];
  return [
    ...modules.map((name) => `import ${name}`),
    "",
    "request = urllib.request.Request(",
    `    ${JSON.stringify(url)},`,
    `    method=${JSON.stringify(method)},`,
    ...(all.length > 0 ? ["    headers={", ...all, "    },"] : []),
    ...(body === undefined ? [] : [`    data=json.dumps(${indented(pythonic(body), 4)}).encode(),`]),
    ")",
    "try:",
    "    with urllib.request.urlopen(request, timeout=30) as response:",
    "        print(response.read().decode())",
    "except urllib.error.HTTPError as error:",
    "    raise SystemExit(error.read().decode())",
  ].join("\n");
}

function withType(headers: Call["headers"], body: unknown): Record<string, string> {
  return { ...(body !== undefined && { "content-type": "application/json" }), ...headers };
}

/** JSON is Python but for three words; texts are the same. */
function pythonic(value: unknown, indent = ""): string {
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    return value.length === 0
      ? "[]"
      : `[\n${value.map((one) => `${inner}${pythonic(one, inner)},\n`).join("")}${indent}]`;
  }
  if (typeof value === "object" && value !== null) {
    const lines = Object.entries(value).map(
      ([key, one]) => `${inner}${JSON.stringify(key)}: ${pythonic(one, inner)},\n`,
    );
    return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
  }
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null ? "None" : JSON.stringify(value);
}

function indented(text: string, by: number): string {
  return text.replaceAll("\n", `\n${" ".repeat(by)}`);
}
