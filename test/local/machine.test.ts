// The whole machine: started, used and stopped, with functions of the test's own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { describe, expect, onTestFinished, test } from "vitest";
import { FUNCTIONS, functionName } from "../../stacks/blueprint/functions.ts";
import { startLocalMachine, type LocalMachineOptions } from "../../stacks/local/machine.ts";
import type { Handler } from "../../stacks/local/aws/functions.ts";
import { freePort, serve } from "./local-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

async function machine(options: Partial<LocalMachineOptions> & { handler?: Handler } = {}) {
  const dataDirectory = options.dataDirectory ?? (await temporaryDirectory());
  const calls: [string, unknown][] = [];
  const started = await startLocalMachine({
    port: 0,
    awsPort: 0,
    tableInMemory: true,
    handlers: {
      resolve: () => (event, context) => {
        calls.push([context.functionName, event]);
        return options.handler?.(event, context) ?? null;
      },
    },
    ...options,
    dataDirectory,
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= started.close());
  onTestFinished(close);
  return { ...started, close, calls, dataDirectory };
}

test("the functions find the cloud's own variables, and nothing of them stays after the stop", async () => {
  const before = { ...process.env };
  const { url, awsUrl, close, dataDirectory } = await machine();
  const secrets: unknown = JSON.parse(await readFile(join(dataDirectory, "secrets.json"), "utf8"));
  expect(secrets).toEqual({
    linkSecret: expect.stringMatching(/^\w{64}$/),
    webhookSecret: expect.stringMatching(/^\w{64}$/),
    cursorSecret: expect.stringMatching(/^\w{64}$/),
    sealSecret: expect.stringMatching(/^\w{64}$/),
  });
  expect(process.env).toMatchObject({
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL: awsUrl,
    SST_RESOURCE_App: '{"name":"media","stage":"local"}',
    SST_RESOURCE_Media: '{"name":"Media"}',
    SST_RESOURCE_Bus: '{"name":"media"}',
    SST_RESOURCE_Generation: '{"arn":"arn:aws:states:us-east-1:000000000000:stateMachine:generation"}',
    MEDIA_STORE: `file://${dataDirectory}/media`,
    MEDIA_ORIGIN: url,
    AUTH: "off",
  });
  await close();
  expect(process.env).toEqual(before);
});

test("the secrets are made once, for their owner's eyes", async () => {
  const { close, dataDirectory } = await machine();
  const first = process.env["SST_RESOURCE_LinkSecret"];
  expect((await stat(join(dataDirectory, "secrets.json"))).mode & 0o777).toBe(0o600);
  await close();
  await machine({ dataDirectory });
  expect(process.env["SST_RESOURCE_LinkSecret"]).toBe(first);
});

test("who knocks while the machine is starting waits until its functions know where they are", async () => {
  const awsPort = await freePort();
  const linked: unknown[] = [];
  const knock = async (): Promise<Response> => {
    try {
      return await fetch(`http://127.0.0.1:${awsPort}/2015-03-31/functions/report-health/invocations`, {
        method: "POST",
        body: "{}",
      });
    } catch {
      return knock();
    }
  };
  const answer = knock();
  await machine({
    awsPort,
    handler: (_, { functionName }) =>
      void (functionName === "report-health" && linked.push(process.env["SST_RESOURCE_WebhookSecret"])),
  });
  expect((await answer).status).toBe(200);
  expect(linked).toEqual([expect.stringContaining("value")]);
});

test("a request reaches the route's function", async () => {
  const { url, calls } = await machine({ handler: () => ({ statusCode: 202, body: "{}" }) });
  const response = await fetch(`${url}/api/media/enhance`, { method: "POST", body: "{}" });
  expect(response.status).toBe(202);
  expect(calls.map(([name]) => name)).toContain("enhance-media");
});

test("HEAD is answered where something watches: at the root, the health and the sources, without a body", async () => {
  const { url } = await machine({ handler: () => ({ statusCode: 200, body: "hello" }) });
  for (const path of ["/", "/health", "/sources/a.jpg"]) {
    const response = await fetch(url + path, { method: "HEAD" });
    expect([path, response.status, await response.text()]).toEqual([path, 200, ""]);
  }
});

test("a page's tracing may add its headers to a call", async () => {
  const { url } = await machine({ corsOrigins: ["https://app.example"] });
  const asked = ["traceparent", "tracestate", "sentry-trace", "baggage", "x-datadog-trace-id", "x-datadog-parent-id"];
  const response = await fetch(`${url}/api/media/enhance`, {
    method: "OPTIONS",
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": asked.join(","),
    },
  });
  const allowed = response.headers.get("access-control-allow-headers")?.split(",");
  expect(asked.filter((name) => !allowed?.includes(name))).toEqual([]);
});

test("a function has the time that it has in the cloud; the sweeps of a start, and a guest, have five minutes", async () => {
  const { awsUrl } = await machine({
    guests: ["/somewhere/announce-video.handler"],
    handler: (_event, context) => context.getRemainingTimeInMillis(),
  });
  const secondsOf = async (name: string) => {
    const response = await fetch(`${awsUrl}/2015-03-31/functions/${name}/invocations`, { method: "POST", body: "{}" });
    return Math.ceil(Number(await response.text()) / 1000);
  };
  const names = [...Object.keys(FUNCTIONS).map(functionName), "announce-video"];
  const given = await Promise.all(names.map(async (name) => [name, await secondsOf(name)] as const));
  expect(Object.fromEntries(given)).toEqual({
    ...Object.fromEntries(Object.entries(FUNCTIONS).map(([path, plan]) => [functionName(path), plan.timeoutSeconds])),
    "sweep-generations": 300,
    "sweep-webhooks": 300,
    "announce-video": 300,
  });
});

