// The name of a video's file when a user downloads it.
import type { Media } from "./media.ts";

/**
 * What Windows, macOS or Linux does not take in a file's name; what would hide a part of it (controls, marks of direction); and the
 * percent sign, after which some browsers decode (RFC 6266, appendix D).
 */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\\/:*?"<>|%]+/gu;
/** In characters: with the mode and in any script it stays under the 255 bytes of a file system's name. */
const NAME_LENGTH = 50;

/**
 * `<name>-<mode>.mp4`: the media's name, of any script, without what no file system takes. Without a name it is `video`; without a
 * mode, as on records of older versions, nothing stands for it.
 */
export function videoFileName({ name = "", generationMode }: Pick<Media, "name" | "generationMode">): string {
  const spaced = name.replace(FORBIDDEN, " ").replace(/\s+/g, " ");
  const short = [...spaced.trim()].slice(0, NAME_LENGTH).join("");
  const bare = short.replace(/^[. ]+|[. ]+$/g, "") || "video";
  return `${[bare, generationMode].filter((part) => part !== undefined).join("-")}.mp4`;
}
