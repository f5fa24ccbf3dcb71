// What Kling is shown: pictures made here with the faults and habits of real ones.
import { randomBytes } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { fitImage, inspectImage, makePlaceholder } from "../../shared/adapters/source-image.ts";
import { IMAGE_LIMITS } from "../../shared/kling/models.ts";
import { type ImageFault, SourceImageError } from "../../shared/media/errors.ts";
import { ADOBE_RGB, DISPLAY_P3, iccProfile, shownAs, type Triple } from "../support/icc-profile.ts";

const RED = { r: 255, g: 0, b: 0 };
const GREEN = { r: 0, g: 255, b: 0 };

function plain(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: RED } });
}

const plainJpeg = (width: number, height: number) => plain(width, height).jpeg().toBuffer();

async function faultOf(attempt: Promise<unknown>): Promise<ImageFault | "none"> {
  try {
    await attempt;
    return "none";
  } catch (error) {
    if (error instanceof SourceImageError) return error.code;
    throw error;
  }
}

/** The colour at a point given in fractions of the sides; JPEG blurs it a little, so it is told by name. */
async function colourAt(image: Uint8Array, x: number, y: number): Promise<string> {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  const [r = 0, g = 0, b = 0] = data.subarray(at, at + 3);
  return [r > 127 && "red", g > 127 && "green", b > 127 && "blue"].filter(Boolean).join("+") || "black";
}

describe("the format that was asked for is the format that is delivered", () => {
  it.each([
    ["16:9", 1920, 1080],
    ["9:16", 1080, 1920],
    ["1:1", 1080, 1080],
  ] as const)("%s: %i x %i, whatever the picture", async (format, width, height) => {
    for (const picture of [await plainJpeg(4000, 3000), await plainJpeg(300, 300), await plainJpeg(400, 2400)]) {
      const fitted = await fitImage(picture, format, "mark", IMAGE_LIMITS);
      expect(fitted).toMatchObject({ width, height });
      expect(await sharp(fitted.bytes).metadata()).toMatchObject({ format: "jpeg", width, height });
    }
  });

  it("cuts around the centre", async () => {
    const middle = await sharp({ create: { width: 900, height: 500, channels: 3, background: GREEN } })
      .png()
      .toBuffer();
    const picture = await plain(900, 900)
      .composite([{ input: middle }])
      .png()
      .toBuffer();
    const { bytes } = await fitImage(picture, "16:9", "mark", IMAGE_LIMITS);
    for (const [x, y] of [
      [0.5, 0.5],
      [0.01, 0.05],
      [0.99, 0.95],
    ] as const)
      expect(await colourAt(bytes, x, y)).toBe("green");
  });
});

describe("without a format the picture keeps its own", () => {
  it.each([
    [3840, 2160, 1920, 1080],
    [2000, 3000, 1280, 1920],
    [5000, 2000, 1920, 768],
    [1000, 700, 1000, 700],
    [300, 300, 300, 300],
  ])("%i x %i becomes %i x %i", async (width, height, fittedWidth, fittedHeight) => {
    expect(await fitImage(await plainJpeg(width, height), undefined, "mark", IMAGE_LIMITS)).toMatchObject({
      width: fittedWidth,
      height: fittedHeight,
    });
  });

  it("takes sides that differ by a factor of 2.5, and no more unless a format is asked for", async () => {
    expect(await faultOf(fitImage(await plainJpeg(750, 300), undefined, "mark", IMAGE_LIMITS))).toBe("none");
    expect(await faultOf(fitImage(await plainJpeg(751, 300), undefined, "mark", IMAGE_LIMITS))).toBe(
      "image_ratio_unsupported",
    );
    expect(await faultOf(fitImage(await plainJpeg(300, 751), undefined, "mark", IMAGE_LIMITS))).toBe(
      "image_ratio_unsupported",
    );
    expect(await faultOf(fitImage(await plainJpeg(300, 751), "9:16", "mark", IMAGE_LIMITS))).toBe("none");
  });
});

