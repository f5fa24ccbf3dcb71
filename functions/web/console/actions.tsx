// What can be done with one generation: keep its video, stop it, delete it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { cancelGeneration, deleteMedia } from "../../../shared/client/calls.ts";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";

export interface ActionProps {
  item: MediaSpace;
  connection: Connection;
  onChanged: (item: MediaSpace) => void;
  onDeleted: (item: MediaSpace) => void;
  onStale: (item: MediaSpace) => Promise<MediaSpace>;
  onSay: (words: string) => void;
}

/** Downloads the video. An expired link is replaced first, so that the page is never replaced by an error of S3. */
export function Download({ item, onStale, onSay }: Pick<ActionProps, "item" | "onStale" | "onSay">) {
  const { link, downloadLink } = item.media.video ?? {};
  const [said, setSaid] = useState("");
  if (downloadLink === undefined) {
    return (
      <a class="button" href={link} download={`${item.id}.mp4`}>
        Download
      </a>
    );
  }
  const keep = async () => {
    setSaid("");
    try {
      const fresh = (await opens(downloadLink)) ? downloadLink : (await onStale(item)).media.video?.downloadLink;
      if (fresh !== undefined) location.assign(fresh);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
    }
  };
  const click = (event: MouseEvent) => {
    event.preventDefault();
    void keep();
  };
  return (
    <>
      <a class="button" href={downloadLink} onClick={click}>
        Download
      </a>
      {said && <p class="note">{said}</p>}
    </>
  );
}

/**
 * Keeps the video as one of several: fetched whole, because a browser that is led to a second file lets go of the first. Where a
 * script may not fetch it, its link is followed.
 * @throws ApiError, NoAnswerError where a link that has ended could not be had anew
 */
export async function saveVideo(item: MediaSpace, onStale: ActionProps["onStale"]): Promise<void> {
  const { link } = item.media.video ?? {};
  if (link === undefined) return;
  const anchor = document.createElement("a");
  anchor.download = fileNameOf(item);
  try {
    let answer = await fetch(link);
    if (!answer.ok) answer = await fetch((await onStale(item)).media.video?.link ?? link);
    const file = URL.createObjectURL(await answer.blob());
    anchor.href = file;
    setTimeout(() => URL.revokeObjectURL(file), REVOKED_MS);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    anchor.href = link;
  }
  anchor.click();
}
/** By then the browser has the file. */
const REVOKED_MS = 60_000;

/** As the server names the file of one: by its title and its mode, without what no file system takes. */
function fileNameOf({ media: { name, generationMode } }: MediaSpace): string {
  const bare = name
    .replace(/[\p{Cc}\\/:*?"<>|%]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const short =
    [...bare]
      .slice(0, 50)
      .join("")
      .replace(/^[. ]+|[. ]+$/g, "") || "video";
  return `${[short, generationMode].filter(Boolean).join("-")}.mp4`;
}

/** Fetches one byte: S3 refuses a HEAD on a link signed for GET. Where CORS stops the script, the link is followed as it is. */
async function opens(link: string): Promise<boolean> {
  const answer = await fetch(link, { headers: { range: "bytes=0-0" } }).catch(() => undefined);
  return answer?.ok ?? true;
}

export function Cancel({
  item,
  connection,
  onChanged,
  onSay,
}: Pick<ActionProps, "item" | "connection" | "onChanged" | "onSay">) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const wasAsked = item.media.cancelRequestedAt !== undefined;
  const cancel = async () => {
    setBusy(true);
    setSaid("");
    try {
      const { message, mediaSpace } = await cancelGeneration(item, connection);
      onChanged(mediaSpace);
      setSaid(message);
      onSay(message);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {!wasAsked && item.media.phase !== "finalizing" && (
        <button type="button" class="button" aria-disabled={busy} onClick={() => !busy && void cancel()}>
          {busy ? "Canceling..." : "Cancel"}
        </button>
      )}
      {said && <p class="note">{said}</p>}
    </>
  );
}

/** Asks for confirmation: a deletion cannot be undone. */
export function Delete({
  item,
  connection,
  onDeleted,
  onSay,
}: Pick<ActionProps, "item" | "connection" | "onDeleted" | "onSay">) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  // Before the next key: it would still be the old button's.
  useLayoutEffect(() => {
    if (asking) keep.current?.focus();
    else if (wasAsked.current) button.current?.focus();
    wasAsked.current = asking;
  }, [asking]);
  const remove = async () => {
    setBusy(true);
    setSaid("");
    try {
      await deleteMedia(item, connection);
      onSay("Deleted.");
      const card = keep.current?.closest("li");
      const next = card?.nextElementSibling ?? card?.previousElementSibling ?? document.getElementById("generations");
      onDeleted(item);
      if (next instanceof HTMLElement) next.focus();
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
      setBusy(false);
    }
  };
  if (!asking) {
    return (
      <button type="button" class="quiet" ref={button} onClick={() => setAsking(true)}>
        Delete
      </button>
    );
  }
  return (
    <span
      class="sure"
      role="group"
      aria-label="Delete it?"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        setAsking(false);
      }}
    >
      <span class="note">{said || "Delete it and its files for good?"}</span>
      <button type="button" class="button" aria-disabled={busy} onClick={() => !busy && void remove()}>
        Delete for good
      </button>
      <button type="button" class="quiet" ref={keep} onClick={() => setAsking(false)}>
        Keep
      </button>
    </span>
  );
}
