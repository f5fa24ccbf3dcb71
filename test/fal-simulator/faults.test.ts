// Every fault of the table strikes as its line says, exactly as often as asked for, and never by itself.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { type FaultName, listFaults } from "../../stacks/fal-simulator/faults.ts";
import { APP, openSimulator, STANDARD, textWith } from "./support.ts";

type Opened = Awaited<ReturnType<typeof openSimulator>>;

/** Resolves to what the calls answered: a status, or "dropped" when the connection closed. */
async function answer(call: Promise<Response>): Promise<number | "dropped"> {
  try {
    const response = await call;
    await response.arrayBuffer();
    return response.status;
  } catch {
    return "dropped";
  }
}

/** Asks the simulator something harmless until the answer suits: all that was sent before has arrived by then. */
async function until(opened: Opened, suits: () => boolean): Promise<void> {
  for (let asked = 0; asked < 100 && !suits(); asked += 1) await answer(opened.call("/__simulator/faults"));
  expect(suits()).toBe(true);
}

/** A call is pending when later calls have been answered and it has not. */
async function isPending(opened: Opened, call: Promise<unknown>): Promise<boolean> {
  let over = false;
  const end = () => {
    over = true;
  };
  call.then(end, end);
  for (let asked = 0; asked < 5; asked += 1) await answer(opened.call("/__simulator/faults"));
  return !over;
}

const prompt = (fault: string) => ({ prompt: `a boat [fal: ${fault}]` });
const taken = (opened: Opened) => opened.simulator.jobs().length;

async function refusedSubmit(opened: Opened, fault: string, status: number) {
  expect(await answer(opened.post(prompt(fault)))).toBe(status);
  expect(taken(opened)).toBe(0);
  expect(await answer(opened.post(prompt(`${fault} accepted=yes`)))).toBe(status);
  expect(taken(opened)).toBe(1);
}

/** Runs a job with the fault in its prompt to its end. */
async function run(opened: Opened, fault: string) {
  const id = await opened.submit(prompt(fault));
  await opened.pass(8);
  const path = `/${APP}/requests/${id}`;
  const status = () => opened.call(`${path}/status`);
  const result = () => opened.call(path);
  const file = (init?: RequestInit) => opened.call(`/files/${id}.mp4`, init);
  return { id, status, result, file, job: opened.simulator.jobs()[0] };
}

/** The job is COMPLETED without an error, and its result says this. */
async function resultAnswers(opened: Opened, fault: string, httpStatus: number, words: string) {
  const { status, result } = await run(opened, fault);
  expect(await (await status()).json()).toMatchObject({ status: "COMPLETED" });
  const given = await result();
  expect(given.status).toBe(httpStatus);
  expect(await given.text()).toContain(words);
}

/** What is on the bill of a job of $0.28, in mills, once it has ended and `seconds` have passed. */
async function billed(opened: Opened, fault: string, seconds = 2) {
  await run(opened, fault);
  await opened.pass(seconds);
  const answered = await opened.call("/v1/models/billing-events", { headers: { authorization: "Key admin" } });
  const cost = z.object({ cost_estimate_nano_usd: z.number() });
  const { billing_events } = z.object({ billing_events: z.array(cost) }).parse(await answered.json());
  return billing_events.map(({ cost_estimate_nano_usd: nano }) => nano / 1e6);
}