describe("a picture that lies on its side", () => {
  // Orientation 6, as phones write it: stored lying, shown upright. The left of the stored picture is the top of the shown one.
  const lying = async (width: number, height: number) => {
    const left = await sharp({ create: { width: width / 2, height, channels: 3, background: GREEN } })
      .png()
      .toBuffer();
    return plain(width, height)
      .composite([{ input: left, gravity: "west" }])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
  };

  it("is turned upright", async () => {
    const { bytes, width, height } = await fitImage(await lying(800, 400), undefined, "mark", IMAGE_LIMITS);
    expect({ width, height }).toEqual({ width: 400, height: 800 });
    expect(await colourAt(bytes, 0.5, 0.1)).toBe("green");
    expect(await colourAt(bytes, 0.5, 0.9)).toBe("red");
    expect((await sharp(bytes).metadata()).autoOrient).toEqual({ width, height });
  });

  it("is measured upright", async () => {
    await expect(fitImage(await lying(600, 200), undefined, "mark", IMAGE_LIMITS)).rejects.toThrow("200 x 600");
  });
});

/** A small PNG whose header names another size, as a decompression bomb would. IHDR is the first chunk, at byte 12. */
function claimingToMeasure(png: Buffer, width: number, height: number): Buffer {
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

describe("what is no picture that Kling takes", () => {
  it.each([
    ["a GIF", () => plain(200, 50).gif().toBuffer()],
    ["an AVIF", () => plain(400, 400).avif({ effort: 0 }).toBuffer()],
    ["a TIFF", () => plain(400, 400).tiff().toBuffer()],
    ["an SVG", () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"/>')],
    ["a text that is named .jpg", () => Buffer.from("This is not a photo.")],
    ["a web page", () => Buffer.from("<!doctype html><html><body><img src=photo.jpg></body></html>")],
    ["a WAV, which begins as a WebP does", () => Buffer.from("RIFF\x24\x00\x00\x00WAVEfmt ", "latin1")],
    ["nothing", () => Buffer.alloc(0)],
  ])("%s is of an unsupported type", async (_, picture) => {
    expect(await faultOf(fitImage(await picture(), "1:1", "mark", IMAGE_LIMITS))).toBe("image_type_unsupported");
  });

  it.each([
    [
      "a JPEG",
      () =>
        sharp(randomBytes(750_000), { raw: { width: 500, height: 500, channels: 3 } })
          .jpeg()
          .toBuffer(),
    ],
    [
      "a PNG",
      () =>
        sharp(randomBytes(750_000), { raw: { width: 500, height: 500, channels: 3 } })
          .png()
          .toBuffer(),
    ],
    [
      "a WebP",
      () =>
        sharp(randomBytes(750_000), { raw: { width: 500, height: 500, channels: 3 } })
          .webp()
          .toBuffer(),
    ],
  ])("%s that breaks off is unreadable, wherever it breaks", async (_, picture) => {
    const whole = await picture();
    expect(await faultOf(fitImage(whole, undefined, "mark", IMAGE_LIMITS))).toBe("none");
    for (const kept of [16, 200, whole.length / 2, whole.length - 100])
      expect(await faultOf(fitImage(whole.subarray(0, kept), undefined, "mark", IMAGE_LIMITS))).toBe(
        "image_unreadable",
      );
  });

  it("is one with a side under 300 pixels", async () => {
    expect(await faultOf(fitImage(await plainJpeg(299, 400), undefined, "mark", IMAGE_LIMITS))).toBe("image_too_small");
    expect(await faultOf(fitImage(await plainJpeg(400, 299), "16:9", "mark", IMAGE_LIMITS))).toBe("image_too_small");
  });

  it.each<[string, Buffer, RegExp]>([
    ["HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), /HEIC, as iPhones take them: .* JPEG/],
    ["HEIC of another brand", Buffer.from("\0\0\0\x18ftypmif1\0\0\0\0", "latin1"), /HEIC/],
    ["GIF", Buffer.from("GIF89a..."), /this is a GIF: take one of its frames/],
    ["MP4", Buffer.from("\0\0\0\x18ftypisom\0\0\0\0", "latin1"), /this is a video/],
    ["text", Buffer.from("This is not a photo."), /this is a text/],
    ["web page", Buffer.from("\n<!DOCTYPE html><html>"), /this is a web page/],
    ["SVG", Buffer.from('<?xml version="1.0"?><svg xmlns="..."/>'), /this is an SVG/],
    ["TIFF", Buffer.from("II*\0", "latin1"), /TIFF, or a camera's raw file/],
    ["PDF", Buffer.from("%PDF-1.7"), /this is a PDF/],
    ["nothing", Buffer.alloc(0), /this is an empty file/],
    [
      "something",
      Buffer.from([0, 1, 2, 3]),
      /^The picture is not a JPEG, PNG or WebP\. Save it as one of them, and send that\.$/,
    ],
  ])("is called what it is, and no link is spoken of: %s", async (_, picture, words) => {
    const said = await fitImage(picture, undefined, "mark", IMAGE_LIMITS).then(
      () => "nothing",
      (error: unknown) => String(error),
    );
    expect(said.replace("SourceImageError: ", "")).toMatch(words);
    expect(said).not.toMatch(/link/);
  });

  it("is one of more than 50 MB or more than 100 megapixels", async () => {
    const padded = Buffer.concat([await plainJpeg(400, 400), Buffer.alloc(50 * 1024 * 1024)]);
    expect(await faultOf(fitImage(padded, undefined, "mark", IMAGE_LIMITS))).toBe("image_too_large");
    expect(await faultOf(fitImage(padded.subarray(0, 50 * 1024 * 1024), undefined, "mark", IMAGE_LIMITS))).toBe("none");
    const bomb = claimingToMeasure(await plain(400, 400).png().toBuffer(), 10_001, 10_000);
    expect(await faultOf(fitImage(bomb, undefined, "mark", IMAGE_LIMITS))).toBe("image_too_large");
  });
});

describe("harmless damage is taken: nothing but the end of the file is missing", () => {
  const noise = (width: number, height: number) =>
    sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });

  it.each<[string, () => Promise<Buffer>, number]>([
    ["a JPEG without its last byte", () => noise(500, 400).jpeg().toBuffer(), 1],
    ["a JPEG without its last two bytes", () => noise(500, 400).jpeg().toBuffer(), 2],
    ["a progressive JPEG without its last two bytes", () => noise(500, 400).jpeg({ progressive: true }).toBuffer(), 2],
    ["a PNG without its last chunk", () => noise(500, 400).png().toBuffer(), 12],
    ["a PNG without half of its last chunk", () => noise(500, 400).png().toBuffer(), 6],
  ])("%s", async (_, made, missing) => {
    const whole = await made();
    const cut = whole.subarray(0, whole.length - missing);
    expect(await inspectImage(cut)).toEqual({ width: 500, height: 400 });
    const [mended, right] = [
      await fitImage(cut, undefined, "mark", IMAGE_LIMITS),
      await fitImage(whole, undefined, "mark", IMAGE_LIMITS),
    ];
    expect(Buffer.from(mended.bytes).equals(right.bytes)).toBe(true);
  });

  it("a JPEG with something behind its end, as phones' have", async () => {
    const picture = Buffer.concat([await plainJpeg(400, 400), Buffer.from("ftypmp42 a film of a second")]);
    expect(await faultOf(fitImage(picture, undefined, "mark", IMAGE_LIMITS))).toBe("none");
  });

  it.each([40, 400, 4000])("but not one whose pixels are missing: %i bytes before the end", async (missing) => {
    for (const picture of [
      await noise(500, 400).jpeg().toBuffer(),
      await noise(2400, 1000).jpeg().toBuffer(),
      await noise(500, 400).png().toBuffer(),
    ]) {
      const cut = picture.subarray(0, picture.length - missing);
      expect(await faultOf(fitImage(cut, undefined, "mark", IMAGE_LIMITS))).toBe("image_unreadable");
      expect(await faultOf(inspectImage(cut))).toBe("image_unreadable");
    }
  });
});

describe("the colours that leave us are those that a viewer shows", () => {
  const COLOURS: Triple[] = [
    [0.2, 0.8, 0.3],
    [0.9, 0.3, 0.2],
    [0.1, 0.2, 0.9],
    [0.5, 0.5, 0.5],
    [1, 1, 1],
  ];

  /** 320 pixels a side of one colour, in 8 or 16 bits a channel, with a profile that is written into the file as it is. */
  async function picture(
    format: "png" | "jpeg",
    bits: 8 | 16,
    colour: readonly number[],
    profile?: Buffer,
    alpha = false,
  ) {
    const most = bits === 8 ? 255 : 65_535;
    const pixel = [...colour.map((value) => Math.round(value * most)), ...(alpha ? [most] : [])];
    const values = Array.from({ length: 320 * 320 }, () => pixel).flat();
    const raw = { width: 320, height: 320, channels: pixel.length as 1 | 2 | 3 | 4 };
    const space = `${colour.length === 1 ? (bits === 16 ? "grey16" : "b-w") : bits === 16 ? "rgb16" : "srgb"}`;
    const image = sharp(bits === 8 ? Uint8Array.from(values) : Uint16Array.from(values), { raw }).toColourspace(space);
    if (format === "jpeg")
      return withJpegProfile(await image.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(), profile);
    return withPngProfile(await image.png().toBuffer(), profile);
  }

  /** Of a PNG, behind IHDR; the checksum is of type and data. */
  function withPngProfile(png: Buffer, profile: Buffer | undefined): Buffer {
    if (!profile) return png;
    const chunk = Buffer.concat([Buffer.from("iCCPtest\0\0"), deflateSync(profile)]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(chunk.length - 4);
    sum.writeUInt32BE(crc32(chunk));
    return Buffer.concat([png.subarray(0, 33), length, chunk, sum, png.subarray(33)]);
  }
  function withJpegProfile(jpeg: Buffer, profile: Buffer | undefined): Buffer {
    if (!profile) return jpeg;
    const segment = Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), profile]);
    const head = Buffer.from([0xff, 0xe2, (segment.length + 2) >> 8, (segment.length + 2) & 255]);
    return Buffer.concat([jpeg.subarray(0, 2), head, segment, jpeg.subarray(2)]);
  }

  async function expectColour(image: Buffer, expected: readonly number[]): Promise<void> {
    for (const format of [undefined, "16:9"] as const) {
      const { bytes } = await fitImage(image, format, "mark", IMAGE_LIMITS);
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      const middle = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * 3;
      const off = expected.map((value, channel) => Math.abs(value - (data[middle + channel] ?? -99)));
      expect(
        Math.max(...off),
        `${[...data.subarray(middle, middle + 3)].join()} for ${expected.join()}`,
      ).toBeLessThanOrEqual(3);
    }
  }

  it.each([
    ["Adobe RGB", ADOBE_RGB],
    ["Display P3", DISPLAY_P3],
  ])("%s, in 8 and in 16 bits, with and without transparency", async (_, space) => {
    for (const colour of COLOURS) {
      const expected = shownAs(space, colour);
      await expectColour(await picture("jpeg", 8, colour, iccProfile(space)), expected);
      for (const bits of [8, 16] as const) {
        for (const alpha of [false, true]) {
          await expectColour(await picture("png", bits, colour, iccProfile(space), alpha), expected);
        }
      }
    }
  });

  it("none of them, in 16 bits: sRGB", async () => {
    for (const colour of COLOURS) {
      await expectColour(
        await picture("png", 16, colour),
        colour.map((value) => Math.round(value * 255)),
      );
    }
  });

  it("grey, with a curve of its own or without, in 8 and in 16 bits", async () => {
    const grey = (linear: number) =>
      Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
    for (const value of [0.2, 0.5, 0.8]) {
      for (const bits of [8, 16] as const) {
        const plainGrey = Math.round(value * 255);
        await expectColour(await picture("png", bits, [value]), [plainGrey, plainGrey, plainGrey]);
        const curved = grey(value ** 1.8);
        await expectColour(await picture("png", bits, [value], iccProfile({ grey: 1.8 })), [curved, curved, curved]);
      }
    }
  });

  it("CMYK, with a profile: white is white, and ink has its colour", async () => {
    const base = (r: number, g: number, b: number) =>
      sharp({ create: { width: 320, height: 320, channels: 3, background: { r, g, b } } });
    const cmyk = (image: Sharp) => image.toColourspace("cmyk").withIccProfile("cmyk").jpeg({ quality: 100 }).toBuffer();
    await expectColour(await cmyk(base(255, 255, 255)), [255, 255, 255]);
    // As lcms shows 0/205/233/16 of this profile by its perceptual table.
    await expectColour(await cmyk(base(230, 77, 51)), [223, 67, 26]);
  });
});

