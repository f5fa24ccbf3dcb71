// The call that the page of the API shows is the call that it makes, in three languages.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LANGUAGES, snippetOf, type Call, type Language } from "../../functions/web/console/snippets.ts";

const run = promisify(execFile);
const KEY = "km_the-key";

interface Arrived {
  request: string;
  key: string | undefined;
  type: string | undefined;
  idempotencyKey: unknown;
  body: unknown;
}
let arrived: Arrived[] = [];
let status = 200;
const server = createServer((request, response) => {
  const body = request.method === "POST" ? json(request) : Promise.resolve(undefined);
  void body.then((sent) => {
    arrived.push({
      request: `${request.method} ${request.url}`,
      key: request.headers.authorization,
      type: request.headers["content-type"],
      idempotencyKey: request.headers["idempotency-key"],
      body: sent,
    });
    response.writeHead(status).end('{"said":"yes"}');
  });
});
let url: string;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => void server.close());

/** As a reader runs it who has copied it. */
async function outputOf(language: Language, call: Call): Promise<string> {
  const text = snippetOf(language, call);
  const commands: Record<Language, [string, string[]]> = {
    curl: ["sh", ["-c", text]],
    TypeScript: [process.execPath, ["--input-type=module-typescript", "-e", text]],
    Python: ["python3", ["-c", text]],
  };
  arrived = [];
  const env = { PATH: process.env["PATH"], KLING_MEDIA_KEY: KEY };
  return (await run(...commands[language], { env })).stdout.trim();
}

/** Python is not on every machine; what is not there cannot be tried. */
const has = async (command: string) =>
  run(command, ["--version"]).then(
    () => true,
    () => false,
  );
const COMMANDS: Record<Language, string> = { curl: "curl", TypeScript: process.execPath, Python: "python3" };

describe.each(LANGUAGES)("in %s", (language) => {
  it("a start arrives with its key, its headers and every word of its body", async ({ skip }) => {
    if (!(await has(COMMANDS[language]))) skip();
    const body = {
      context: 'It\'s "evening" in São Paulo: $HOME `ls` \\ \n a \u2028 line',
      audio: true,
      tailImageUrl: null,
      cfgScale: 0.5,
      shots: [{ prompt: "One", seconds: 5 }, {}],
      none: [],
    };
    const call = {
      method: "POST",
      url: `${url}/api/media/enhance`,
      hasKey: true,
      headers: { "idempotency-key": "a'b" },
      body,
    };
    expect(await outputOf(language, call)).toBe('{"said":"yes"}');
    expect(arrived).toEqual([
      {
        request: "POST /api/media/enhance",
        key: `Bearer ${KEY}`,
        type: "application/json",
        idempotencyKey: "a'b",
        body,
      },
    ]);
    expect(snippetOf(language, call)).not.toContain(KEY);
  });

  it("a question is sent without a body, and without a key where none is needed", async ({ skip }) => {
    if (!(await has(COMMANDS[language]))) skip();
    const call = { method: "GET", url: `${url}/api/spaces/a%20b/media?limit=5&cursor=x`, hasKey: false, headers: {} };
    expect(await outputOf(language, call)).toBe('{"said":"yes"}');
    expect(arrived).toMatchObject([
      { request: "GET /api/spaces/a%20b/media?limit=5&cursor=x", key: undefined, type: undefined },
    ]);
  });

  it("a refusal is told in the API's words", async ({ skip }) => {
    if (!(await has(COMMANDS[language]))) skip();
    status = 402;
    const call = { method: "DELETE", url: `${url}/api/spaces/a/media/b`, hasKey: true, headers: {} };
    const said = await outputOf(language, call).catch(({ stderr }: { stderr: string }) => stderr);
    status = 200;
    expect(said).toContain('{"said":"yes"}');
    expect(arrived).toMatchObject([{ request: "DELETE /api/spaces/a/media/b" }]);
  });
});
