// The picture to animate: picked, dropped, pasted or linked, checked at once, and shown as it will be cropped.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Connection } from "../../../shared/client/request.ts";
import { formatOf, type Draft, type Picture } from "./draft.ts";
import { takePicture } from "./take-picture.ts";
import { FORMATS, ratioFault, ratioOf, type Format } from "./words.ts";

/** What a file may be. */
export const TYPES = "image/jpeg,image/png,image/webp";

interface Props {
  connection: Connection;
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}

export function PictureField({ connection, draft, onChange }: Props) {
  const { picture, link } = draft;
  const format = formatOf(draft);
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const upload = useRef<AbortController>(undefined);
  const fileId = useId();

  const onPicture = (picture: Picture | undefined) => onChange({ picture });
  const take = async (image: File) => {
    upload.current?.abort();
    const left = (upload.current = new AbortController());
    try {
      const taken = await takePicture(image, { ...connection, signal: left.signal }, (picture) =>
        onChange({ picture, link: "" }),
      );
      if (!left.signal.aborted) onPicture(taken);
    } catch (error) {
      if (!left.signal.aborted) throw error;
    }
  };
  const takeLink = (typed: string) => {
    upload.current?.abort();
    const link = typed.trim();
    if (link === "") return onChange({ picture: undefined, link });
    const isLink = /^https?:\/\/.+/i.test(link) && URL.canParse(link);
    const picture: Picture = {
      preview: isLink ? link : "",
      link: isLink ? link : undefined,
      size: undefined,
      name: isLink ? (new URL(link).pathname.split("/").at(-1) ?? "") : "",
      state: isLink ? "linked" : "refused",
      ...(!isLink && { fault: "This is not a link to a picture: it begins with http:// or https://." }),
    };
    onChange({ picture, link });
  };

  const latest = useRef({ take, takeLink });
  latest.current = { take, takeLink };
  useEffect(() => {
    // A link that was typed when the page was left.
    if (!picture && link !== "") latest.current.takeLink(link);
    // A picture may be pasted or dropped anywhere on the page: dropped outside of a drop zone, a browser would open it in place of the page.
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const [image] = [...(clipboardData?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      if (image) void latest.current.take(image);
    };
    const dragOver = (event: DragEvent) => {
      if (!isForUs(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const dragLeave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!isForUs(event)) return;
      event.preventDefault();
      const [image] = event.dataTransfer?.files ?? [];
      const link = event.dataTransfer?.getData("text/uri-list").split("\n")[0];
      if (image) void latest.current.take(image);
      else if (link) latest.current.takeLink(link);
    };
    document.addEventListener("paste", paste);
    document.addEventListener("dragover", dragOver);
    document.addEventListener("dragleave", dragLeave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("paste", paste);
      document.removeEventListener("dragover", dragOver);
      document.removeEventListener("dragleave", dragLeave);
      document.removeEventListener("drop", drop);
    };
  }, []);

  const isLinkRefused = picture?.state === "refused" && picture.preview === "";
  return (
    <fieldset class="picture">
      <legend class="visually-hidden">Picture</legend>
      <div class={`drop ${over ? "over" : ""} ${picture?.preview ? "filled" : ""}`}>
        {picture?.preview ? (
          <Framed
            key={picture.preview}
            picture={picture}
            format={format}
            onSize={(size) => picture.state === "linked" && !picture.size && onPicture({ ...picture, size })}
          />
        ) : (
          <p class="invitation" aria-hidden="true">
            <svg viewBox="0 0 48 48" width="48" height="48">
              <rect x="5" y="9" width="38" height="30" rx="5" />
              <circle cx="16" cy="19" r="3.5" />
              <path d="M5 33l11-9 8 6 8-9 11 11" />
            </svg>
            Drop a picture here, or paste one
          </p>
        )}
        <p class="picture-says" role="status">
          {picture && <PictureSays picture={picture} />}
        </p>
        <div class="drop-actions">
          <label class="button" for={fileId}>
            {picture?.preview ? "Change" : "Choose a picture"}
          </label>
          <input
            id={fileId}
            ref={file}
            class="visually-hidden"
            type="file"
            accept={TYPES}
            onChange={({ currentTarget }) => {
              const [image] = currentTarget.files ?? [];
              // The same file may be chosen again.
              if (image) void take(image).finally(() => (currentTarget.value = ""));
            }}
          />
          {picture?.preview && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                takeLink("");
                file.current?.focus();
              }}
            >
              Remove
            </button>
          )}
        </div>
      </div>
      <input
        type="url"
        inputMode="url"
        placeholder="or a link to one: https://"
        aria-label="A link to a picture"
        autocomplete="off"
        value={link}
        aria-invalid={isLinkRefused}
        onInput={({ currentTarget, inputType }) =>
          inputType === "insertFromPaste" ? takeLink(currentTarget.value) : onChange({ link: currentTarget.value })
        }
        onChange={({ currentTarget }) => takeLink(currentTarget.value)}
      />
      <fieldset class="segments">
        <legend>Format</legend>
        {FORMATS.map((name) => (
          <label key={name}>
            <input type="radio" name="format" checked={name === format} onChange={() => onChange({ format: name })} />
            <span>
              <i class={`shape shape-${name.replace(/\W/g, "-")}`} aria-hidden="true" />
              {name}
            </span>
          </label>
        ))}
      </fieldset>
      {picture?.size && format === "as it is" && ratioFault(picture.size) && (
        <p class="fault">{ratioFault(picture.size)}</p>
      )}
    </fieldset>
  );
}