const STRIKES: Record<FaultName, (opened: Opened) => Promise<void>> = {
  "drop-before-accept": async (opened) => {
    expect(await answer(opened.post(prompt("drop-before-accept")))).toBe("dropped");
    expect(taken(opened)).toBe(0);
  },
  "drop-after-accept": async (opened) => {
    expect(await answer(opened.post(prompt("drop-after-accept")))).toBe("dropped");
    expect(taken(opened)).toBe(1);
  },
  "submit-late": async (opened) => {
    const post = opened.post(prompt("submit-late seconds=20"));
    await until(opened, () => taken(opened) === 1);
    await opened.pass(8);
    expect(opened.simulator.jobs()[0]?.stage).toBe("ended");
    expect(await isPending(opened, post)).toBe(true);
    await opened.pass(12);
    expect(await answer(post)).toBe(200);
  },
  "submit-hang": async (opened) => {
    const post = opened.post(prompt("submit-hang accepted=yes"));
    await until(opened, () => taken(opened) === 1);
    expect(await isPending(opened, post)).toBe(true);
  },
  "submit-400": (opened) => refusedSubmit(opened, "submit-400", 400),
  "submit-401": (opened) => refusedSubmit(opened, "submit-401", 401),
  "submit-402": (opened) => refusedSubmit(opened, "submit-402", 402),
  "submit-403": (opened) => refusedSubmit(opened, "submit-403", 403),
  "submit-404": (opened) => refusedSubmit(opened, "submit-404", 404),
  "submit-406": (opened) => refusedSubmit(opened, "submit-406", 406),
  "submit-428": (opened) => refusedSubmit(opened, "submit-428", 428),
  "submit-431": (opened) => refusedSubmit(opened, "submit-431", 431),
  "submit-451": (opened) => refusedSubmit(opened, "submit-451", 451),
  "submit-307": (opened) => refusedSubmit(opened, "submit-307", 307),
  "submit-422": (opened) => refusedSubmit(opened, "submit-422", 422),
  "submit-429": (opened) => refusedSubmit(opened, "submit-429", 429),
  "submit-500": (opened) => refusedSubmit(opened, "submit-500", 500),
  "submit-502": (opened) => refusedSubmit(opened, "submit-502", 502),
  "submit-503": (opened) => refusedSubmit(opened, "submit-503", 503),
  "submit-504": (opened) => refusedSubmit(opened, "submit-504", 504),
  "submit-no-id": async (opened) => {
    expect(await (await opened.post(prompt("submit-no-id"))).json()).not.toHaveProperty("request_id");
    await refusedSubmit(opened, "submit-no-id", 200);
  },
  "submit-html": async (opened) => {
    const response = await opened.post(prompt("submit-html"));
    expect(response.headers.get("content-type")).toBe("text/html");
    await refusedSubmit(opened, "submit-html", 200);
  },

  "stuck-in-queue": async (opened) => {
    const { status } = await run(opened, "stuck-in-queue");
    await opened.pass(60);
    expect(await (await status()).json()).toMatchObject({ status: "IN_QUEUE", queue_position: 0 });
  },
  "stuck-in-progress": async (opened) => {
    const { status } = await run(opened, "stuck-in-progress");
    await opened.pass(60);
    expect(await (await status()).json()).toMatchObject({ status: "IN_PROGRESS" });
  },
  slow: async (opened) => {
    const { status } = await run(opened, "slow seconds=30");
    await opened.pass(29);
    expect((await status()).status).toBe(202);
    await opened.pass(1);
    expect((await status()).status).toBe(200);
  },

  "fail-content-policy": async (opened) => {
    const { status, result } = await run(opened, "fail-content-policy");
    expect(await (await status()).json()).toMatchObject({
      status: "COMPLETED",
      error_type: "content_policy_violation",
    });
    const response = await result();
    expect([response.status, response.headers.get("x-fal-retryable")]).toEqual([422, "false"]);
    expect(await response.json()).toMatchObject({ detail: [{ type: "content_policy_violation" }] });
  },
  "fail-internal": async (opened) => {
    const { status, result } = await run(opened, "fail-internal");
    expect(await (await status()).json()).toMatchObject({ status: "COMPLETED", error_type: "internal_error" });
    const response = await result();
    expect([response.status, response.headers.get("x-fal-retryable")]).toEqual([500, "true"]);
  },
  "fail-runner": async (opened) => {
    const { result, job } = await run(opened, "fail-runner");
    expect((await result()).status).toBe(503);
    expect(job?.ending?.usd).toBe(0);
  },
  "fail-plain-text": async (opened) => {
    const { result } = await run(opened, "fail-plain-text");
    expect(await (await result()).json()).toEqual({ detail: "The picture could not be animated" });
  },
  "result-empty": async (opened) => {
    const { result } = await run(opened, "result-empty");
    expect(await (await result()).json()).toEqual({});
  },
  "result-other-shape": async (opened) => {
    const { result } = await run(opened, "result-other-shape");
    expect(await (await result()).json()).not.toHaveProperty("video");
  },
  "file-foreign-host": async (opened) => {
    const { result } = await run(opened, "file-foreign-host url=http://10.0.0.1/v.mp4");
    expect(await (await result()).json()).toMatchObject({ video: { url: "http://10.0.0.1/v.mp4" } });
  },

  "status-500": async (opened) => {
    const { status } = await run(opened, "status-500 times=2");
    expect([await answer(status()), await answer(status()), await answer(status())]).toEqual([500, 500, 200]);
  },
  "status-404": async (opened) => {
    const { status } = await run(opened, "status-404 times=2");
    expect([await answer(status()), await answer(status()), await answer(status())]).toEqual([404, 404, 200]);
  },
  "status-garbage": async (opened) => {
    const { status } = await run(opened, "status-garbage");
    await expect((await status()).json()).rejects.toThrow(SyntaxError);
    expect((await status()).status).toBe(200);
  },
  "status-unknown": async (opened) => {
    const { status } = await run(opened, "status-unknown");
    expect(await (await status()).json()).toMatchObject({ status: "WARMING_UP" });
  },
  "status-hang": async (opened) => {
    const { status } = await run(opened, "status-hang");
    expect(await isPending(opened, status())).toBe(true);
  },
  "status-drop": async (opened) => {
    const { status } = await run(opened, "status-drop");
    expect([await answer(status()), await answer(status())]).toEqual(["dropped", 200]);
  },
  "completed-then-in-progress": async (opened) => {
    const { status } = await run(opened, "completed-then-in-progress");
    expect([await answer(status()), await answer(status()), await answer(status())]).toEqual([200, 202, 200]);
  },

  "result-500": async (opened) => {
    const { result } = await run(opened, "result-500");
    expect([await answer(result()), await answer(result())]).toEqual([500, 200]);
  },
  "result-not-ready": async (opened) => {
    const { result } = await run(opened, "result-not-ready");
    expect([await answer(result()), await answer(result())]).toEqual([400, 200]);
  },
  "result-downstream": (opened) => resultAnswers(opened, "result-downstream", 500, "downstream_service_error"),
  "result-timeout": (opened) => resultAnswers(opened, "result-timeout", 504, "generation_timeout"),
  "result-forbidden": (opened) => resultAnswers(opened, "result-forbidden", 403, "forbidden_content"),
  "result-withheld": (opened) => resultAnswers(opened, "result-withheld", 403, "Forbidden"),
  "result-locked": (opened) => resultAnswers(opened, "result-locked", 403, "User is locked"),
  "result-text": (opened) => resultAnswers(opened, "result-text", 200, '{"video":"http'),
  "result-in-data": (opened) => resultAnswers(opened, "result-in-data", 200, '{"data":{"videos":[{"url":"http'),
  "result-expired": async (opened) => {
    const { result } = await run(opened, "result-expired");
    expect([await answer(result()), await answer(result())]).toEqual([404, 404]);
  },

  "cancel-ignored": async (opened) => {
    const ids = await Promise.all([1, 2, 3, 4].map(() => opened.submit(prompt("cancel-ignored"))));
    await opened.pass(2);
    for (const id of ids) await opened.fal.queue.cancel(STANDARD, { requestId: id });
    await opened.pass(6);
    expect(opened.simulator.jobs().map((job) => job.ending?.statusCode)).toEqual([200, 200, 200, 200]);
  },
  "cancel-obeyed": async (opened) => {
    const ids = await Promise.all([1, 2, 3, 4].map(() => opened.submit(prompt("cancel-obeyed"))));
    await opened.pass(2);
    for (const id of ids) await opened.fal.queue.cancel(STANDARD, { requestId: id });
    expect(opened.simulator.jobs().map((job) => job.ending?.statusCode)).toEqual([499, 499, 499, 499]);
  },

  // These are told in full in webhooks.test.ts; here it is enough that each of them is taken.
  "webhook-lost": async (opened) => expect((await run(opened, "webhook-lost")).job?.stage).toBe("ended"),
  "webhook-twice": async (opened) => expect((await run(opened, "webhook-twice")).job?.stage).toBe("ended"),
  "webhook-late": async (opened) => expect((await run(opened, "webhook-late")).job?.stage).toBe("ended"),
  "webhook-forged": async (opened) => expect((await run(opened, "webhook-forged")).job?.stage).toBe("ended"),
  "webhook-stale": async (opened) => expect((await run(opened, "webhook-stale")).job?.stage).toBe("ended"),
  "webhook-new-key": async (opened) => expect((await run(opened, "webhook-new-key")).job?.stage).toBe("ended"),

  "file-404": async (opened) => {
    const { file } = await run(opened, "file-404");
    expect([await answer(file()), await answer(file())]).toEqual([404, 404]);
  },
  "file-500": async (opened) => {
    const { file } = await run(opened, "file-500");
    expect([await answer(file()), await answer(file())]).toEqual([500, 200]);
  },
  "file-truncated": async (opened) => {
    const { file } = await run(opened, "file-truncated");
    expect(await answer(file())).toBe("dropped");
    expect(await answer(file())).toBe(200);
  },
  "file-wrong-type": async (opened) => {
    const { file } = await run(opened, "file-wrong-type");
    expect((await file()).headers.get("content-type")).toBe("text/html");
  },
  "file-not-a-video": async (opened) => {
    const { file } = await run(opened, "file-not-a-video");
    const response = await file();
    expect(response.headers.get("content-type")).toBe("video/mp4");
    expect(await response.text()).toContain("<!doctype html>");
  },
  "file-redirect": async (opened) => {
    const { file } = await run(opened, "file-redirect url=http://10.0.0.1/v.mp4");
    const response = await file({ redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "http://10.0.0.1/v.mp4"]);
  },
  "file-slow": async (opened) => {
    const { file } = await run(opened, "file-slow seconds=30");
    const bytes = (await file()).arrayBuffer();
    expect(await isPending(opened, bytes)).toBe(true);
    await opened.pass(30);
    expect((await bytes).byteLength).toBe((await (await file()).arrayBuffer()).byteLength);
  },
  "file-huge": async (opened) => {
    const { file } = await run(opened, "file-huge");
    const response = await file();
    expect(Number(response.headers.get("content-length"))).toBe(5 * 1024 ** 3);
    let read = 0;
    for await (const chunk of response.body ?? []) {
      if (chunk instanceof Uint8Array) read += chunk.length;
      if (read > 4 * 1024 ** 2) break;
    }
    expect(read).toBeGreaterThan(4 * 1024 ** 2);
  },

  "bill-late": async (opened) => {
    expect(await billed(opened, "bill-late seconds=20")).toEqual([]);
    await opened.pass(20);
    expect(await billed(opened, "bill-missing")).toEqual([280]);
  },
  "bill-missing": async (opened) => expect(await billed(opened, "bill-missing")).toEqual([]),
  "bill-twice": async (opened) => expect(await billed(opened, "bill-twice")).toEqual([280, 280]),
  "bill-in-parts": async (opened) => expect(await billed(opened, "bill-in-parts")).toEqual([56, 224]),
  "bill-dearer": async (opened) => expect(await billed(opened, "bill-dearer")).toEqual([560]),
  "bill-discount": async (opened) => expect(await billed(opened, "bill-discount")).toEqual([245]),
  "history-500": async (opened) => {
    opened.simulator.arm({ fault: "history-500" });
    const read = () => opened.call("/v1/models/requests/by-endpoint");
    expect([await answer(read()), await answer(read())]).toEqual([500, 200]);
  },
  "history-empty": async (opened) => {
    await run(opened, "slow seconds=0");
    opened.simulator.arm({ fault: "history-empty" });
    const read = async () => (await opened.call("/v1/models/requests/by-endpoint")).json();
    expect(await read()).toMatchObject({ items: [] });
    expect(await read()).toMatchObject({ items: [{ status_code: 200 }] });
  },
  "jwks-down": async (opened) => {
    opened.simulator.arm({ fault: "jwks-down" });
    expect(await answer(opened.call("/.well-known/jwks.json"))).toBe(503);
  },
};

