// The picture that the video shall end with: from this disk, or by its link.
import { useId, useRef } from "preact/hooks";
import type { Connection } from "../../../shared/client/request.ts";
import type { Draft } from "./draft.ts";
import { TYPES } from "./picture.tsx";
import { takePicture } from "./take-picture.ts";

interface Props {
  connection: Connection;
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}

export function LastFrame({ connection, draft: { tail, tailImageUrl }, onChange }: Props) {
  const id = useId();
  const upload = useRef<AbortController>(undefined);
  const file = useRef<HTMLInputElement>(null);
  const take = async (image: File) => {
    upload.current?.abort();
    const { signal } = (upload.current = new AbortController());
    try {
      const tail = await takePicture(image, { ...connection, signal }, (tail) => onChange({ tail, tailImageUrl: "" }));
      if (!signal.aborted) onChange({ tail });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  const remove = () => {
    upload.current?.abort();
    onChange({ tail: undefined });
    file.current?.focus();
  };
  return (
    <div class="field last-frame" role="group" aria-labelledby={`${id}-title`}>
      <p class="label" id={`${id}-title`}>
        Last frame
      </p>
      {tail && (
        <div class="tail">
          {tail.preview !== "" && <img src={tail.preview} alt="The last frame" />}
          <p class={tail.fault === undefined ? "note" : "fault"} role="status">
            {tail.fault ?? (tail.state === "checking" ? "Uploading and checking it..." : tailSays(tail.size))}
          </p>
        </div>
      )}
      <div class="tail-actions">
        <label class="button" for={`${id}-file`}>
          {tail ? "Change the last frame" : "Choose a last frame"}
        </label>
        <input
          id={`${id}-file`}
          ref={file}
          class="visually-hidden"
          type="file"
          accept={TYPES}
          onChange={({ currentTarget }) => {
            const [image] = currentTarget.files ?? [];
            if (image) void take(image).finally(() => (currentTarget.value = ""));
          }}
        />
        {tail && (
          <button type="button" class="quiet" onClick={remove}>
            Remove the last frame
          </button>
        )}
      </div>
      {!tail && (
        <input
          type="url"
          inputMode="url"
          aria-label="A link to the last frame"
          placeholder="or a link to one: https://"
          value={tailImageUrl}
          onInput={({ currentTarget }) => onChange({ tailImageUrl: currentTarget.value })}
        />
      )}
    </div>
  );
}

function tailSays(size: { width: number; height: number } | undefined): string {
  return size ? `Checked: ${size.width} × ${size.height}` : "The last frame of before.";
}
