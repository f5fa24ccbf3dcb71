// What a tool is, and what one is called with.
import * as z from "zod/mini";
import type { Access, Caller } from "../edge/caller.ts";
import { RequestError } from "../edge/http-errors.ts";
import { faultsIn } from "../edge/lambda.ts";
import { nearMisses } from "../edge/near-miss.ts";

/** Text for the model, links for the person, and the same as data. */
export interface ToolResult {
  text: string;
  links?: { uri: string; name: string; mimeType: string }[];
  data: Record<string, unknown>;
}

export interface Tool {
  name: string;
  title: string;
  description: string;
  /** JSON Schema of its arguments. */
  inputSchema: { type: "object" } & Record<string, unknown>;
  readOnly: boolean;
  /** @throws RequestError, DomainError */
  call: (args: unknown, callerFor: (access: Access) => Caller) => Promise<ToolResult>;
}

interface ToolOf<S extends z.ZodMiniObject> {
  name: string;
  title: string;
  description: string;
  access: "read" | "write";
  input: S;
  run: (args: z.infer<S>, caller: Caller) => Promise<ToolResult>;
}

export function tool<S extends z.ZodMiniObject>({ input, access, run, ...told }: ToolOf<S>): Tool {
  return {
    ...told,
    inputSchema: { ...z.toJSONSchema(input, { io: "input" }), type: "object" },
    readOnly: access === "read",
    call: async (args, callerFor) => run(checked(input, args), callerFor(access)),
  };
}

/** @throws RequestError 400: a model reads the message and calls again */
function checked<S extends z.ZodMiniObject>(input: S, args: unknown): z.infer<S> {
  const result = input.safeParse(args);
  const misspelt = nearMisses(input, args);
  if (result.success && misspelt.length === 0) return result.data;
  const faults = [...misspelt, ...(result.error ? faultsIn(result.error) : [])];
  const said = faults.map(({ path, message }) => `${path} ${message}`).join("; ");
  throw new RequestError(400, "invalid_request", `The arguments are not valid: ${said}.`, faults);
}
