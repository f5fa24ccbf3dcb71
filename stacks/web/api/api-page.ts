// The API reference: one page of HTML made of the OpenAPI document, readable without a script.
import * as z from "zod/mini";
import { openApi } from "./openapi.ts";

const property = z.looseObject({
  type: z.optional(z.union([z.string(), z.array(z.string())])),
  $ref: z.optional(z.string()),
  format: z.optional(z.string()),
  const: z.optional(z.unknown()),
  enum: z.optional(z.array(z.unknown())),
  anyOf: z.optional(z.array(z.unknown())),
  items: z.optional(z.unknown()),
  properties: z.optional(z.record(z.string(), z.unknown())),
  required: z.optional(z.array(z.string())),
  description: z.optional(z.string()),
  deprecated: z.optional(z.boolean()),
  default: z.optional(z.unknown()),
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  minLength: z.optional(z.number()),
  maxLength: z.optional(z.number()),
});
type Property = z.infer<typeof property>;

const content = z.optional(
  z.record(z.string(), z.object({ schema: z.optional(z.unknown()), example: z.optional(z.unknown()) })),
);
const operation = z.object({
  summary: z.string(),
  tags: z.array(z.string()),
  security: z.optional(z.array(z.unknown())),
  parameters: z._default(
    z.array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.optional(z.boolean()),
        schema: z.optional(z.unknown()),
        description: z.optional(z.string()),
      }),
    ),
    [],
  ),
  requestBody: z.optional(z.object({ content })),
  responses: z.record(
    z.string(),
    z.object({ $ref: z.optional(z.string()), description: z.optional(z.string()), content }),
  ),
});

/** The names of the style sheet and of the script are filled in where the page is built. */
export function apiPage(): string {
  const document = openApi();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      route: `${method.toUpperCase()} ${path}`,
      ...operation.parse(described),
    })),
  );
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ tags }) => tags.includes(name));
    return `<section aria-labelledby="${name}"><h2 id="${name}">${capital(name)}</h2><p>${text(description)}</p>
      ${own.map((it) => describeOperation(it, document)).join("")}</section>`;
  });
  const contents = operations.map(
    ({ route, summary }) => `<li><a href="#${anchor(route)}">${badge(route)}</a> ${text(summary)}</li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${text(document.info.title)}: the API</title>
<link rel="stylesheet" href="%api-page.css%"><script type="module" src="%try-it.tsx%"></script></head>
<body><header><p><a href="/">Console</a></p><h1>The API</h1><p>${text(document.info.description)}
The same as a document for generators: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).
A client for browsers and Node: <a href="/client.js">client.js</a>.</p></header>
<nav aria-label="Routes"><ul>${contents.join("")}</ul></nav>
<main>${sections.join("")}
<section aria-labelledby="errors"><h2 id="errors">Errors</h2>
<p>Everywhere <code>{ "error", "code", "details"?, "traceId" }</code>: what a person can do, what a program can match, where the request is wrong, and what to give to the operator of the service.</p>
${table(
  ["Status", "Meaning", "Code, for example"],
  Object.entries(document.components.responses).map(([name, { description, content }]) => [
    `<code>${name.replace("Error", "")}</code>`,
    text(description),
    `<code>${text(z.catch(z.object({ code: z.string() }), { code: "-" }).parse(content["application/json"].example).code)}</code>`,
  ]),
)}
</section></main></body></html>`;
}

type Document = ReturnType<typeof openApi>;
type Described = z.infer<typeof operation> & { route: string };

