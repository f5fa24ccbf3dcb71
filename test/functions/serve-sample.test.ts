// The placeholder videos that a generation in test mode ends with, as `sst dev` serves them.
import { expect, it, vi } from "vitest";
import type { HttpEvent } from "../../shared/edge/http-event.ts";
import { createKlingTestMode } from "../../shared/adapters/kling-test-mode.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { ManualClock } from "../support/manual-clock.ts";

vi.stubEnv("LAMBDA_TASK_ROOT", ROOT);
const { handler } = await import("../../functions/web/serve-sample.ts");

const call = (name: string) => {
  const event: Partial<HttpEvent> = { headers: {}, rawPath: `/samples/${name}`, pathParameters: { name } };
  return handler({ ...event, requestContext: { requestId: "r", http: { method: "GET" } } } as HttpEvent, {} as never);
};

it.each(
  ["5", "10"].flatMap((duration) =>
    (["16:9", "9:16", "1:1"] as const).map((aspectRatio) => ({ duration, aspectRatio })),
  ),
)("the test mode's placeholder of $duration s in $aspectRatio is there", async (wish) => {
  const kling = createKlingTestMode({ clock: new ManualClock(), samplesOrigin: "https://api.example" });
  const { data } = await kling.getKlingRequestResult("r", "standard", wish);
  const answer = await call(data.video.url.replace("https://api.example/samples/", ""));
  expect(answer).toMatchObject({ statusCode: 200, headers: { "content-type": "video/mp4" }, isBase64Encoded: true });
  expect(
    Buffer.from(answer.body ?? "", "base64")
      .subarray(4, 8)
      .toString(),
  ).toBe("ftyp");
});

it.each(["../../../package.json", "README.md", "no-such.mp4"])("%s is no sample", async (name) => {
  expect(await call(name)).toMatchObject({ statusCode: 404 });
});
