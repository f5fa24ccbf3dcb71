// The entry of the page of the API: under each operation a form that sends it, and the same call as a program has it.
// Without a script the page is there to be read; what is offered here is made of the same document that generators read.
import { render } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { newIdempotencyKey } from "../../../shared/client/calls.ts";
import { KEY_KEPT } from "./key-form.tsx";
import { LANGUAGES, snippetOf, type Call, type Language } from "./snippets.ts";

/** What of the document is needed. */
interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: { enum?: unknown[]; example?: unknown; examples?: unknown[]; default?: unknown };
}
interface Operation {
  route: string;
  method: string;
  path: string;
  needsKey: boolean;
  parameters: Parameter[];
  /** As JSON. */
  example: string | undefined;
}
interface Document {
  security?: unknown[];
  paths: Record<
    string,
    Record<
      string,
      {
        security?: unknown[];
        parameters?: Parameter[];
        requestBody?: { content: { "application/json"?: { example?: unknown } } };
      }
    >
  >;
}

/** Sent by hand, what others than callers send would prove nothing: fal signs what it sends. */
const NOT_FOR_CALLERS = /^\/webhooks\//;
/** As long as a form waits for an answer: a wait for news may be 20 s. */
const ANSWER_MS = 40_000;
const SHOWN_CHARACTERS = 20_000;

/** The picture of the examples, which no server has. The local machine serves one that can be fetched. */
const PICTURE = "https://example.com/beach.jpg";

function pictureHere(): string {
  return ["127.0.0.1", "localhost"].includes(location.hostname) ? `${location.origin}/samples/photo.jpg` : PICTURE;
}

let read: Promise<Map<string, Operation>> | undefined;

/** By route, read once, when the first form is opened; what could not be read is read again. */
function operations(): Promise<Map<string, Operation>> {
  read ??= readOperations();
  read.catch(() => (read = undefined));
  return read;
}

