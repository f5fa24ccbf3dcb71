// Who calls: the tenant is in the token, and nowhere else.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { inProcessCloud, PHOTO_URL, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));

let cloud: InProcessCloud;
beforeAll(async () => {
  cloud = await inProcessCloud(link, "paused", { AUTH: "jwt" });
});
afterAll(() => cloud.workflow.close());

const body = {
  spaceId: "holiday",
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: PHOTO_URL } } },
};
const GET = "GET /api/spaces/{spaceId}/media/{id}";

it("another tenant's media is a 404, the same as one that does not exist", async () => {
  const claims = { sub: "ada", tenant: "acme" };
  const { json } = await cloud.call("POST /api/media/enhance", { body, claims });
  const id = json.data?.mediaSpace?.id ?? "";
  expect(json.data?.mediaSpace?.uploadedBy).toBe("ada");
  const path = { spaceId: "holiday", id };
  expect((await cloud.call(GET, { path, claims })).statusCode).toBe(200);
  const stranger = await cloud.call(GET, { path, claims: { sub: "eve", tenant: "evil" } });
  const nothing = await cloud.call(GET, { path: { ...path, id: "unknown" }, claims });
  expect(stranger.statusCode).toBe(404);
  expect(stranger.body?.replaceAll(id, "unknown")).toBe(nothing.body);
  const DELETE = "DELETE /api/spaces/{spaceId}/media/{id}";
  const deleted = await cloud.call(DELETE, { path, claims: { sub: "eve", tenant: "evil" } });
  expect([deleted.statusCode, deleted.json.code]).toEqual([404, "media_not_found"]);
  expect((await cloud.call(GET, { path, claims })).statusCode).toBe(200);
});

it("a caller without a tenant claim is a tenant of its own", async () => {
  const { json } = await cloud.call("POST /api/media/enhance", { body, claims: { sub: "solo" } });
  const path = { spaceId: "holiday", id: json.data?.mediaSpace?.id ?? "" };
  expect((await cloud.call(GET, { path, claims: { sub: "solo" } })).statusCode).toBe(200);
  expect((await cloud.call(GET, { path, claims: { sub: "ada", tenant: "acme" } })).statusCode).toBe(404);
});

it.each([undefined, {}, { sub: "" }, { tenant: "acme" }])("no caller with the claims %o gets in", async (claims) => {
  const { statusCode, json } = await cloud.call("POST /api/media/enhance", {
    body,
    claims: claims as Record<string, string>,
  });
  expect([statusCode, json.code]).toEqual([401, "unauthorized"]);
});

it("a tenant and a user have names of 128 characters at most", async () => {
  const statusFor = async (claims: Record<string, string>) =>
    (await cloud.call("GET /api/spaces/{spaceId}/media", { path: { spaceId: "holiday" }, claims })).statusCode;
  const [longest, tooLong] = ["x".repeat(128), "x".repeat(129)];
  expect(await statusFor({ sub: longest, tenant: longest })).toBe(200);
  expect(await statusFor({ sub: "ada", tenant: tooLong })).toBe(401);
  expect(await statusFor({ sub: tooLong, tenant: "acme" })).toBe(401);
});