function describeOperation(
  { route, summary, security, parameters, requestBody, responses }: Described,
  document: Document,
): string {
  const open = security?.length === 0;
  const body = requestBody?.content?.["application/json"];
  const [, answer] = Object.entries(responses).find(([status]) => status.startsWith("2")) ?? [];
  const answered = answer?.content?.["application/json"];
  return `<article id="${anchor(route)}" data-route="${text(route)}"><h3>${badge(route)}</h3><p>${text(summary)} ${open ? "Open to all callers." : ""}</p>
    ${
      parameters.length > 0
        ? table(
            ["Parameter", "Type", "Meaning"],
            parameters.map(({ name, in: place, required, schema, description }) => [
              `<code>${text(name)}</code> <small>${place}${required ? "" : ", optional"}</small>`,
              typeOf(property.parse(schema ?? {})),
              text(description ?? property.parse(schema ?? {}).description ?? ""),
            ]),
          )
        : ""
    }
    ${body ? `<h4>Body</h4>${fields(body.schema, document)}${example(body.example)}` : ""}
    <h4>Answers</h4><ul>${Object.entries(responses)
      .map(([status, it]) => `<li><code>${status}</code> ${text(it.description ?? shared(it.$ref, document))}</li>`)
      .join("")}</ul>
    ${answered?.example === undefined ? "" : example(answered.example)}</article>`;
}

/** The fields of a schema and of the objects inside it, by their path. */
function fields(schema: unknown, document: Document): string {
  const rows = (of: Property, prefix: string): string[][] =>
    Object.entries(of.properties ?? {}).flatMap(([name, inner]) => {
      const it = resolved(inner, document);
      const optional = of.required?.includes(name) ? "" : ", optional";
      const notes = [
        it.deprecated ? "Deprecated." : "",
        it.description ?? "",
        it.default === undefined ? "" : `Default ${JSON.stringify(it.default)}.`,
      ];
      const row = [
        `<code>${text(prefix + name)}</code> <small>${optional.slice(2)}</small>`,
        typeOf(it),
        text(notes.filter(Boolean).join(" ")),
      ];
      return it.properties ? [row, ...rows(it, `${prefix}${name}.`)] : [row];
    });
  return table(["Field", "Type", "Meaning"], rows(resolved(schema, document), ""));
}

function resolved(schema: unknown, { components }: Document): Property {
  const it = property.parse(schema);
  const name = it.$ref?.split("/").at(-1);
  return name === undefined ? it : property.parse(components.schemas[name]);
}

function shared(ref: string | undefined, { components }: Document): string {
  return components.responses[ref?.split("/").at(-1) ?? ""]?.description ?? "";
}

function typeOf(it: Property): string {
  if (it.const !== undefined) return `<code>${text(JSON.stringify(it.const))}</code>`;
  if (it.enum) return it.enum.map((value) => `<code>${text(JSON.stringify(value))}</code>`).join(" ");
  if (it.anyOf) return it.anyOf.map((one) => typeOf(property.parse(one))).join(" ");
  const bounds = [
    it.maxLength === undefined ? "" : `${it.minLength ?? 0} to ${it.maxLength} characters`,
    it.minimum !== undefined && it.maximum !== undefined && it.maximum < Number.MAX_SAFE_INTEGER
      ? `${it.minimum} to ${it.maximum}`
      : "",
  ];
  return text([[it.type ?? "any"].flat().join(" or "), it.format ?? "", ...bounds].filter(Boolean).join(", "));
}

const example = (value: unknown) =>
  `<details><summary>Example</summary><pre tabindex="0"><code>${text(JSON.stringify(value, null, 2))}</code></pre></details>`;
const anchor = (route: string) =>
  route
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
const capital = (word: string) => text(word.charAt(0).toUpperCase() + word.slice(1));
const badge = (route: string) =>
  `<code class="route"><b>${text(route.split(" ")[0] ?? "")}</b> ${text(route.split(" ")[1] ?? "")}</code>`;

function table(head: string[], rows: string[][]): string {
  const cells = (tag: string, row: string[]) => `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<div class="wide" tabindex="0"><table><thead>${cells("th", head)}</thead><tbody>${rows.map((row) => cells("td", row)).join("")}</tbody></table></div>`;
}

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
