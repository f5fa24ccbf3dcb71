// The placeholder videos: each is made of a committed clip of five seconds, looped and cut to its length, and of a sound where it has one.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  BufferSource,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
  type EncodedPacket,
} from "mediabunny";

/** `placeholder-16x9-12s-720p-sound.mp4` */
const CLIP_NAME = /^(placeholder-(?:16x9|9x16|1x1))-([1-9]\d?)s(-720p)?(-sound)?\.mp4$/;
/** The length of what is committed. Its frames refer to none after them, so that it may be cut behind any. */
const LOOP_SECONDS = 5;
const SECONDS_MAX = 60;

/**
 * The bytes of a placeholder video.
 * @param folder where the committed clips lie
 * @param name `placeholder-<format>-<seconds>s[-720p][-sound].mp4`
 * @returns undefined when there is no such clip
 */
export async function sampleClip(folder: string, name: string): Promise<Buffer | undefined> {
  const [, shape, digits, resolution = "", sound] = CLIP_NAME.exec(name) ?? [];
  const seconds = Number(digits);
  if (shape === undefined || !(seconds <= SECONDS_MAX)) return undefined;
  const film = await readFile(join(folder, `${shape}-${LOOP_SECONDS}s${resolution}.mp4`));
  if (seconds === LOOP_SECONDS && sound === undefined) return film;
  return looped(film, sound === undefined ? undefined : await readFile(join(folder, "sound-5s.m4a")), seconds);
}

async function looped(film: Buffer, sound: Buffer | undefined, seconds: number): Promise<Buffer> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat({ fastStart: "in-memory" }), target });
  using pictures = new Input({ formats: [MP4], source: new BufferSource(film) });
  using sounds = sound && new Input({ formats: [MP4], source: new BufferSource(sound) });
  const [videoTrack, audioTrack] = [await pictures.getPrimaryVideoTrack(), await sounds?.getPrimaryAudioTrack()];
  if (!videoTrack) throw new Error("the committed clip holds no video");
  const video = new EncodedVideoPacketSource("avc");
  output.addVideoTrack(video, { frameRate: 24 });
  const audio = audioTrack && new EncodedAudioPacketSource("aac");
  if (audio) output.addAudioTrack(audio);
  await output.start();
  await copy(await packetsOf(new EncodedPacketSink(videoTrack)), seconds, async (packet) =>
    video.add(packet, { decoderConfig: (await videoTrack.getDecoderConfig()) ?? undefined }),
  );
  if (audio && audioTrack) {
    await copy(await packetsOf(new EncodedPacketSink(audioTrack)), seconds, async (packet) =>
      audio.add(packet, { decoderConfig: (await audioTrack.getDecoderConfig()) ?? undefined }),
    );
  }
  await output.finalize();
  return Buffer.from(target.buffer ?? new ArrayBuffer());
}

async function packetsOf(sink: EncodedPacketSink): Promise<EncodedPacket[]> {
  const packets: EncodedPacket[] = [];
  for await (const packet of sink.packets()) packets.push(packet);
  return packets.filter(({ timestamp }) => timestamp >= 0);
}

/** Packet after packet, over and over, until the length is reached. */
async function copy(
  packets: EncodedPacket[],
  seconds: number,
  add: (packet: EncodedPacket) => Promise<void>,
): Promise<void> {
  const duration = packets[0]?.duration ?? 0;
  if (duration <= 0) throw new Error("the committed clip is empty");
  for (let n = 0; n < Math.round(seconds / duration); n++) {
    const packet = packets[n % packets.length];
    if (packet) await add(packet.clone({ timestamp: n * duration, duration }));
  }
}
