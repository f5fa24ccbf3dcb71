// The name of a downloaded video: every name of every script becomes one that every system takes.
import fc from "fast-check";
import { expect, it } from "vitest";
import { KlingGenerationMode } from "../../shared/kling/models.ts";
import { videoFileName } from "../../shared/media/file-names.ts";

it.each([
  ["Beach", "Beach-pro.mp4"],
  ["Plage d'été", "Plage d'été-pro.mp4"],
  ["浜辺の波", "浜辺の波-pro.mp4"],
  ['  a / b: "c"  ', "a b c-pro.mp4"],
  ["../../etc/passwd", "etc passwd-pro.mp4"],
  ["..", "video-pro.mp4"],
  ["", "video-pro.mp4"],
  ["100%41", "100 41-pro.mp4"],
  ["report\u202e4pm.exe", "report 4pm.exe-pro.mp4"],
  ["line\nbreak\r\nSet-Cookie: a=b", "line break Set-Cookie a=b-pro.mp4"],
  ["half a \ud83d pair", "half a pair-pro.mp4"],
  ["🏖️".repeat(60), `${"🏖️".repeat(25)}-pro.mp4`],
])("%j is kept as %j", (name, fileName) => {
  expect(videoFileName({ name, generationMode: KlingGenerationMode.PRO })).toBe(fileName);
});

it("a video of an older version has no mode to be named by", () => {
  expect(videoFileName({ name: "Beach" })).toBe("Beach.mp4");
  expect(videoFileName({})).toBe("video.mp4");
});

it("whatever the name, the file's is short, one line, and of no directory", () => {
  const name = fc.string({ unit: "binary", maxLength: 300 });
  fc.assert(
    fc.property(name, (given) => {
      const fileName = videoFileName({ name: given, generationMode: KlingGenerationMode.STANDARD });
      expect(fileName).toMatch(/^[^.\s\\/:*?"<>|%\p{Cc}][^\\/:*?"<>|%\p{Cc}]*-standard\.mp4$/u);
      expect(Buffer.byteLength(fileName)).toBeLessThanOrEqual(255);
      expect(fileName.isWellFormed()).toBe(true);
    }),
  );
});