describe("the fault", () => {
  it.each(Object.entries(STRIKES))("%s", async (_, strike) => {
    await strike(await openSimulator());
  });
});

describe("a fault", () => {
  it("strikes no job that did not ask for it", async () => {
    const opened = await openSimulator();
    const { status, result, file } = await run(opened, "slow seconds=0");
    await opened.submit();
    await opened.pass(8);
    expect([await answer(status()), await answer(result()), await answer(file())]).toEqual([200, 200, 200]);
    expect(opened.simulator.jobs().map((job) => job.ending?.statusCode)).toEqual([200, 200]);
  });

  it("in a prompt strikes every submit of it, or the first few when a number is given", async () => {
    const { post } = await openSimulator();
    const three = async (fault: string) => {
      const submits = [];
      for (let n = 0; n < 3; n += 1) submits.push(await answer(post(prompt(fault))));
      return submits;
    };
    expect(await three("submit-503")).toEqual([503, 503, 503]);
    expect(await three("submit-429 times=2")).toEqual([429, 429, 200]);
  });

  it("can be armed for all, for one request, or for one endpoint", async () => {
    const { call, submit, pass, simulator } = await openSimulator();
    const arm = async (order: object) => {
      return (await call("/__simulator/faults", { method: "POST", body: JSON.stringify(order) })).status;
    };
    const [one, other] = [await submit(), await submit()];
    expect(await arm({ fault: "status-500", requestId: other })).toBe(201);
    expect(await arm({ fault: "fail-internal", endpoint: "fal-ai/video-understanding" })).toBe(201);
    expect(await arm({ fault: "fail-runner", times: 1 })).toBe(201);
    const status = (id: string) => answer(call(`/${APP}/requests/${id}/status`));
    expect([await status(one), await status(other), await status(other)]).toEqual([202, 500, 202]);
    await submit({ video_url: "https://example.com/v.mp4" }, "fal-ai/video-understanding");
    await pass(8);
    expect(simulator.jobs().map((job) => job.ending?.statusCode)).toEqual([503, 200, 500]);
  });

  it("can be seen while armed, and disarmed", async () => {
    const { call, simulator } = await openSimulator();
    simulator.arm({ fault: "submit-500", times: "always" });
    expect(await (await call("/__simulator/faults")).json()).toMatchObject({
      armed: [{ fault: "submit-500", left: "always" }],
    });
    await call("/__simulator/faults", { method: "DELETE" });
    expect(await (await call("/__simulator/faults")).json()).toMatchObject({ armed: [] });
  });

  it("that does not exist is a 400 which says so, wherever it is asked for", async () => {
    const { call, post, simulator } = await openSimulator();
    const wrong = await post(prompt("drop-afer-accept"));
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toEqual({ detail: textWith("drop-afer-accept") });
    const body = JSON.stringify({ fault: "slow", second: 3 });
    expect((await call("/__simulator/faults", { method: "POST", body })).status).toBe(400);
    expect(() => simulator.arm({ fault: "slow", times: 0 })).toThrow("times");
    expect(simulator.jobs()).toEqual([]);
  });
});

