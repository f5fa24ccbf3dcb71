// `npm start` for real, on the wall's clock: the banner's own line makes a video, and a power cut in the middle loses and doubles nothing.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";

const ROOT = path.join(import.meta.dirname, "../..");
/** 20 s of test mode, two starts of npm and what a busy machine adds. */
const LIMIT_MS = 120_000;
const LONG_POLL_SECONDS = 20;
const TEST_MODE_REQUEST_ID = "a07e8111-d339-4b5c-8563-9887bb4bd146";

/** What a developer's own .env may say must cost nothing and reach no service: a variable that is set wins over the file, an empty one counts as unset. */
const QUIET_SETTINGS = {
  NODE_ENV: "development",
  FAL_TEST_MODE: "on",
  FAL_KEY: "",
  FAL_QUEUE_URL: "",
  FAL_PLATFORM_URL: "",
  PUBLIC_URL: "",
  WORKFLOWAI_API_KEY: "",
  WORKFLOWAI_API_URL: "",
  MEDIA_STORE: "",
  MEDIA_ORIGIN: "",
  TRUSTED_MEDIA_ORIGINS: "",
  CORS_ORIGINS: "",
  AUTH: "off",
  GENERATION_DEADLINE_SECONDS: "",
};

const mediaSpace = z.object({
  id: z.string(),
  spaceId: z.string(),
  media: z.object({
    phase: z.string(),
    version: z.number(),
    requestId: z.string().optional(),
    generationStatus: z.string(),
    analysisStatus: z.string().optional(),
    audio: z.boolean().optional(),
    video: z
      .object({
        link: z.url(),
        quality: z.string(),
        size: z.number(),
        width: z.number(),
        height: z.number(),
        fps: z.number(),
        durationInSeconds: z.number(),
      })
      .optional(),
  }),
});
type MediaSpace = z.infer<typeof mediaSpace>;
const answerBody = z.object({ data: z.object({ mediaSpace }) });

interface Running {
  url: string;
  awsUrl: string;
  /** The two lines that the banner offers: one makes a video, one looks at it. */
  curls: string[];
  /** kill -9 on node, and on the npm and the shell around it: as in a power cut, no process can react. */
  kill(): Promise<void>;
}

/** Starts the project as its README says, in a process group of its own that does not outlive the test. */
async function npmStart(dataDirectory: string, signal: AbortSignal): Promise<Running> {
  // After the test's time is up no other code would end it.
  signal.throwIfAborted();
  const { PATH, HOME, npm_config_cache } = process.env;
  const child = spawn("npm", ["start"], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH,
      HOME,
      npm_config_cache,
      npm_config_update_notifier: "false",
      ...QUIET_SETTINGS,
      PORT: "0",
      AWS_PORT: "0",
      DATA_DIR: dataDirectory,
      POLL_SECONDS: "1",
    },
  });
  // Its output closes when the last process that holds it has ended, not only npm.
  let ended = false;
  const closed = once(child, "close").then(() => (ended = true));
  const killGroup = () => {
    if (!ended) signalGroup(child, "SIGKILL");
  };
  const kill = async () => {
    killGroup();
    await closed;
  };
  process.once("exit", killGroup);
  onTestFinished(async () => {
    await kill();
    process.off("exit", killGroup);
  });
  const { url, output } = await ready(child);
  const awsUrl = /AWS endpoint +(http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1] ?? "";
  const curls = [...output.matchAll(/^ *(curl .+)$/gm)].map(([, line = ""]) => line);
  return { url, awsUrl, curls, kill };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function ready({ stdout, stderr }: ChildProcess): Promise<{ url: string; output: string }> {
  if (!stdout || !stderr) throw new Error("npm has no output");
  let errors = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  return new Promise((resolve, reject) => {
    let output = "";
    stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      const url = /^ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(output)?.[1];
      if (url !== undefined) resolve({ url, output });
    });
    stdout.once("end", () => reject(new Error(`npm start ended before it was ready:\n${output}${errors}`)));
  });
}

