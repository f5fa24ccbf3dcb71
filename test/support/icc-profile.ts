// Colour spaces as cameras and screens have them, as ICC profiles made here (ICC.1:2022), and what of them a viewer shows.

/** The primaries' XYZ under D50, in columns, and the exponent of the tone curve. */
export interface RgbSpace {
  primaries: readonly [red: Triple, green: Triple, blue: Triple];
  gamma: number;
}
export type Triple = readonly [number, number, number];

/** Of Adobe's and Apple's specifications, adapted to D50 (brucelindbloom.com, "RGB/XYZ Matrices"); P3 with a plain exponent. */
export const ADOBE_RGB: RgbSpace = {
  primaries: [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
  ],
  gamma: 563 / 256,
};
export const DISPLAY_P3: RgbSpace = {
  primaries: [
    [0.5151, 0.2412, -0.0011],
    [0.292, 0.6922, 0.0419],
    [0.1571, 0.0666, 0.7841],
  ],
  gamma: 2.2,
};
const SRGB_FROM_XYZ: readonly [Triple, Triple, Triple] = [
  [3.1338561, -1.6168667, -0.4906146],
  [-0.9787684, 1.9161415, 0.033454],
  [0.0719453, -0.2289914, 1.4052427],
];

/** What a viewer shows of a colour (0..1 a channel) of the space: sRGB, 0..255, cut at the borders of its gamut. */
export function shownAs({ primaries, gamma }: RgbSpace, colour: Triple): number[] {
  const xyz = [0, 1, 2].map((row) =>
    primaries.reduce((sum, primary, channel) => sum + (primary[row] ?? 0) * (colour[channel] ?? 0) ** gamma, 0),
  );
  return SRGB_FROM_XYZ.map((row) => {
    const linear = Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, factor, at) => sum + factor * (xyz[at] ?? 0), 0),
      ),
    );
    return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
  });
}

const fixed = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65_536));
  return bytes;
};
const word = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const WHITE: Triple = [0.9642, 1, 0.8249];
const xyzTag = (triple: Triple) => Buffer.concat([Buffer.from("XYZ \0\0\0\0"), ...triple.map(fixed)]);

/** One curve of a plain exponent, in 1/256. */
function curveTag(gamma: number): Buffer {
  const curve = Buffer.alloc(16);
  curve.write("curv");
  curve.writeUInt32BE(1, 8);
  curve.writeUInt16BE(Math.round(gamma * 256), 12);
  return curve;
}

/** A display profile of the space, or of a grey scale with that exponent. */
export function iccProfile(space: RgbSpace | { grey: number }): Buffer {
  const name = Buffer.concat([Buffer.from("desc\0\0\0\0"), word(5), Buffer.from("test\0"), Buffer.alloc(79)]);
  const common: [string, Buffer][] = [
    ["desc", name],
    ["cprt", Buffer.from("text\0\0\0\0none\0\0\0\0")],
    ["wtpt", xyzTag(WHITE)],
  ];
  const own: [string, Buffer][] =
    "grey" in space
      ? [["kTRC", curveTag(space.grey)]]
      : [
          ...(["rXYZ", "gXYZ", "bXYZ"] as const).map((tag, at): [string, Buffer] => [
            tag,
            xyzTag(space.primaries[at] ?? WHITE),
          ]),
          ...["rTRC", "gTRC", "bTRC"].map((tag): [string, Buffer] => [tag, curveTag(space.gamma)]),
        ];
  const tags = [...common, ...own];
  const table = [word(tags.length)];
  const data: Buffer[] = [];
  let offset = 128 + 4 + 12 * tags.length;
  for (const [signature, bytes] of tags) {
    table.push(Buffer.from(signature), word(offset), word(bytes.length));
    data.push(bytes, Buffer.alloc(-bytes.length & 3));
    offset += bytes.length + (-bytes.length & 3);
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write("grey" in space ? "mntrGRAYXYZ " : "mntrRGB XYZ ", 12);
  for (const [at, value] of [2026, 1, 1].entries()) header.writeUInt16BE(value, 24 + 2 * at);
  header.write("acsp", 36);
  Buffer.concat(WHITE.map(fixed)).copy(header, 68);
  return Buffer.concat([header, ...table, ...data]);
}