test("an event put on the bus reaches its function", async () => {
  const { awsUrl, calls } = await machine();
  const client = new EventBridgeClient({ endpoint: awsUrl });
  onTestFinished(() => client.destroy());
  const entry = { EventBusName: "media", Source: "my.app", DetailType: "Generation Requested", Detail: "{}" };
  await client.send(new PutEventsCommand({ Entries: [entry] }));
  await expect.poll(() => calls.map(([name]) => name)).toContain("start-from-event");
});

test("at its start the machine sweeps what the last one left", async () => {
  const { calls } = await machine();
  await expect
    .poll(() => calls)
    .toMatchObject([
      ["sweep-generations", { detail: { all: true } }],
      ["sweep-webhooks", { detail: { all: true } }],
    ]);
});

test("the sample photo is there, its neighbours' sources are not", async () => {
  const { url } = await machine();
  const photo = await fetch(`${url}/samples/photo.jpg`);
  expect([photo.status, photo.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
  await photo.arrayBuffer();
  for (const path of ["/samples/..%2fmachine.ts", "/samples/", "/samples/nothing.jpg", "/samples/%00"]) {
    const response = await fetch(url + path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "file_not_found" });
  }
  expect((await fetch(`${url}/samples/photo.jpg`, { method: "POST" })).status).toBe(404);
});

test("files are served only to holders of a valid link", async () => {
  const { url } = await machine();
  expect((await fetch(`${url}/files/videos/a.mp4`)).status).toBe(403);
});

test("a stop waits for what is under way, and cuts what takes too long", async () => {
  const called = Promise.withResolvers<void>();
  const { url, close } = await machine({
    handler: (_event, { functionName }) => {
      if (functionName !== "report-health") return null;
      called.resolve();
      return new Promise(() => {});
    },
  });
  const hanging = fetch(`${url}/health`).catch((error: unknown) => error);
  await called.promise;
  await close();
  expect(await hanging).toBeInstanceOf(Error);
});

describe("a start that cannot be", () => {
  test.each(["port", "awsPort"])("%s in use", async (which) => {
    const taken = Number(new URL(await serve(() => {})).port);
    const dataDirectory = await temporaryDirectory();
    const attempt = machine({ dataDirectory, [which]: taken, tableInMemory: false });
    await expect(attempt).rejects.toMatchObject({
      name: "StartError",
      message: `Port ${taken} is already in use: stop what uses it, or set ${which === "port" ? "PORT" : "AWS_PORT"} to another port.`,
    });
    // and everything that had been opened is free again
    await machine({ dataDirectory, tableInMemory: false });
  });

  test("a data directory that cannot be one", async () => {
    const file = join(await temporaryDirectory(), "file");
    await writeFile(file, "");
    await expect(machine({ dataDirectory: join(file, "data") })).rejects.toThrow("cannot be written (ENOTDIR)");
  });

  test("secrets that are none", async () => {
    const dataDirectory = await temporaryDirectory();
    await writeFile(join(dataDirectory, "secrets.json"), "{}");
    await expect(machine({ dataDirectory })).rejects.toThrow("does not hold its secrets");
  });
});

describe("npm start", () => {
  const main = join(import.meta.dirname, "../../stacks/local/main.ts");
  const run = async (env: NodeJS.ProcessEnv) => {
    const DATA_DIR = await temporaryDirectory();
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env["PATH"], DATA_DIR, PORT: "0", AWS_PORT: "0", ...env },
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return child;
  };

  test("says how to begin, ends with its address, and stops when asked", async () => {
    const child = await run({});
    let output = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      output += String(chunk);
      if (output.includes("\nready ")) break;
    }
    const [, url] = /\nready (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(output) ?? [];
    expect(output).toContain("Test mode is on");
    expect(output).toContain(`curl -s ${url}/api/media/enhance -H 'content-type: application/json' -d '{`);
    expect(output).toContain(`${url}/samples/photo.jpg`);
    expect((await fetch(`${url}/samples/photo.jpg`)).status).toBe(200);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  });

  test.each([
    ["no key, and test mode off", { FAL_TEST_MODE: "off" }, "FAL_KEY is missing"],
    ["a port that is none", { PORT: "http" }, "PORT must be a port number from 0 to 65535 (0: any free one)."],
  ])("%s: one sentence, no stack, exit code 1", async (_case, env, sentence) => {
    const child = await run(env);
    const [errors, output, [code]] = await Promise.all([text(child.stderr), text(child.stdout), once(child, "exit")]);
    expect(errors).toContain(sentence);
    expect(errors).not.toContain("    at ");
    expect(output).toBe("");
    expect(code).toBe(1);
  });
});

test.each(["rules.json", "api-destinations.json", "queues/dead-letters/1.json", "deliveries/1.json"])(
  "a damaged file of its state is named: %s",
  async (file) => {
    const { close, dataDirectory } = await machine();
    await close();
    const path = join(dataDirectory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '{"half');
    await expect(machine({ dataDirectory })).rejects.toThrow(`${path} is damaged`);
  },
);

test("a data directory that the system refuses is named, and does not hang", async () => {
  const attempt = machine({ dataDirectory: "/proc/nowhere/at/all" });
  await expect(attempt).rejects.toThrow(/^The data directory .* cannot be written \(ENOENT\): set DATA_DIR to another/);
});