/** A file, wherever it is dropped; a link, unless it is dropped into a field as text. */
function isForUs({ dataTransfer, target }: DragEvent): boolean {
  const types = dataTransfer?.types ?? [];
  if (types.includes("Files")) return true;
  return (
    types.includes("text/uri-list") && !(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)
  );
}

function PictureSays({ picture: { state, size, fault, isCut } }: { picture: Picture }) {
  if (fault !== undefined) return <span class="fault">{fault}</span>;
  if (state === "checking") return <span>Uploading and checking it...</span>;
  const measured = size ? `${size.width} × ${size.height}` : "";
  if (isCut) return <span>The earlier picture, shown as it was cropped.</span>;
  if (state === "ready") return <span>{`Checked: ${measured}`}</span>;
  return <span>{measured ? `${measured}. It is fetched when you start.` : "It is fetched when you start."}</span>;
}

interface Size {
  width: number;
  height: number;
}

/** The whole picture, with what the format leaves of it. */
function Framed({ picture, format, onSize }: { picture: Picture; format: Format; onSize: (size: Size) => void }) {
  const [shown, setShown] = useState<Size>();
  const [isBlind, setIsBlind] = useState(false);
  const ratio = picture.isCut ? undefined : ratioOf(format);
  const own = shown && shown.width / shown.height;
  const kept = ratio !== undefined && own !== undefined ? Math.min(1, ratio / own) : 1;
  const keptHeight = ratio !== undefined && own !== undefined ? Math.min(1, own / ratio) : 1;
  return (
    <div class={`framed ${picture.state}`}>
      {isBlind ? (
        <p class="invitation">
          {picture.state === "linked"
            ? "No preview: this page cannot open the link. The server will try."
            : "This browser cannot show it."}
        </p>
      ) : (
        <img
          src={picture.preview}
          alt="The picture to animate"
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
            setShown({ width, height });
            onSize({ width, height });
          }}
          onError={() => setIsBlind(true)}
        />
      )}
      {shown && ratio !== undefined && (
        <div class="cut" style={{ width: `${kept * 100}%`, height: `${keptHeight * 100}%` }} aria-hidden="true">
          <span>{format}</span>
        </div>
      )}
      {shown && ratio !== undefined && <span class="visually-hidden">{cutInWords(kept, keptHeight, format)}</span>}
    </div>
  );
}

function cutInWords(width: number, height: number, format: Format): string {
  const lost = Math.round((1 - width * height) * 100);
  if (lost < 1) return `In ${format} nothing is cut off.`;
  return `In ${format} ${lost} % is cut off, half of it ${width < 1 ? "on each side" : "at the top, half at the bottom"}.`;
}
