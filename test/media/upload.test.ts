// A picture from the user's disk: its upload address, its check, and a generation made of it, for its own tenant alone.
import { randomBytes } from "node:crypto";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { checkUpload, openUpload, uploadKey } from "../../shared/media/upload.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { mediaWorld, photo, type MediaWorld } from "../support/media-world.ts";

const ID = "019b76da-a800-7000-8000-000000000042";
const MEGABYTE = 1024 * 1024;

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

const put = (tenantId: string, bytes: Uint8Array) => world.files.put(uploadKey(tenantId, ID), bytes, "image/jpeg");
const check = (tenantId = "acme") => checkUpload(world, { tenantId, id: ID });

describe("a place", () => {
  const places = {
    open: async (key: string, size: number) => ({ method: "PUT" as const, url: `${key}?${size}`, headers: {} }),
  };
  const open = (size: number, tenantId = "acme") =>
    openUpload({ ...world, places, newId: () => ID }, { tenantId, size });

  it("is made for so many bytes and a quarter of an hour", async () => {
    const { id, put, expiresAt } = await open(1234);
    expect(id).toBe(ID);
    expect(put.url).toBe(`${uploadKey("acme", ID)}?1234`);
    expect(Date.parse(expiresAt) - world.clock.now()).toBe(15 * 60_000);
  });

  it("is not made for more than 50 MB", async () => {
    await expect(open(50 * MEGABYTE + 1)).rejects.toMatchObject({ code: "image_too_large" });
    expect((await open(50 * MEGABYTE)).id).toBe(ID);
  });

  it.each(["acme", "ACME", "a/../b", "tenant with spaces", "🦊"])("lies apart for each tenant: %s", (tenant) => {
    expect(uploadKey(tenant, ID)).toMatch(/^uploads\/[0-9a-f]{32}\/[0-9a-f-]{36}$/);
    expect(uploadKey(tenant, ID)).not.toBe(uploadKey(`${tenant}2`, ID));
  });
});

describe("the look at a picture", () => {
  it("gives its link and what its bytes measure", async () => {
    await put("acme", await photo(1600, 1067));
    expect(await check()).toEqual({ link: `upload:${ID}`, width: 1600, height: 1067 });
  });

  it("measures as a viewer shows it", async () => {
    await put(
      "acme",
      await sharp(await photo(1600, 900))
        .withExif({ IFD0: {} })
        .withMetadata({ orientation: 6 })
        .toBuffer(),
    );
    expect(await check()).toMatchObject({ width: 900, height: 1600 });
  });

  it("lets a panorama pass: a format may yet cut it", async () => {
    await put("acme", await photo(3000, 400));
    expect(await check()).toMatchObject({ width: 3000, height: 400 });
  });

  const broken = async () => {
    const whole = await sharp(randomBytes(600 * 600 * 3), { raw: { width: 600, height: 600, channels: 3 } })
      .jpeg()
      .toBuffer();
    return whole.subarray(0, whole.length / 2);
  };
  it.each([
    ["small", () => photo(1600, 299), "image_too_small"],
    ["text", async () => Buffer.from("hello"), "image_type_unsupported"],
    ["an SVG", async () => Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image_type_unsupported"],
    ["cut in half", broken, "image_unreadable"],
    ["too large", async () => Buffer.alloc(50 * MEGABYTE + 1), "image_too_large"],
  ])("says what is wrong with one that is %s", async (_, picture, code) => {
    await put("acme", await picture());
    await expect(check()).rejects.toMatchObject({ name: "SourceImageError", code });
  });

  it("finds nothing before it has come, and nothing of another tenant", async () => {
    await expect(check()).rejects.toMatchObject({ code: "upload_not_found" });
    await put("acme", await photo(600, 600));
    await expect(check("other")).rejects.toMatchObject({ code: "upload_not_found" });
  });
});

describe("a generation of an upload", () => {
  const given = () => world.given({ image: { link: `upload:${ID}` } });

  it("is made of the upload's own bytes, without any fetch", async () => {
    const ref = await given();
    await put(ref.tenantId, await photo(1600, 900));
    const fetch = () => Promise.reject(new Error("nothing may be fetched"));
    expect(await submitGeneration({ ...world.deps, fetch }, ref)).toMatchObject({ next: "wait" });
    expect(await world.media()).toMatchObject({ phase: "generating", source: { width: 1600, height: 900 } });
  });

  it("fails where the picture is another tenant's, as one that is not there", async () => {
    const ref = await given();
    await put(`not ${ref.tenantId}`, await photo(1600, 900));
    await submitGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "image_not_found" } });
  });

  it("looks at the bytes again: they may have been replaced since the check", async () => {
    const ref = await given();
    await put(ref.tenantId, await photo(100, 100));
    await submitGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "image_too_small" } });
  });
});
