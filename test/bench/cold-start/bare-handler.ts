// The floor: a handler of SDK clients and nothing else, written from the calls that the real one was seen to make.
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { BUCKET, type OutsideCall } from "./outside.ts";

export interface Seen {
  calls: readonly OutsideCall[];
  s3: readonly { operation: string; key: string; bytes: number }[];
  /** How many links to files its answer holds. */
  links: number;
  /** Its answer, which the bare handler gives too. */
  result: unknown;
  /** It decodes a picture, or reads a video's facts: so must the floor, with the same packages. */
  decodes?: { picture: string } | { video: true };
}

interface Client {
  from: string;
  make: string;
  /** What it needs beside its commands: name -> package. */
  imports: Record<string, string>;
}

const CLIENTS = {
  db: {
    from: "@aws-sdk/lib-dynamodb",
    make: "DynamoDBDocumentClient.from(new DynamoDBClient({}))",
    imports: { DynamoDBClient: "@aws-sdk/client-dynamodb", DynamoDBDocumentClient: "@aws-sdk/lib-dynamodb" },
  },
  states: {
    from: "@aws-sdk/client-sfn",
    make: "new SFNClient({})",
    imports: { SFNClient: "@aws-sdk/client-sfn" },
  },
  bus: {
    from: "@aws-sdk/client-eventbridge",
    make: "new EventBridgeClient({})",
    imports: { EventBridgeClient: "@aws-sdk/client-eventbridge" },
  },
  files: { from: "@aws-sdk/client-s3", make: "new S3Client({})", imports: { S3Client: "@aws-sdk/client-s3" } },
  fal: {
    from: "@fal-ai/client",
    make: "createFalClient({ credentials: 'k', fetch: (url, init) => fetch(String(url).replace('https://queue.fal.run', process.env.FAL_QUEUE_URL), init) })",
    imports: { createFalClient: "@fal-ai/client" },
  },
} satisfies Record<string, Client>;
type ClientName = keyof typeof CLIENTS;

/** An ES module whose `handler` makes the same calls with the same inputs, those of one turn together, and gives the same answer. */
export function bareHandler({ calls, s3, links, result, decodes }: Seen): string {
  const steps = new Map<number, Step[]>();
  for (const call of calls) steps.set(call.turn, [...(steps.get(call.turn) ?? []), stepOf(call)]);
  const inBucket = s3.map((it) => [bucketStep(it)]);
  const linked = links === 0 ? [] : [Array.from({ length: links }, () => LINK)];
  const decoded = decodes ? [["picture" in decodes ? picture(decodes.picture) : VIDEO]] : [];
  const turns = [...steps.values(), ...inBucket, ...linked, ...decoded];

  const used = [...new Set(turns.flat().flatMap(({ client }) => client ?? []))];
  const imports = new Map<string, string>();
  for (const name of used) for (const [it, from] of Object.entries(CLIENTS[name].imports)) imports.set(it, from);
  for (const step of turns.flat()) for (const [it, from] of Object.entries(step.imports)) imports.set(it, from);
  return [
    ...[...imports].map(([name, from]) => `import { ${name} } from "${from}";`),
    ...used.map((name) => `const ${name} = ${CLIENTS[name].make};`),
    "export const handler = async () => {",
    ...turns.map((together) => `await Promise.all([${together.map(({ code }) => code).join(", ")}]);`),
    `return ${JSON.stringify(result)};`,
    "};",
  ].join("\n");
}

type Input = Record<string, unknown>;

interface Step {
  code: string;
  client?: ClientName;
  imports: Record<string, string>;
}

function stepOf({ target, method, url, body }: OutsideCall): Step {
  const [service = "", operation = ""] = target?.split(".") ?? [];
  if (service.startsWith("DynamoDB"))
    return send("db", operation.replace(/Item$/, ""), plain(JSON.parse(body) as Input));
  if (service === "AWSStepFunctions") return send("states", operation, JSON.parse(body) as Input);
  if (service === "AWSEvents") return send("bus", operation, undated(JSON.parse(body) as { Entries: Input[] }));
  const [, endpoint, requestId, status] =
    /\/(fal-ai\/[^/]+).*\/requests\/([^/]+)(\/\w+)?$/.exec(new URL(url).pathname) ?? [];
  if (endpoint === undefined) {
    const init = method === "GET" ? {} : { method, body, headers: { "content-type": "application/json" } };
    return {
      code: `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then((it) => it.arrayBuffer())`,
      imports: {},
    };
  }
  const operationOfFal = { "/status": "status", "/cancel": "cancel" }[status ?? ""] ?? "result";
  return {
    code: `fal.queue.${operationOfFal}("${endpoint}", { requestId: "${requestId}" })`,
    client: "fal",
    imports: {},
  };
}

function send(client: ClientName, operation: string, input: unknown): Step {
  const command = `${operation}Command`;
  return {
    code: `${client}.send(new ${command}(${JSON.stringify(input)}))`,
    client,
    imports: { [command]: CLIENTS[client].from },
  };
}

/** An input of DynamoDB's API, as its document client takes it. */
function plain(input: Input): Input {
  const holdsValues = ["Key", "Item", "ExpressionAttributeValues"];
  const entries = Object.entries(input).map(([name, value]) => [
    name,
    holdsValues.includes(name) ? unmarshall(value as Parameters<typeof unmarshall>[0]) : value,
  ]);
  return Object.fromEntries(entries) as Input;
}

/** The SDK takes the time of an event as a Date, which JSON has not. */
function undated({ Entries }: { Entries: Input[] }): Input {
  return { Entries: Entries.map((entry) => ({ ...entry, Time: undefined })) };
}

function bucketStep({ operation, key, bytes }: Seen["s3"][number]): Step {
  const place = `Bucket: "${BUCKET}", ${operation === "ListBucket" ? "Prefix" : "Key"}: "${key}"`;
  const command = operation === "ListBucket" ? "ListObjectsV2Command" : `${operation}Command`;
  const body = operation === "PutObject" ? `, Body: Buffer.alloc(${bytes})` : "";
  const read = operation === "GetObject" ? ".then(({ Body }) => Body.transformToByteArray())" : "";
  return {
    code: `files.send(new ${command}({ ${place}${body} }))${read}`,
    client: "files",
    imports: { [command]: "@aws-sdk/client-s3" },
  };
}

const LINK: Step = {
  code: `getSignedUrl(files, new GetObjectCommand({ Bucket: "${BUCKET}", Key: "videos/v.mp4" }))`,
  client: "files",
  imports: { GetObjectCommand: "@aws-sdk/client-s3", getSignedUrl: "@aws-sdk/s3-request-presigner" },
};

function picture(url: string): Step {
  const work = "sharp(Buffer.from(it)).autoOrient().resize(1920, 1080).jpeg({ quality: 90 }).toBuffer()";
  return {
    code: `fetch("${url}").then((it) => it.arrayBuffer()).then((it) => ${work})`,
    imports: { "default as sharp": "sharp" },
  };
}

const VIDEO: Step = {
  code: `(async () => {
    const source = new UrlSource(process.env.FAL_QUEUE_URL + "/video.mp4");
    const track = await new Input({ formats: [MP4], source }).getPrimaryVideoTrack();
    return [await track.computePacketStats(), await track.computeDuration()];
  })()`,
  imports: { Input: "mediabunny", MP4: "mediabunny", UrlSource: "mediabunny" },
};