async function readOperations(): Promise<Map<string, Operation>> {
  const response = await fetch("/openapi.json", { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}.`);
  const { paths, security = [] } = (await response.json()) as Document;
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, described]): [string, Operation] => {
      const example = described.requestBody?.content["application/json"]?.example;
      const method = name.toUpperCase();
      const operation = {
        route: `${method} ${path}`,
        method,
        path,
        needsKey: (described.security ?? security).length > 0,
        parameters: described.parameters ?? [],
        example:
          example === undefined ? undefined : JSON.stringify(example, null, 2).replaceAll(PICTURE, pictureHere()),
      };
      return [operation.route, operation];
    }),
  );
  return new Map(all);
}

/** What an answer has told, for the next form: the space and the id that were just made, by what they are of. */
const told = new Map<string, string>();
/** `/api/uploads/{id}/check` -> `/api/uploads`. */
const kindOf = (path: string) => path.split("/", 3).join("/");
const MEDIA_KIND = "/api/spaces";

function valueFor(path: string, { name, in: place, required, schema }: Parameter): string {
  if (name.toLowerCase() === "idempotency-key") return newIdempotencyKey();
  if (place !== "path" && !required) return "";
  const example = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.enum?.[0] ?? "";
  return told.get(`${kindOf(path)} ${name}`) ?? (typeof example === "string" ? example : JSON.stringify(example));
}

interface Answer {
  line: string;
  isOk: boolean;
  text: string;
}

function TryIt({ route }: { route: string }) {
  const [operation, setOperation] = useState<Operation>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    operations().then(
      (all) => setOperation(all.get(route)),
      (error: Error) => setFault(error.message),
    );
  }, [route]);
  if (fault !== undefined) return <p role="alert">{fault} Close this and open it again.</p>;
  return operation ? <CallForm operation={operation} /> : <p>Reading what it takes.</p>;
}

function CallForm({ operation }: { operation: Operation }) {
  const { method, path, needsKey, parameters, example } = operation;
  const id = useId();
  const [key, setKey] = useState(() => sessionStorage.getItem(KEY_KEPT) ?? "");
  const [values, setValues] = useState(() => Object.fromEntries(parameters.map((it) => [it.name, valueFor(path, it)])));
  const [text, setText] = useState(example);
  const [answer, setAnswer] = useState<Answer>();
  const [isSending, setIsSending] = useState(false);

  const body = parsed(text);
  const isBroken = text !== undefined && body === undefined;
  const call = { ...callOf(operation, values), hasKey: needsKey && key !== "", ...(body !== undefined && { body }) };
  const attempt = async () => {
    setIsSending(true);
    sessionStorage.setItem(KEY_KEPT, key.trim());
    setAnswer(await sent(call, key.trim()));
    setIsSending(false);
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void attempt();
      }}
    >
      {needsKey && (
        <p class="field">
          <label for={`${id}-key`}>Key or token</label>
          <input
            id={`${id}-key`}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={key}
            aria-describedby={`${id}-key-note`}
            onInput={({ currentTarget }) => setKey(currentTarget.value)}
          />
          <small id={`${id}-key-note`}>It stays in this tab, and is forgotten when you close it.</small>
        </p>
      )}
      {parameters.map(({ name, in: place, required }) => (
        <p class="field" key={name}>
          <label for={`${id}-${name}`}>
            <code>{name}</code> <small>{required ? place : `${place}, optional`}</small>
          </label>
          <input
            id={`${id}-${name}`}
            spellcheck={false}
            autocomplete="off"
            required={required}
            value={values[name]}
            onInput={({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value })}
          />
        </p>
      ))}
      {text !== undefined && (
        <p class="field">
          <label for={`${id}-body`}>Body</label>
          <textarea
            id={`${id}-body`}
            rows={Math.min(text.split("\n").length, 24)}
            spellcheck={false}
            value={text}
            aria-invalid={isBroken}
            aria-describedby={isBroken ? `${id}-fault` : undefined}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          {isBroken && (
            <small id={`${id}-fault`} role="alert">
              This is no JSON yet.
            </small>
          )}
        </p>
      )}
      <Snippets call={call} />
      <p>
        <button disabled={isSending || isBroken}>{isSending ? "Sending" : `Send ${method}`}</button>{" "}
        <small>{warningFor(method, path)}</small>
      </p>
      <div role="status">
        {answer && (
          <>
            <p class={answer.isOk ? "answer" : "answer fault"}>{answer.line}</p>
            {answer.text && (
              <pre tabIndex={0} aria-label="Answer">
                <code>{answer.text}</code>
              </pre>
            )}
          </>
        )}
      </div>
    </form>
  );
}

function Snippets({ call }: { call: Call }) {
  const name = useId();
  const [language, setLanguage] = useState<Language>("curl");
  const [isCopied, setIsCopied] = useState(false);
  const snippet = snippetOf(language, call);
  useEffect(() => setIsCopied(false), [snippet]);
  return (
    <fieldset>
      <legend>The same call in</legend>
      {LANGUAGES.map((one) => (
        <label key={one}>
          <input type="radio" name={name} checked={one === language} onChange={() => setLanguage(one)} /> {one}
        </label>
      ))}
      <button
        type="button"
        class="quiet"
        onClick={() => void navigator.clipboard.writeText(snippet).then(() => setIsCopied(true))}
      >
        {isCopied ? "Copied" : "Copy"}
      </button>
      <pre tabIndex={0} aria-label={`The call in ${language}`}>
        <code>{snippet}</code>
      </pre>
    </fieldset>
  );
}

/** What is pressed here is done. */
function warningFor(method: string, path: string): string {
  if (method === "POST" && path === "/api/media/enhance") {
    return "This starts a video, and it is paid for unless this is test mode. The same Idempotency-Key again starts no second one.";
  }
  if (method === "POST" && path === "/v1/videos") {
    return "This starts a video, and each press another one; it is paid for unless this is test mode.";
  }
  return method === "DELETE" ? "This deletes, and nothing brings it back." : "";
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** The address and the headers; what is empty is not sent. */
function callOf({ method, path, parameters }: Operation, values: Record<string, string>): Omit<Call, "hasKey"> {
  const given = parameters.map(({ name, in: place }) => ({ name, place, value: values[name] ?? "" }));
  const query = new URLSearchParams(
    given.flatMap(({ name, place, value }) => (place === "query" && value !== "" ? [[name, value]] : [])),
  ).toString();
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const headers = given.flatMap(({ name, place, value }) =>
    place === "header" && value !== "" ? [[name.toLowerCase(), value] as const] : [],
  );
  return { method, url: location.origin + filled + (query && `?${query}`), headers: Object.fromEntries(headers) };
}

async function sent({ method, url, headers, body }: Call, key: string): Promise<Answer> {
  const since = performance.now();
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(key && { authorization: `Bearer ${key}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const type = response.headers.get("content-type") ?? "";
    const isText = /^text\/|json/.test(type);
    const text = isText ? await response.text() : fileLine(type, await response.blob());
    const value = isText ? parsed(text) : undefined;
    remember(url, value);
    const milliseconds = Math.round(performance.now() - since);
    const shown = value === undefined ? text : JSON.stringify(value, null, 2);
    return {
      line: `${response.status} in ${milliseconds} ms`,
      isOk: response.ok,
      text: shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}\n...` : shown,
    };
  } catch (error) {
    return { line: "There was no answer.", isOk: false, text: error instanceof Error ? error.message : String(error) };
  }
}

function fileLine(type: string, { size }: Blob): string {
  return size === 0 ? "" : `${size} bytes of ${type || "an unknown type"}`;
}

/** The ids of what was made, for the forms that are opened next. */
function remember(url: string, answer: unknown): void {
  const { data, id } = (answer ?? {}) as Made & { data?: Made & { mediaSpace?: Made; webhook?: Made } };
  const { mediaSpace } = data ?? {};
  const made = mediaSpace ?? data?.webhook ?? data ?? { id };
  const kind = mediaSpace ? MEDIA_KIND : kindOf(new URL(url).pathname);
  for (const name of ["id", "spaceId"] as const) {
    const value = made[name];
    if (typeof value === "string") told.set(`${kind} ${name}`, value);
  }
}
interface Made {
  id?: unknown;
  spaceId?: unknown;
}

for (const article of document.querySelectorAll<HTMLElement>("article[data-route]")) {
  const { route = "" } = article.dataset;
  if (NOT_FOR_CALLERS.test(route.replace(/^\w+ /, ""))) continue;
  const details = document.createElement("details");
  details.className = "try";
  const summary = document.createElement("summary");
  summary.textContent = "Try it";
  const place = document.createElement("div");
  details.append(summary, place);
  details.addEventListener("toggle", () => {
    summary.textContent = details.open ? "Close" : "Try it";
    render(details.open ? <TryIt route={route} /> : null, place);
  });
  article.querySelector("p")?.after(details);
}
