// Draws the sample photo and the placeholder clips: one evening by a lake, as SVG, rendered with sharp and encoded with ffmpeg.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import sharp from "sharp";

const FRAMES_PER_SECOND = 24;
const CLIPS = [
  { ratio: "16x9", width: 1920, height: 1080 },
  { ratio: "9x16", width: 1080, height: 1920 },
  { ratio: "1x1", width: 1080, height: 1080 },
];

/** A ridge of hills from the left edge to the right one, filled down to the waterline. */
function ridge(width: number, waterline: number, height: number, waves: [length: number, shift: number][]): string {
  const points = Array.from({ length: 121 }, (_, i) => {
    const at = (i / 120) * Math.PI * 2;
    const rise = waves.reduce((sum, [length, shift], n) => sum + Math.sin(at * length + shift) / (n + 1.4), 0);
    return `${((i / 120) * width).toFixed(1)},${(waterline - height * (0.62 + 0.3 * rise)).toFixed(1)}`;
  });
  return `M0,${waterline} L${points.join(" L")} L${width},${waterline} Z`;
}

/** One fir: a trunk hidden by five tiers that widen towards the ground. */
function fir(x: number, ground: number, height: number): string {
  const tiers = [0, 1, 2, 3, 4].map((tier) => {
    const top = ground - height + (tier * height) / 6.2;
    const bottom = top + height / 3.1;
    const half = (height / 11) * (1 + tier * 0.62);
    return `M${x},${top} Q${x + half * 0.35},${bottom - height * 0.08} ${x + half},${bottom} Q${x},${bottom - height * 0.045} ${x - half},${bottom} Q${x - half * 0.35},${bottom - height * 0.08} ${x},${top} Z`;
  });
  return `${tiers.join(" ")} M${x - height / 60},${ground - height / 4} h${height / 30} v${height / 4} h${-height / 30} Z`;
}

function cloud(x: number, y: number, size: number, opacity: number): string {
  const layers = [
    { dx: -0.1, dy: -0.26, length: 0.7 },
    { dx: 0.12, dy: -0.13, length: 1.5 },
    { dx: -0.05, dy: 0, length: 2.3 },
    { dx: 0.5, dy: 0.13, length: 0.9 },
  ];
  const bars = layers.map(({ dx, dy, length }) => {
    return `<rect x="${x + (dx - length / 2) * size}" y="${y + dy * size}" width="${length * size}" height="${0.14 * size}" rx="${0.07 * size}"/>`;
  });
  return `<g fill="#fff1e6" opacity="${opacity}">${bars.join("")}</g>`;
}

function sailboat(x: number, y: number, size: number, tilt: number): string {
  return `<g transform="translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${tilt.toFixed(2)}) scale(${size})">
    <path d="M3,-8 L3,-88 Q44,-46 50,-12 Z" fill="#fffaf3"/><path d="M-3,-12 L-3,-76 Q-30,-40 -34,-14 Z" fill="#ffd9c2"/>
    <path d="M-46,-6 H58 Q46,12 30,12 H-28 Q-42,10 -46,-6 Z" fill="#3a2a4d"/></g>
    <g transform="translate(${x.toFixed(2)} ${(y + 12 * size).toFixed(2)}) scale(${size} ${-0.55 * size})" opacity="0.25">
    <path d="M3,-8 L3,-88 Q44,-46 50,-12 Z" fill="#fffaf3"/><path d="M-3,-12 L-3,-76 Q-30,-40 -34,-14 Z" fill="#ffd9c2"/></g>`;
}

function bird(x: number, y: number, span: number, lift: number): string {
  return `<path d="M${x - span},${y - lift} Q${x - span * 0.4},${y - lift * 0.9 - span * 0.15} ${x},${y} Q${x + span * 0.4},${y - lift * 0.9 - span * 0.15} ${x + span},${y - lift}" fill="none" stroke="#43305c" stroke-width="${span / 7}" stroke-linecap="round"/>`;
}

