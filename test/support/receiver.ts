// A receiver of webhooks, which remembers what came and answers what it is told.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

export interface Message {
  headers: Record<string, string>;
  body: string;
}

export interface Receiver {
  origin: string;
  url: string;
  messages: Message[];
  /** What the next messages are answered; 204 unless said. */
  answer: (message: Message, response: ServerResponse) => void;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = {
    origin: "",
    url: "",
    messages: [],
    answer: (_, response) => response.writeHead(204).end(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  const server = createServer((request, response) => void receive(receiver, request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The receiver has no port.");
  receiver.origin = `http://127.0.0.1:${address.port}`;
  receiver.url = `${receiver.origin}/hooks`;
  return receiver;
}

async function receive(receiver: Receiver, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const headers = Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(",")]),
  );
  const message = { headers, body };
  receiver.messages.push(message);
  receiver.answer(message, response);
}