async function shell(line: string): Promise<string> {
  const child = spawn("sh", ["-c", line], { stdio: ["ignore", "pipe", "inherit"] });
  return text(child.stdout);
}

/** Long polls until the media is as wanted; each answer comes with a change. */
async function follow(
  url: string,
  { id, spaceId, media: known }: MediaSpace,
  wanted: (media: MediaSpace["media"]) => boolean,
  signal: AbortSignal,
): Promise<MediaSpace["media"]> {
  let media = known;
  while (!wanted(media)) {
    if (["failed", "canceled"].includes(media.phase)) throw new Error(`the generation is ${media.phase}`);
    const query = `sinceVersion=${media.version}&waitSeconds=${LONG_POLL_SECONDS}`;
    const response = await fetch(`${url}/api/spaces/${spaceId}/media/${id}?${query}`, { signal });
    if (response.status === 204) continue;
    expect(response.status).toBe(200);
    const { data } = answerBody.parse(await response.json());
    expect(data.mediaSpace.media.version).toBeGreaterThan(media.version);
    media = data.mediaSpace.media;
  }
  return media;
}

/** Every record there is, read as any AWS client reads it. */
async function records(endpoint: string) {
  const client = new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  try {
    const isMedia = { FilterExpression: "begins_with(sk, :media)", ExpressionAttributeValues: { ":media": "MEDIA#" } };
    const scan = new ScanCommand({ TableName: "Media", ...isMedia });
    const { Items = [] } = await DynamoDBDocumentClient.from(client).send(scan);
    return Items;
  } finally {
    client.destroy();
  }
}

/** The file behind a link, fetched as a player does. */
async function videoBehind(link: string) {
  const read = async (start: number, end: number) => {
    const response = await fetch(link, { headers: { range: `bytes=${start}-${end - 1}` } });
    expect(response.status).toBe(206);
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  };
  const { response, bytes } = await read(0, 16);
  const size = Number(response.headers.get("content-range")?.replace(/^bytes 0-15\//, ""));
  const facts = await readVideoFacts({ size, read: async (start, end) => (await read(start, end)).bytes });
  return { type: response.headers.get("content-type"), start: Buffer.from(bytes).toString("latin1"), size, facts };
}

it(
  "npm start makes the banner's video, even when the power is cut in the middle",
  async ({ signal }) => {
    const dataDirectory = await mkdtemp(path.join(tmpdir(), "npm-start-"));
    onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));

    const first = await npmStart(dataDirectory, signal);
    const [make = ""] = first.curls;
    const started = answerBody.parse(JSON.parse(await shell(make))).data.mediaSpace;
    expect(started.media.phase).toBe("queued");
    const generating = await follow(first.url, started, ({ phase }) => phase === "generating", signal);
    expect(generating.requestId).toBe(TEST_MODE_REQUEST_ID);
    await first.kill();
    await expect(fetch(first.url)).rejects.toThrow();

    const second = await npmStart(dataDirectory, signal);
    const media = await follow(
      second.url,
      { ...started, media: generating },
      ({ phase, analysisStatus }) => phase === "completed" && analysisStatus !== "pending",
      signal,
    );
    expect(media).toMatchObject({
      requestId: TEST_MODE_REQUEST_ID,
      generationStatus: "completed",
      analysisStatus: "completed",
      video: { quality: "hd", width: 1920, height: 1080, fps: 24, durationInSeconds: 5 },
    });

    const video = await videoBehind(media.video?.link ?? "");
    expect(video.type).toBe("video/mp4");
    expect(video.start).toContain("ftyp");
    const { audio, ...facts } = video.facts;
    expect(media.video).toMatchObject({ size: video.size, ...facts });
    expect(media.audio ?? false).toBe(audio);

    const [, look = ""] = second.curls;
    expect(JSON.parse(await shell(look))).toMatchObject({
      data: { items: [{ id: started.id, media: { phase: "completed" } }] },
    });
    expect(await records(second.awsUrl)).toMatchObject([{ id: started.id, phase: "completed", attempt: 1 }]);
  },
  LIMIT_MS,
);
