// Answers what SST's components ask of its command line: where the account's state bucket is, and to bundle a handler.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { join } from "node:path";
import * as z from "zod";
import { bundledHandler } from "./bundle.ts";
import { buildSchema, type FunctionBuild } from "./function-build.ts";

const callSchema = z.object({ method: z.string(), params: z.tuple([z.unknown()]) });

export async function startCliStandIn({
  root,
  artifact,
  accountId,
}: {
  root: string;
  artifact: string;
  accountId: string;
}) {
  const builds: FunctionBuild[] = [];

  function answer(method: string, input: unknown): unknown {
    switch (method) {
      case "Provider.Aws.Bootstrap":
        return {
          asset: "sst-asset",
          state: "sst-state",
          assetEcrRegistryId: accountId,
          assetEcrUrl: `${accountId}.dkr.ecr.us-east-1.amazonaws.com/sst-asset`,
          appsyncHttp: "",
          appsyncRealtime: "",
        };
      case "Runtime.Build": {
        const build = buildSchema.parse(input);
        builds.push(build);
        const source = join(root, build.handler.replace(/\.[^.]+$/, ".ts"));
        const errors = existsSync(source) ? [] : [`There is no ${source}, which ${build.functionID} names.`];
        return { handler: bundledHandler(build.handler), out: artifact, errors, sourcemaps: [] };
      }
      // `sst dev`: the channel over which the laptop receives calls, and the function that it runs.
      case "Provider.Aws.Appsync":
        return { http: "appsync.example.com", realtime: "realtime.example.com" };
      case "Runtime.AddTarget":
        builds.push(buildSchema.parse(input));
        return null;
      default:
        throw new Error(`SST asked its command line for ${method}, which is not known here.`);
    }
  }

  async function reply(request: IncomingMessage): Promise<string> {
    try {
      const { method, params } = callSchema.parse(await json(request));
      return JSON.stringify({ result: answer(method, params[0]) });
    } catch (error) {
      return JSON.stringify({ error: String(error) });
    }
  }

  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    void reply(request).then((body) => response.end(body));
  });
  // SST calls again on the same connection, on a busy machine after more than Node's five seconds.
  server.keepAliveTimeout = 0;
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    builds,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
