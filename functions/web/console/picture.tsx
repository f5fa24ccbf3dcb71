// The picture to animate: picked, dropped, pasted or linked, checked at once, and shown as it will be cut.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ImageRatioMax } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { uploadImage } from "../../../shared/client/upload.ts";
import { FORMATS, ratioOf, type Format } from "./words.ts";

/** What the composer knows of the picture. */
export interface Picture {
  /** For the browser to show: of this disk, or of the web. */
  preview: string;
  /** For the request; undefined while it is on its way or when it cannot be used. */
  link: string | undefined;
  size: { width: number; height: number } | undefined;
  name: string;
  state: "checking" | "ready" | "refused" | "linked";
  fault?: string;
}

const TYPES = "image/jpeg,image/png,image/webp";
/** As the server judges it: another number would not compile. */
const RATIO_MAX: ImageRatioMax = 2.5;

/** Why this picture cannot be animated in this format, if so. */
export function formatFault({ size }: Picture, format: Format): string | undefined {
  if (!size || ratioOf(format) !== undefined) return undefined;
  const ratio = Math.max(size.width, size.height) / Math.min(size.width, size.height);
  return ratio > RATIO_MAX
    ? "This picture is too long or too tall to stay as it is. Choose a format to have it cut."
    : undefined;
}

interface Props {
  connection: Connection;
  picture: Picture | undefined;
  format: Format;
  onPicture: (picture: Picture | undefined) => void;
  onFormat: (format: Format) => void;
}

export function PictureField({ connection, picture, format, onPicture, onFormat }: Props) {
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const upload = useRef<AbortController>(undefined);
  const fileId = useId();

  const take = async (image: File) => {
    upload.current?.abort();
    const left = (upload.current = new AbortController());
    const preview = URL.createObjectURL(image);
    const taken: Picture = { preview, link: undefined, size: undefined, name: image.name, state: "checking" };
    onPicture(taken);
    try {
      const { link, width, height } = await uploadImage(image, { ...connection, signal: left.signal });
      onPicture({ ...taken, link, size: { width, height }, state: "ready" });
    } catch (error) {
      if (left.signal.aborted) return;
      if (!isTrouble(error)) throw error;
      onPicture({ ...taken, state: "refused", fault: error.message });
    }
  };
  const takeLink = (link: string) => {
    upload.current?.abort();
    if (link === "") return onPicture(undefined);
    const isLink = /^https?:\/\/.+/.test(link) && URL.canParse(link);
    onPicture({
      preview: isLink ? link : "",
      link: isLink ? link : undefined,
      size: undefined,
      name: isLink ? (new URL(link).pathname.split("/").at(-1) ?? "") : "",
      state: isLink ? "linked" : "refused",
      ...(!isLink && { fault: "This is not a link to a picture: it begins with http:// or https://." }),
    });
  };

  // A picture in the clipboard may be pasted anywhere on the page.
  const takeLatest = useRef(take);
  takeLatest.current = take;
  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const [image] = [...(clipboardData?.files ?? [])].filter(({ type }) => type.startsWith("image/"));
      if (image) void takeLatest.current(image);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);

  const isLinked = picture?.state === "linked" || (picture?.state === "refused" && picture.preview === "");
  return (
    <fieldset class="picture">
      <legend class="visually-hidden">Picture</legend>
      <div
        class={`drop ${over ? "over" : ""} ${picture?.preview ? "filled" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          const [image] = event.dataTransfer?.files ?? [];
          if (image) void take(image);
        }}
      >
        {picture?.preview ? (
          <Framed key={picture.preview} picture={picture} format={format} onPicture={onPicture} />
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
            <button type="button" class="quiet" onClick={() => takeLink("")}>
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
        value={isLinked ? (picture.link ?? undefined) : ""}
        aria-invalid={isLinked && picture.fault !== undefined}
        onChange={({ currentTarget }) => takeLink(currentTarget.value.trim())}
      />
      <fieldset class="segments">
        <legend>Format</legend>
        {FORMATS.map((name) => (
          <label key={name}>
            <input type="radio" name="format" checked={name === format} onChange={() => onFormat(name)} />
            <span>
              <i class={`shape shape-${name.replace(/\W/g, "-")}`} aria-hidden="true" />
              {name}
            </span>
          </label>
        ))}
      </fieldset>
    </fieldset>
  );
}

function PictureSays({ picture: { state, size, fault } }: { picture: Picture }) {
  if (fault !== undefined) return <span class="fault">{fault}</span>;
  if (state === "checking") return <span>Uploading and checking it...</span>;
  const measured = size ? `${size.width} × ${size.height}` : "";
  if (state === "ready") return <span>{`Checked: ${measured}`}</span>;
  return <span>{measured ? `${measured}. It is fetched when you start.` : "It is fetched when you start."}</span>;
}

/** The whole picture, with what the format leaves of it. */
function Framed({ picture, format, onPicture }: Pick<Props, "format" | "onPicture"> & { picture: Picture }) {
  const [shown, setShown] = useState<{ width: number; height: number }>();
  const [isBlind, setIsBlind] = useState(false);
  const ratio = ratioOf(format);
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
            if (picture.state === "linked") onPicture({ ...picture, size: { width, height } });
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
  return `In ${format} ${lost} % is cut off, ${width < 1 ? "left and right" : "at the top and the bottom"} alike.`;
}
