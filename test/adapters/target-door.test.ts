// The door to the targets of webhooks, against real servers on this machine: what is sent, what an answer is, and where nothing is sent.
import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { createTargetDoor } from "../../shared/adapters/checked-fetch.ts";
import { serve } from "../local/local-server.ts";

const HEADERS = { "webhook-id": "m:completed" };

describe("a message", () => {
  it("arrives as it was given, as JSON, and its answer's status and Retry-After come back", async () => {
    const received = Promise.withResolvers<unknown>();
    const url = await serve((request, response) => {
      void text(request).then((body) => {
        const { "content-type": type, "webhook-id": id } = request.headers;
        received.resolve([request.method, request.url, type, id, body]);
        response.writeHead(503, { "retry-after": "120" }).end("later");
      });
    });
    const door = createTargetDoor({ trustedOrigins: [url] });
    expect(await door.post(`${url}/hooks?a=1`, '{"a":"ü"}', HEADERS)).toEqual({ statusCode: 503, retryAfter: "120" });
    expect(await received.promise).toEqual(["POST", "/hooks?a=1", "application/json", "m:completed", '{"a":"ü"}']);
  });

  it("follows no redirect", async () => {
    let stolen = 0;
    const other = await serve((_, response) => {
      stolen++;
      response.end();
    });
    const url = await serve((_, response) => response.writeHead(307, { location: other }).end());
    const door = createTargetDoor({ trustedOrigins: [url, other] });
    expect(await door.post(url, "{}", HEADERS)).toMatchObject({ statusCode: 307 });
    expect(stolen).toBe(0);
  });

  it("that the receiver does not take comes back with the reason, and a long answer is not read to its end", async () => {
    const gone = createTcpServer();
    await once(gone.listen(0, "127.0.0.1"), "listening");
    const address = gone.address();
    if (address === null || typeof address === "string") throw new Error("There is no port.");
    gone.close();
    const closed = `http://127.0.0.1:${address.port}`;
    const endless = await serve((_, response) => {
      const more = setInterval(() => response.write("x".repeat(65_536)), 1);
      response.on("close", () => clearInterval(more));
    });
    const door = createTargetDoor({ trustedOrigins: [closed, endless] });
    expect(await door.post(closed, "{}", HEADERS)).toEqual({ fault: "The connection failed (ECONNREFUSED)." });
    expect(await door.post(endless, "{}", HEADERS)).toMatchObject({ statusCode: 200 });
  });
});

describe("nothing is sent to", () => {
  it.each([
    ["a name that leads to a private address", "10.0.0.7"],
    ["a name that leads to this machine", "127.0.0.1"],
    ["a name that leads to the metadata of the cloud", "169.254.169.254"],
  ])("%s", async (_, address) => {
    const door = createTargetDoor({ trustedOrigins: [], lookup: async () => [{ address, family: 4 }] });
    expect(door.faultOf("https://shop.example/hooks")).toBeUndefined();
    expect(await door.post("https://shop.example/hooks", "{}", HEADERS)).toEqual({
      fault: "The link leads to an address that is not public.",
    });
  });

  it("an address that is no target, though it was one when the webhook was made", async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked++;
      response.end();
    });
    onTestFinished(() => expect(asked).toBe(0));
    const door = createTargetDoor({ trustedOrigins: [] });
    expect(await door.post(url, "{}", HEADERS)).toMatchObject({
      fault: expect.stringContaining("must be an https URL"),
    });
  });
});
