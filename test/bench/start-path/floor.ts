// The floor, as a process: a bare Node server that makes a recorded start's calls to AWS, with the SDK's own clients and nothing
// else, beside the same AWS stand-ins in the same process.
import { createServer } from "node:http";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SFNClient, StartExecutionCommand, type StartExecutionCommandInput } from "@aws-sdk/client-sfn";
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type GetCommandInput,
  type PutCommandInput,
} from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { v7 } from "uuid";
import * as z from "zod";
import { AWS_CLIENT } from "../../../shared/services/aws-client.ts";
import { tellCpuTime } from "../processes.ts";
import { RECORDING } from "./recording.ts";
import { startWaitingMachine } from "./waiting-machine.ts";

const [dataDirectory = "", file = ""] = process.argv.slice(2);
const { mediaId, key, calls, answer } = RECORDING.parse(JSON.parse(await readFile(file, "utf8")));
// The machine's endpoint, table and interpreter serve this process, its HTTP gateway is not used.
await startWaitingMachine(dataDirectory);

const db = DynamoDBDocumentClient.from(new DynamoDBClient(AWS_CLIENT), {
  marshallOptions: { removeUndefinedValues: true },
});
const sfn = new SFNClient(AWS_CLIENT);

/** Attribute values of the wire as the document client takes them. */
const ATTRIBUTES = z.record(z.string(), z.any()).transform((values) => unmarshall(values));
const DYNAMODB_INPUT = z.looseObject({
  Key: ATTRIBUTES.optional(),
  Item: ATTRIBUTES.optional(),
  ExpressionAttributeValues: ATTRIBUTES.optional(),
});

/** A call as a text with holes: the start's own id and key. */
const prepared = calls.map(({ target, body }) => {
  const [service = "", operation = ""] = target.split(".");
  const input: unknown = JSON.parse(body);
  const plain = service.startsWith("DynamoDB") ? DYNAMODB_INPUT.parse(input) : input;
  const text = JSON.stringify(plain);
  const of = <T>(own: (text: string) => string) => JSON.parse(own(text)) as T;
  switch (operation) {
    case "GetItem":
      return (own: (text: string) => string) => db.send(new GetCommand(of<GetCommandInput>(own)));
    case "PutItem":
      return (own: (text: string) => string) => db.send(new PutCommand(of<PutCommandInput>(own)));
    case "StartExecution":
      return (own: (text: string) => string) =>
        sfn.send(new StartExecutionCommand(of<StartExecutionCommandInput>(own)));
    default:
      throw new Error(`the floor does not know ${target}`);
  }
});

const server = createServer((request, response) => {
  const serve = async () => {
    JSON.parse((await buffer(request)).toString());
    const [id, itsKey] = [v7(), request.headersDistinct["idempotency-key"]?.[0] ?? key];
    const own = (text: string) => text.replaceAll(mediaId, id).replaceAll(key, itsKey);
    for (const call of prepared) await call(own);
    response.writeHead(answer.status, { "content-type": answer.contentType }).end(own(answer.body));
  };
  serve().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = z.object({ port: z.number() }).parse(server.address());
tellCpuTime();
process.once("SIGTERM", () => process.exit());
console.log(`ready http://127.0.0.1:${port}`);