/** The evening at `moment` (0..1): everything that moves comes back to where it was, so a clip loops. */
function evening(width: number, height: number, moment: number): string {
  const turn = moment * Math.PI * 2;
  const unit = Math.min(width, height);
  const water = height * 0.62;
  const sun = { x: width * 0.64, y: water - unit * 0.2, r: unit * 0.075 };

  const glitter = Array.from({ length: 15 }, (_, i) => {
    const depth = (i + 0.6) / 15;
    const half = unit * (0.03 + 0.075 * depth) * (1 + 0.35 * Math.sin(turn * (1 + (i % 3)) + i * 2.1));
    const x = sun.x + unit * 0.018 * Math.sin(turn * (1 + (i % 2)) + i * 1.7);
    const y = water + (height - water) * 0.86 * depth ** 1.25 + unit * 0.008;
    const opacity = 0.62 - 0.4 * depth;
    return `<rect x="${(x - half).toFixed(1)}" y="${y.toFixed(1)}" width="${(half * 2).toFixed(1)}" height="${(unit * (0.0035 + 0.005 * depth)).toFixed(1)}" rx="${unit * 0.004}" fill="#ffe9bd" opacity="${opacity.toFixed(2)}"/>`;
  }).join("");

  const boat = {
    x: width * 0.4 + unit * 0.035 * Math.sin(turn),
    y: water + unit * (0.105 + 0.003 * Math.sin(turn * 2)),
  };
  const birds = [0, 1, 2]
    .map((i) => {
      const x = width * 0.45 + unit * (0.055 * i + 0.02 * Math.sin(turn));
      const y = water - unit * (0.37 + 0.028 * ((i * 2) % 3));
      return bird(x, y, unit * 0.015, unit * (0.007 + 0.004 * Math.sin(turn * 4 + i * 2)));
    })
    .join("");

  const firs = [0.015, 0.06, 0.105, 0.15, 0.2]
    .map((at, i) => fir(width * at, height * (0.985 + 0.012 * (i % 2)), unit * (0.5 - 0.07 * i + 0.05 * (i % 2))))
    .concat([0.93, 0.985].map((at, i) => fir(width * at, height * 1.0, unit * (0.3 + 0.1 * i))));

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#39407f"/><stop offset="0.32" stop-color="#8b62a6"/><stop offset="0.58" stop-color="#ee8f8c"/>
      <stop offset="0.82" stop-color="#ffc48a"/><stop offset="1" stop-color="#ffe7b5"/></linearGradient>
    <linearGradient id="lake" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#f5b58d"/><stop offset="0.22" stop-color="#cf8496"/><stop offset="0.6" stop-color="#6d5c98"/>
      <stop offset="1" stop-color="#2f3566"/></linearGradient>
    <radialGradient id="glow"><stop offset="0" stop-color="#fff3cf" stop-opacity="0.95"/><stop offset="0.25" stop-color="#ffe2a6" stop-opacity="0.5"/>
      <stop offset="1" stop-color="#ffd08f" stop-opacity="0"/></radialGradient>
    <linearGradient id="far" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#b97fa3"/><stop offset="1" stop-color="#e8a79b"/></linearGradient>
    <linearGradient id="mid" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#805a94"/><stop offset="1" stop-color="#b47a98"/></linearGradient>
    <linearGradient id="near" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4b3d78"/><stop offset="1" stop-color="#6f5086"/></linearGradient>
  </defs>
  <rect width="${width}" height="${water + 1}" fill="url(#sky)"/>
  <circle cx="${sun.x}" cy="${sun.y}" r="${unit * 0.46}" fill="url(#glow)"/>
  <circle cx="${sun.x}" cy="${sun.y}" r="${sun.r}" fill="#fffbe9"/>
  ${cloud(width * 0.25 + unit * 0.03 * Math.sin(turn), water - unit * 0.41, unit * 0.15, 0.34)}
  ${cloud(width * 0.84 + unit * 0.022 * Math.sin(turn + 1.4), water - unit * 0.48, unit * 0.11, 0.26)}
  <path d="${ridge(width, water, unit * 0.27, [
    [1, 0.4],
    [2.3, 1.1],
    [5.2, 0.3],
  ])}" fill="url(#far)"/>
  <path d="${ridge(width, water, unit * 0.17, [
    [1.4, 3.5],
    [3.1, 0.2],
    [7.3, 2.0],
  ])}" fill="url(#mid)"/>
  <path d="${ridge(width, water, unit * 0.085, [
    [1.1, 1.9],
    [2.7, 4.4],
    [9.1, 0.7],
  ])}" fill="url(#near)"/>
  <rect y="${water}" width="${width}" height="${height - water}" fill="url(#lake)"/>
  ${glitter}
  ${birds}
  ${sailboat(boat.x, boat.y, unit * 0.0011, 1.6 * Math.cos(turn))}
  <path d="${firs.join(" ")}" fill="#211d3f"/>
  <path d="M0,${height} V${height * 0.955} Q${width * 0.16},${height * 0.93} ${width * 0.34},${height} Z M${width},${height} V${height * 0.965} Q${width * 0.92},${height * 0.95} ${width * 0.8},${height} Z" fill="#211d3f"/>
</svg>`;
}

async function drawPhoto(path: string): Promise<void> {
  const [width, height] = [1600, 1067];
  // A little grain makes the drawing look like a photograph, and hides the banding of the sky.
  const grain = await sharp({
    create: { width, height, channels: 3, background: "#808080", noise: { type: "gaussian", mean: 128, sigma: 9 } },
  })
    .png()
    .toBuffer();
  await sharp(Buffer.from(evening(width, height, 0.1)))
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 80, mozjpeg: true })
    .toFile(path);
}

async function drawClip(path: string, width: number, height: number, seconds: number): Promise<void> {
  const encoder = spawn(
    "ffmpeg",
    ["-y", "-loglevel", "error"]
      .concat([
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        `${width}x${height}`,
        "-r",
        `${FRAMES_PER_SECOND}`,
        "-i",
        "-",
      ])
      .concat(["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709"])
      .concat([
        "-color_trc",
        "bt709",
        "-c:v",
        "libx264",
        "-preset",
        "veryslow",
        "-tune",
        "animation",
        "-bf",
        "0",
        "-crf",
        "31",
      ])
      .concat([
        "-g",
        `${seconds * FRAMES_PER_SECOND}`,
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
        "-fflags",
        "+bitexact",
        "-an",
        path,
      ]),
    { stdio: ["pipe", "inherit", "inherit"] },
  );
  const frames = seconds * FRAMES_PER_SECOND;
  for (let frame = 0; frame < frames; frame += 1) {
    const pixels = await sharp(Buffer.from(evening(width, height, frame / frames)))
      .removeAlpha()
      .raw()
      .toBuffer();
    if (!encoder.stdin.write(pixels)) await once(encoder.stdin, "drain");
  }
  encoder.stdin.end();
  const exit: unknown[] = await once(encoder, "close");
  if (exit[0] !== 0) throw new Error(`ffmpeg left ${path} with code ${String(exit[0])}`);
}

async function takeFirstFrame(clip: string, path: string): Promise<void> {
  const quiet = ["-y", "-loglevel", "error"];
  const ffmpeg = spawn("ffmpeg", [...quiet, "-i", clip, "-frames:v", "1", "-q:v", "10", "-bitexact", path]);
  const exit: unknown[] = await once(ffmpeg, "close");
  if (exit[0] !== 0) throw new Error(`ffmpeg left ${path} with code ${String(exit[0])}`);
}

/** Brown noise that swells and fades once in five seconds: it loops as the clips do. */
async function makeSound(path: string): Promise<void> {
  const wind = "anoisesrc=color=brown:amplitude=0.25:sample_rate=48000:duration=5,tremolo=f=0.2:d=0.7,lowpass=f=900";
  const quiet = ["-y", "-loglevel", "error", "-f", "lavfi", "-i", wind];
  const ffmpeg = spawn("ffmpeg", [...quiet, "-ac", "1", "-c:a", "aac", "-b:a", "32k", "-fflags", "+bitexact", path]);
  const exit: unknown[] = await once(ffmpeg, "close");
  if (exit[0] !== 0) throw new Error(`ffmpeg left ${path} with code ${String(exit[0])}`);
}

const folder = import.meta.dirname;
await drawPhoto(join(folder, "photo.jpg"));
for (const { ratio, width, height } of CLIPS) {
  const clip = join(folder, `placeholder-${ratio}-5s`);
  await drawClip(`${clip}.mp4`, width, height, 5);
  await drawClip(`${clip}-720p.mp4`, (width * 2) / 3, (height * 2) / 3, 5);
  await takeFirstFrame(`${clip}.mp4`, join(folder, `placeholder-${ratio}.jpg`));
}
await makeSound(join(folder, "sound-5s.m4a"));