describe("the bytes that leave us", () => {
  it("show white where the picture was transparent", async () => {
    const clear = { width: 400, height: 400, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const;
    for (const picture of [sharp({ create: clear }).png(), sharp({ create: clear }).webp()]) {
      const { bytes } = await fitImage(await picture.toBuffer(), "16:9", "mark", IMAGE_LIMITS);
      expect(await colourAt(bytes, 0.5, 0.5)).toBe("red+green+blue");
    }
  });

  it("are plain sRGB, from grey, CMYK and wide-gamut pictures too", async () => {
    for (const picture of [
      plain(400, 400).greyscale().png(),
      plain(400, 400).toColourspace("cmyk").jpeg(),
      plain(400, 400).toColourspace("rgb16").png(),
      plain(400, 400).withIccProfile("p3").jpeg(),
    ]) {
      const { bytes } = await fitImage(await picture.toBuffer(), undefined, "mark", IMAGE_LIMITS);
      const facts = await sharp(bytes).metadata();
      expect(facts).toMatchObject({ space: "srgb", channels: 3, depth: "uchar", hasProfile: false });
    }
  });

  it("carry nothing that the user's camera wrote: no place, no name", async () => {
    const picture = await plain(400, 400)
      .withExif({
        IFD0: { Artist: "Ada Example", Make: "Secret Camera" },
        IFD3: {
          GPSLatitudeRef: "N",
          GPSLatitude: "48/1 51/1 24/1",
          GPSLongitudeRef: "E",
          GPSLongitude: "2/1 21/1 7/1",
        },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">somewhere</x:xmpmeta>')
      .jpeg()
      .toBuffer();
    const gpsTag = Buffer.from([0x25, 0x88]);
    const before = await sharp(picture).metadata();
    expect(before.exif?.includes(gpsTag) && before.exif.includes("Ada Example") && before.xmp).toBeTruthy();

    const { bytes } = await fitImage(picture, undefined, "mark", IMAGE_LIMITS);
    const after = await sharp(bytes).metadata();
    expect(after.exif?.includes(gpsTag)).toBe(false);
    expect(after).not.toHaveProperty("xmp");
    for (const secret of ["Ada Example", "Secret Camera", "somewhere"])
      expect(Buffer.from(bytes).includes(secret)).toBe(false);
  });

  it("carry the mark: the same picture never makes the same bytes twice", async () => {
    const picture = await plainJpeg(400, 400);
    const first = await fitImage(picture, "1:1", "01J0-1", IMAGE_LIMITS);
    const second = await fitImage(picture, "1:1", "01J0-2", IMAGE_LIMITS);
    expect((await sharp(first.bytes).metadata()).exif?.includes("01J0-1")).toBe(true);
    expect(Buffer.from(first.bytes).equals(second.bytes)).toBe(false);
  });

  it("are fewer than 4 MB, even of noise", async () => {
    const noise = randomBytes(1920 * 1920 * 3).map((byte) => (byte & 1) * 255);
    const picture = await sharp(noise, { raw: { width: 1920, height: 1920, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const { bytes, width, height } = await fitImage(picture, undefined, "mark", IMAGE_LIMITS);
    expect({ width, height }).toEqual({ width: 1920, height: 1920 });
    expect(bytes.byteLength).toBeLessThan(4_000_000);
  });
});

describe("a placeholder", () => {
  it("is the picture in 16 pixels, small enough for a record and a list", async () => {
    const picture = await sharp({ create: { width: 1080, height: 1920, channels: 3, background: GREEN } })
      .composite([{ input: await plain(1080, 960).png().toBuffer(), gravity: "north" }])
      .jpeg()
      .toBuffer();
    const uri = await makePlaceholder(picture);
    expect(uri.length).toBeLessThan(400);
    const image = Buffer.from(uri.replace("data:image/webp;base64,", ""), "base64");
    const { width, height } = await sharp(image).metadata();
    expect([width, height]).toEqual([9, 16]);
    expect([await colourAt(image, 0.5, 0.2), await colourAt(image, 0.5, 0.8)]).toEqual(["red", "green"]);
  });

  it("of the busiest picture stays small", async () => {
    const noise = { type: "gaussian" as const, mean: 128, sigma: 80 };
    const busy = await sharp({ create: { width: 900, height: 900, channels: 3, background: RED, noise } })
      .jpeg()
      .toBuffer();
    expect((await makePlaceholder(busy)).length).toBeLessThan(800);
  });
});
