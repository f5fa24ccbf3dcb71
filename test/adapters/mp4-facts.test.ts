// The facts of a video, read from the committed clips and from variants of them made here.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sampleClip } from "../../shared/adapters/sample-clips.ts";
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { DeliveryError } from "../../shared/media/errors.ts";

const SAMPLES = fileURLToPath(new URL("../../stacks/local/samples", import.meta.url));
const clip = async (name: string) => Buffer.from((await sampleClip(SAMPLES, `placeholder-${name}.mp4`)) ?? "");

function factsOf(bytes: Buffer) {
  return readVideoFacts({ size: bytes.length, read: async (start, end) => bytes.subarray(start, end) });
}

/** Where the fields of a box begin, after its size and its type. */
function fieldsOf(bytes: Buffer, box: string): number {
  const type = bytes.indexOf(box);
  if (type < 0) throw new Error(`the clip has no ${box} box`);
  return type + 4;
}

describe("the facts of a video", () => {
  it.each([
    ["16x9-5s", { width: 1920, height: 1080, fps: 24, durationInSeconds: 5, audio: false }],
    ["16x9-10s", { width: 1920, height: 1080, fps: 24, durationInSeconds: 10, audio: false }],
    ["9x16-5s", { width: 1080, height: 1920, fps: 24, durationInSeconds: 5, audio: false }],
    ["9x16-10s", { width: 1080, height: 1920, fps: 24, durationInSeconds: 10, audio: false }],
    ["1x1-5s", { width: 1080, height: 1080, fps: 24, durationInSeconds: 5, audio: false }],
    ["1x1-10s", { width: 1080, height: 1080, fps: 24, durationInSeconds: 10, audio: false }],
    ["16x9-12s-720p-sound", { width: 1280, height: 720, fps: 24, durationInSeconds: 12, audio: true }],
    ["9x16-30s-sound", { width: 1080, height: 1920, fps: 24, durationInSeconds: 30, audio: true }],
    ["1x1-3s-720p", { width: 720, height: 720, fps: 24, durationInSeconds: 3, audio: false }],
  ])("of the clip %s are %o", async (name, facts) => {
    expect(await factsOf(await clip(name))).toEqual(facts);
  });

  it("are those of the picture as it is shown: a turned one has its sides exchanged", async () => {
    const turned = await clip("16x9-5s");
    // Version 0 of tkhd: 40 bytes of other fields, then the matrix, here a quarter turn (ISO/IEC 14496-12, 8.3.2).
    const matrix = fieldsOf(turned, "tkhd") + 40;
    [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].forEach((value, i) => turned.writeInt32BE(value, matrix + 4 * i));
    expect(await factsOf(turned)).toMatchObject({ width: 1080, height: 1920 });
  });

  it.each([30, 25, 29.97, 23.98])("take the frame rate from the timing of the frames: %d", async (fps) => {
    const faster = await clip("1x1-5s");
    // Version 0 of mdhd: 12 bytes of other fields, then the ticks per second (ISO/IEC 14496-12, 8.4.2).
    const ticksPerSecond = fieldsOf(faster, "mdhd") + 12;
    faster.writeUInt32BE(Math.round((faster.readUInt32BE(ticksPerSecond) * fps) / 24), ticksPerSecond);
    expect(await factsOf(faster)).toMatchObject({ fps, durationInSeconds: Number((120 / fps).toFixed(3)) });
  });

  const facts = { width: 1920, height: 1080, fps: 24, durationInSeconds: 5, audio: false };

  it.each(["qt  ", "isom", "M4V ", "zzzz"])("are read whatever the brand of its container: %s", async (brand) => {
    const branded = await clip("16x9-5s");
    branded.write(brand, fieldsOf(branded, "ftyp"));
    expect(await factsOf(branded)).toEqual(facts);
  });

  it.each(["mp4v", "jpeg", "xxxx"])("are read whatever its codec: a paid video is kept in %s too", async (codec) => {
    const coded = await clip("16x9-5s");
    coded.write(codec, coded.indexOf("avc1", coded.indexOf("stsd")));
    expect(await factsOf(coded)).toEqual(facts);
  });

  it("cost a few small reads, however long the file is", async () => {
    const short = await clip("16x9-5s");
    const padding = Buffer.alloc(20_000_000);
    padding.writeUInt32BE(padding.length, 0);
    padding.write("free", 4);
    const long = Buffer.concat([short, padding]);
    const reads: number[] = [];
    const facts = await readVideoFacts({
      size: long.length,
      read: async (start, end) => {
        reads.push(end - start);
        return long.subarray(start, end);
      },
    });
    expect(facts).toMatchObject({ width: 1920, durationInSeconds: 5, audio: false });
    expect(reads.length).toBeLessThan(20);
    expect(reads.reduce((sum, bytes) => sum + bytes)).toBeLessThan(200_000);
  });
});

describe("what is not a playable video", () => {
  it("is one that breaks off, be it by a byte", async () => {
    const whole = await clip("9x16-5s");
    for (const kept of [10, 100, 1_000, whole.length / 2, whole.length - 1])
      await expect(factsOf(whole.subarray(0, kept))).rejects.toThrow(DeliveryError);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(100_000)],
    ["a web page", Buffer.from("<!doctype html><title>502 Bad Gateway</title>")],
    ["an error in JSON", Buffer.from('{"detail":"expired"}')],
  ])("is %s", async (_, bytes) => {
    await expect(factsOf(bytes)).rejects.toThrow(DeliveryError);
  });

  it("is a file that the store cannot read", async () => {
    const unreadable = readVideoFacts({ size: 1_000, read: () => Promise.reject(new Error("the store is down")) });
    await expect(unreadable).rejects.toThrow(DeliveryError);
    await expect(unreadable).rejects.toThrow("the store is down");
  });
});
