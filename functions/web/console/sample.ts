// A picture for people who have none at hand: drawn here, then taken like any other from their disk.
import type { Connection } from "../../../shared/client/request.ts";
import type { Draft } from "./draft.ts";
import { takePicture } from "./take-picture.ts";

const [WIDTH, HEIGHT] = [1280, 720];
const WORDS = "The sun sinks behind the hills, the water glitters, slow camera push in";

/**
 * A draft with the sample, uploaded and checked.
 * @returns its picture's `fault` says what went wrong with the upload, if anything did
 */
export async function sampleDraft(connection: Connection): Promise<Partial<Draft>> {
  const file = new File([await drawn()], "sample.jpg", { type: "image/jpeg" });
  return { picture: await takePicture(file, connection), link: "", format: undefined, words: WORDS };
}

/** An evening by the water. */
async function drawn(): Promise<Blob> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const ink = canvas.getContext("2d");
  if (!ink) throw new Error("This browser draws nothing.");
  const shade = (top: number, bottom: number, ...colours: string[]) => {
    const gradient = ink.createLinearGradient(0, top, 0, bottom);
    colours.forEach((colour, n) => gradient.addColorStop(n / (colours.length - 1), colour));
    return gradient;
  };
  const shore = HEIGHT * 0.62;
  ink.fillStyle = shade(0, shore, "#27335f", "#8a4f86", "#f0805f", "#ffd08a");
  ink.fillRect(0, 0, WIDTH, shore);
  ink.fillStyle = "#fff3d0";
  ink.beginPath();
  ink.arc(WIDTH * 0.62, shore - 90, 62, 0, Math.PI * 2);
  ink.fill();
  for (const [height, colour, width] of [
    [150, "#a4577f", 210],
    [100, "#6d3c74", 150],
    [56, "#402a5c", 110],
  ] as const) {
    ink.fillStyle = colour;
    ink.beginPath();
    ink.moveTo(0, shore);
    for (let x = 0; x <= WIDTH; x += 4) {
      ink.lineTo(x, shore - height * (0.55 + 0.3 * Math.sin(x / width) + 0.15 * Math.sin(x / 37 + height)));
    }
    ink.lineTo(WIDTH, shore);
    ink.fill();
  }
  ink.fillStyle = shade(shore, HEIGHT, "#f39b72", "#8a4f86", "#1d2348");
  ink.fillRect(0, shore, WIDTH, HEIGHT - shore);
  ink.fillStyle = "rgb(255 243 208 / 70%)";
  for (let y = shore + 8; y < HEIGHT; y += 16) {
    const half = 70 * (1 - (y - shore) / (HEIGHT - shore)) + 12;
    ink.fillRect(WIDTH * 0.62 - half + 14 * Math.sin(y), y, half * 2, 3);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("This browser draws nothing."))),
      "image/jpeg",
      0.9,
    );
  });
}