describe("a file that is not at fault", () => {
  it("is a real MP4, whole or in ranges", async () => {
    const opened = await openSimulator();
    const { file, id } = await run(opened, "slow seconds=0");
    const whole = Buffer.from(await (await file()).arrayBuffer());
    expect(whole.subarray(4, 8).toString()).toBe("ftyp");
    const part = await file({ headers: { range: "bytes=4-7" } });
    expect([part.status, await part.text()]).toEqual([206, "ftyp"]);
    expect((await opened.fal.queue.result(STANDARD, { requestId: id })).data).toMatchObject({
      video: { file_size: whole.length },
    });
    expect(await answer(opened.call("/files/nobody.mp4"))).toBe(404);
  });
});

describe("the command", () => {
  it("lists every fault in its help, and the README in its table", () => {
    const main = join(import.meta.dirname, "../../stacks/fal-simulator/main.ts");
    const { stdout, status } = spawnSync(process.execPath, [main, "--help"], { encoding: "utf8" });
    expect(status).toBe(0);
    for (const { name, doc } of listFaults()) expect(stdout).toContain(`  ${name.padEnd(27)} ${doc}`);
    const readme = readFileSync(join(main, "../README.md"), "utf8").replaceAll(/ +/g, " ");
    for (const { name, doc } of listFaults()) expect(readme).toContain(`| \`${name}\` | ${doc} |`);
    expect(listFaults().map(({ name }) => name)).toEqual(Object.keys(STRIKES));
  });
});
