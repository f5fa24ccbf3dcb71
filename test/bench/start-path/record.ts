// Starts a machine, makes one start, and prints what it asked of AWS: a program of its own, for a process holds one machine.
import { createServer } from "node:http";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import * as z from "zod";
import { NO_KEY, REQUEST, type Recording } from "./recording.ts";
import { startWaitingMachine } from "./waiting-machine.ts";

const [dataDirectory = "", key = NO_KEY] = process.argv.slice(2);
const calls: Recording["calls"] = [];

/** Stands before the machine's AWS endpoint, which no function has asked for anything yet, and writes down what passes. */
async function listen(): Promise<void> {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  const recorder = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      calls.push({ target: request.headersDistinct["x-amz-target"]?.[0] ?? "", body: body.toString() });
      const sent = Object.entries(request.headersDistinct).map(([name, values = []]): [string, string] => [
        name,
        values.join(","),
      ]);
      const kept = sent.filter(([name]) => !["connection", "content-length", "host"].includes(name));
      const answer = await fetch(`${endpoint}${request.url}`, { method: "POST", headers: kept, body });
      response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" }).end(await answer.text());
    });
  });
  await once(recorder.listen(0, "127.0.0.1"), "listening");
  const { port } = z.object({ port: z.number() }).parse(recorder.address());
  process.env["AWS_ENDPOINT_URL"] = `http://127.0.0.1:${port}`;
}

const { url } = await startWaitingMachine(dataDirectory);
await listen();
const headers = { "content-type": "application/json", ...(key !== NO_KEY && { "idempotency-key": key }) };
const response = await fetch(url + REQUEST.path, { method: "POST", headers, body: REQUEST.body });
const body = await response.text();
if (response.status !== 202) throw new Error(`no start to record: ${response.status} ${body}`);
const { id } = z.object({ data: z.object({ mediaSpace: z.object({ id: z.string() }) }) }).parse(JSON.parse(body))
  .data.mediaSpace;
const answer = { status: response.status, contentType: response.headers.get("content-type") ?? "", body };
console.log(JSON.stringify({ mediaId: id, key, calls, answer } satisfies Recording));
process.exit();
