// What Kling is shown: pictures made here with the faults and habits of real ones.
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { fitImage, makePlaceholder } from "../../shared/adapters/source-image.ts";
import { type ImageFault, SourceImageError } from "../../shared/media/errors.ts";

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
      const fitted = await fitImage(picture, format, "mark");
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
    const { bytes } = await fitImage(picture, "16:9", "mark");
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
    expect(await fitImage(await plainJpeg(width, height), undefined, "mark")).toMatchObject({
      width: fittedWidth,
      height: fittedHeight,
    });
  });

  it("takes sides that differ by a factor of 2.5, and no more unless a format is asked for", async () => {
    expect(await faultOf(fitImage(await plainJpeg(750, 300), undefined, "mark"))).toBe("none");
    expect(await faultOf(fitImage(await plainJpeg(751, 300), undefined, "mark"))).toBe("image_ratio_unsupported");
    expect(await faultOf(fitImage(await plainJpeg(300, 751), undefined, "mark"))).toBe("image_ratio_unsupported");
    expect(await faultOf(fitImage(await plainJpeg(300, 751), "9:16", "mark"))).toBe("none");
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
    const { bytes, width, height } = await fitImage(await lying(800, 400), undefined, "mark");
    expect({ width, height }).toEqual({ width: 400, height: 800 });
    expect(await colourAt(bytes, 0.5, 0.1)).toBe("green");
    expect(await colourAt(bytes, 0.5, 0.9)).toBe("red");
    expect((await sharp(bytes).metadata()).autoOrient).toEqual({ width, height });
  });

  it("is measured upright", async () => {
    await expect(fitImage(await lying(600, 200), undefined, "mark")).rejects.toThrow("200 x 600");
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
    expect(await faultOf(fitImage(await picture(), "1:1", "mark"))).toBe("image_type_unsupported");
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
    expect(await faultOf(fitImage(whole, undefined, "mark"))).toBe("none");
    for (const kept of [16, 200, whole.length / 2, whole.length - 100])
      expect(await faultOf(fitImage(whole.subarray(0, kept), undefined, "mark"))).toBe("image_unreadable");
  });

  it("is one with a side under 300 pixels", async () => {
    expect(await faultOf(fitImage(await plainJpeg(299, 400), undefined, "mark"))).toBe("image_too_small");
    expect(await faultOf(fitImage(await plainJpeg(400, 299), "16:9", "mark"))).toBe("image_too_small");
  });

  it("is one of more than 10 MB or more than 100 megapixels", async () => {
    const padded = Buffer.concat([await plainJpeg(400, 400), Buffer.alloc(10 * 1024 * 1024)]);
    expect(await faultOf(fitImage(padded, undefined, "mark"))).toBe("image_too_large");
    const bomb = claimingToMeasure(await plain(400, 400).png().toBuffer(), 10_001, 10_000);
    expect(await faultOf(fitImage(bomb, undefined, "mark"))).toBe("image_too_large");
  });
});

describe("the bytes that leave us", () => {
  it("show white where the picture was transparent", async () => {
    const clear = { width: 400, height: 400, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const;
    for (const picture of [sharp({ create: clear }).png(), sharp({ create: clear }).webp()]) {
      const { bytes } = await fitImage(await picture.toBuffer(), "16:9", "mark");
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
      const { bytes } = await fitImage(await picture.toBuffer(), undefined, "mark");
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

    const { bytes } = await fitImage(picture, undefined, "mark");
    const after = await sharp(bytes).metadata();
    expect(after.exif?.includes(gpsTag)).toBe(false);
    expect(after).not.toHaveProperty("xmp");
    for (const secret of ["Ada Example", "Secret Camera", "somewhere"])
      expect(Buffer.from(bytes).includes(secret)).toBe(false);
  });

  it("carry the mark: the same picture never makes the same bytes twice", async () => {
    const picture = await plainJpeg(400, 400);
    const first = await fitImage(picture, "1:1", "01J0-1");
    const second = await fitImage(picture, "1:1", "01J0-2");
    expect((await sharp(first.bytes).metadata()).exif?.includes("01J0-1")).toBe(true);
    expect(Buffer.from(first.bytes).equals(second.bytes)).toBe(false);
  });

  it("are fewer than 4 MB, even of noise", async () => {
    const noise = randomBytes(1920 * 1920 * 3).map((byte) => (byte & 1) * 255);
    const picture = await sharp(noise, { raw: { width: 1920, height: 1920, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const { bytes, width, height } = await fitImage(picture, undefined, "mark");
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
