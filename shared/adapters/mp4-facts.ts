// Reads width, height, frame rate, duration and whether there is sound out of an MP4, or its parent QuickTime, in the store, with a few ranged reads.
import type { EncodedPacket, InputVideoTrack } from "mediabunny";
import { CustomSource, EncodedPacketSink, Input, Logging, LogLevel, MP4, QTFF } from "mediabunny";
import { DeliveryError } from "../media/errors.ts";
import type { ReadVideoFacts } from "../media/ports.ts";

// The library's own output is silenced: the error that we throw says the same.
Logging.level = LogLevel.Silent;

/** The facts of the picture as it is shown. Fetches the file's index and its last frame, not the whole file. */
export const readVideoFacts: ReadVideoFacts = async (file) => {
  using input = new Input({
    formats: [MP4, QTFF],
    source: new CustomSource({ getSize: () => file.size, read: (start, end) => file.read(start, end) }),
  });
  try {
    const track = await input.getPrimaryVideoTrack();
    // With any codec: it is paid for, and its container has the facts (browsers do not play MPEG-4 Visual, for one).
    if (!track) throw new Error("it holds no video");
    if (!(await holdsLastFrame(track))) throw new Error("its last frame is missing");
    const { averagePacketRate } = await track.computePacketStats();
    return {
      width: await track.getDisplayWidth(),
      height: await track.getDisplayHeight(),
      fps: rounded(averagePacketRate, 2),
      durationInSeconds: rounded(await track.computeDuration(), 3),
      audio: (await input.getPrimaryAudioTrack()) !== null,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeliveryError(`The file is not a playable MP4 video: ${reason}`, { cause: error });
  }
};

/** An index at the front may promise frames that a file cut short no longer has. Last in decoding order is last in the file. */
async function holdsLastFrame(track: InputVideoTrack): Promise<boolean> {
  const frames = new EncodedPacketSink(track);
  let last: EncodedPacket | undefined;
  for await (const frame of frames.packets(undefined, undefined, { metadataOnly: true })) last = frame;
  return last !== undefined && (await frames.getPacket(last.timestamp)) !== null;
}

/** A film of one frame has no rate. */
function rounded(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : 0;
}
