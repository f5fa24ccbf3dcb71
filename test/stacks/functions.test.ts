// The functions of a deployed stage: what calls each of them, and exactly what it may do and know. Read it as a document.
import { beforeAll, describe, expect, test } from "vitest";
import { FUNCTIONS } from "../../stacks/blueprint/functions.ts";
import {
  at,
  functionsOf,
  graphOf,
  inWords,
  resource,
  roleStatements,
  triggersOf,
  WITH_KEYS,
  type Graph,
  type GraphFunction,
} from "../support/resource-graph.ts";

interface Specification {
  calledBy: string;
  /** Action and resource. Every function may besides write its own log and send its own traces. */
  may: string[];
  /** What `Resource` gives it. A secret is in no function's list that does not use it. */
  knows: string[];
  memoryMb: number;
  timeoutSeconds: number;
}

const small = { memoryMb: 512, timeoutSeconds: 28 };
const links = ["s3:GetObject on MediaFiles/videos/*", "s3:GetObject on MediaFiles/sources/*"];
const readUpload = ["s3:GetObject on MediaFiles/uploads/*", "s3:ListBucket on MediaFiles"];
const deletes = [
  "s3:DeleteObject on MediaFiles/videos/*",
  "s3:DeleteObject on MediaFiles/sources/*",
  "s3:ListBucket on MediaFiles",
];
/** Whose key it is, and that it was used. */
const judges = ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media"];
const moves = ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media", "events:PutEvents on Bus"];

const SPECIFICATION: Record<string, Specification> = {
  "enhance-media": {
    calledBy: "POST /api/media/enhance, with a token",
    may: [
      "dynamodb:GetItem on Media",
      "dynamodb:PutItem on Media",
      "dynamodb:UpdateItem on Media",
      "states:StartExecution on Generation",
    ],
    knows: ["Media", "Generation"],
    ...small,
  },
  "check-generation": {
    calledBy: "POST /api/media/check-generation, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media", ...links],
    knows: ["Media", "MediaFiles"],
    ...small,
  },
  "list-spaces": {
    calledBy: "GET /api/spaces, with a token",
    may: ["dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "list-media": {
    calledBy: "GET /api/spaces/{spaceId}/media, with a token",
    may: ["dynamodb:Query on Media", ...links],
    knows: ["Media", "MediaFiles", "CursorSecret"],
    ...small,
  },
  "get-media": {
    calledBy: "GET /api/spaces/{spaceId}/media/{id}, with a token",
    may: ["dynamodb:GetItem on Media", ...links],
    knows: ["Media", "MediaFiles"],
    ...small,
  },
  "cancel-generation": {
    calledBy: "POST /api/spaces/{spaceId}/media/{id}/cancel, with a token",
    may: [...moves, "s3:GetObject on MediaFiles/sources/*"],
    knows: ["Media", "Bus", "MediaFiles", "FalKey"],
    ...small,
  },
  "upload-image": {
    calledBy: "POST /api/uploads, with a token",
    may: ["s3:PutObject on MediaFiles/uploads/*"],
    knows: ["MediaFiles"],
    ...small,
  },
  "check-upload": {
    calledBy: "POST /api/uploads/{id}/check, with a token",
    may: readUpload,
    knows: ["MediaFiles"],
    memoryMb: 1536,
    timeoutSeconds: 28,
  },
  "report-models": { calledBy: "GET /api/models, open", may: [], knows: [], ...small },
  "report-pricing": { calledBy: "GET /api/pricing, open", may: [], knows: [], ...small },
  "report-budget": {
    calledBy: "GET /api/budget, with a token",
    may: ["dynamodb:GetItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "report-spending": {
    calledBy: "GET /api/spending, with a token",
    may: ["dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "report-timings": {
    calledBy: "GET /api/timings, with a token",
    may: ["dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "delete-media": {
    calledBy: "DELETE /api/spaces/{spaceId}/media/{id}, with a token",
    may: [...moves, ...deletes],
    knows: ["Media", "Bus", "MediaFiles"],
    ...small,
  },
  "create-api-key": {
    calledBy: "POST /api/keys, with a token",
    may: ["dynamodb:Query on Media", "dynamodb:PutItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "list-api-keys": {
    calledBy: "GET /api/keys, with a token",
    may: ["dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "revoke-api-key": {
    calledBy: "DELETE /api/keys/{id}, with a token",
    may: ["dynamodb:DeleteItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "authorize-caller": {
    calledBy: "the gateway, to know the caller",
    may: ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media"],
    knows: ["Media"],
    memoryMb: 512,
    timeoutSeconds: 10,
  },
  "create-webhook": {
    calledBy: "POST /api/webhooks, with a token",
    may: ["dynamodb:Query on Media", "dynamodb:PutItem on Media"],
    knows: ["Media", "SealSecret"],
    ...small,
  },
  "list-webhooks": {
    calledBy: "GET /api/webhooks, with a token",
    may: ["dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "get-webhook": {
    calledBy: "GET /api/webhooks/{id}, with a token",
    may: ["dynamodb:GetItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "change-webhook": {
    calledBy: "PATCH /api/webhooks/{id}, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "delete-webhook": {
    calledBy: "DELETE /api/webhooks/{id}, with a token",
    may: ["dynamodb:DeleteItem on Media"],
    knows: ["Media"],
    ...small,
  },
  "rotate-secret": {
    calledBy: "POST /api/webhooks/{id}/rotate-secret, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:UpdateItem on Media"],
    knows: ["Media", "SealSecret"],
    ...small,
  },
  "test-webhook": {
    calledBy: "POST /api/webhooks/{id}/test, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:PutItem on Media", "events:PutEvents on Bus"],
    knows: ["Media", "Bus"],
    ...small,
  },
  "list-deliveries": {
    calledBy: "GET /api/webhooks/{id}/deliveries, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:Query on Media"],
    knows: ["Media"],
    ...small,
  },
  "redeliver-webhook": {
    calledBy: "POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver, with a token",
    may: ["dynamodb:GetItem on Media", "dynamodb:PutItem on Media", "events:PutEvents on Bus"],
    knows: ["Media", "Bus"],
    ...small,
  },
  // Open at the gateway: these judge their callers themselves, as "refuses a caller" of test/security/access.test.ts holds.
  "create-video": {
    calledBy: "POST /v1/videos, open",
    may: [
      "dynamodb:GetItem on Media",
      "dynamodb:PutItem on Media",
      "dynamodb:UpdateItem on Media",
      "states:StartExecution on Generation",
      "s3:PutObject on MediaFiles/uploads/*",
    ],
    knows: ["Media", "Generation", "MediaFiles"],
    ...small,
  },
  "list-videos": {
    calledBy: "GET /v1/videos, open",
    may: ["dynamodb:Query on Media", ...judges],
    knows: ["Media"],
    ...small,
  },
  "get-video": { calledBy: "GET /v1/videos/{id}, open", may: judges, knows: ["Media"], ...small },
  "get-video-content": {
    calledBy: "GET /v1/videos/{id}/content, open",
    may: [...judges, ...links],
    knows: ["Media", "MediaFiles"],
    ...small,
  },
  "delete-video": {
    calledBy: "DELETE /v1/videos/{id}, open",
    may: [...moves, ...deletes],
    knows: ["Media", "Bus", "MediaFiles"],
    ...small,
  },
  "serve-agents": {
    calledBy: "POST /mcp, open and GET /mcp, open and DELETE /mcp, open",
    may: [
      "dynamodb:GetItem on Media",
      "dynamodb:Query on Media",
      "dynamodb:PutItem on Media",
      "dynamodb:UpdateItem on Media",
      "states:StartExecution on Generation",
      "events:PutEvents on Bus",
      ...links,
    ],
    knows: ["Media", "Generation", "Bus", "MediaFiles", "FalKey"],
    ...small,
  },
  "serve-source": {
    calledBy: "GET /sources/{name}, open and HEAD /sources/{name}, open",
    may: ["s3:GetObject on MediaFiles/sources/*", "s3:ListBucket on MediaFiles"],
    knows: ["MediaFiles"],
    ...small,
  },
  "receive-fal-webhook": {
    calledBy: "POST /webhooks/fal/{token}, open",
    may: [...moves, "states:StartExecution on Generation"],
    knows: ["Media", "Bus", "Generation", "WebhookSecret", "FalKey"],
    ...small,
  },
  "serve-console": {
    calledBy:
      "GET /, open and GET /docs, open and GET /client.js, open and GET /assets/{name}, open and GET /openapi.json, open and GET /llms.txt, open and HEAD /, open",
    may: [],
    knows: [],
    ...small,
  },
  "report-health": {
    calledBy: "GET /health, open and HEAD /health, open",
    may: ["dynamodb:GetItem on Media"],
    knows: ["Media"],
    ...small,
  },

  "submit-generation": {
    calledBy: "state SubmitGeneration",
    may: ["dynamodb:Query on Media/index/sweep", ...moves, ...readUpload, "s3:PutObject on MediaFiles/sources/*"],
    knows: ["Media", "Bus", "MediaFiles", "WebhookSecret", "FalKey", "WorkflowAiKey"],
    memoryMb: 1536,
    timeoutSeconds: 120,
  },
  "check-status": {
    calledBy: "state CheckStatus",
    may: ["dynamodb:Query on Media/index/sweep", ...moves],
    knows: ["Media", "Bus", "FalKey"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "finalize-and-analyze": {
    calledBy: "state FinalizeAndAnalyze and state FinalizeOnce",
    may: [
      ...moves,
      "s3:PutObject on MediaFiles/videos/*",
      "s3:AbortMultipartUpload on MediaFiles/videos/*",
      "s3:GetObject on MediaFiles/videos/*",
      "dynamodb:PutItem on Media",
    ],
    knows: ["Media", "Bus", "MediaFiles", "FalKey", "WorkflowAiKey"],
    memoryMb: 512,
    timeoutSeconds: 300,
  },
  "record-failure": {
    calledBy: "state RecordFailure",
    may: moves,
    knows: ["Media", "Bus", "FalKey"],
    memoryMb: 512,
    timeoutSeconds: 30,
  },

  "start-from-event": {
    calledBy: 'event {"detail-type":["Generation Requested"]}',
    may: [
      "dynamodb:GetItem on Media",
      "dynamodb:PutItem on Media",
      "dynamodb:UpdateItem on Media",
      "states:StartExecution on Generation",
      "events:PutEvents on Bus",
      "sqs:SendMessage on generation-requested-dead-letters",
    ],
    knows: ["Media", "Generation", "Bus"],
    memoryMb: 512,
    timeoutSeconds: 30,
  },
  "request-from-object": {
    calledBy:
      'event {"detail-type":["Object Created"],"source":["aws.s3"],"detail":' +
      '{"bucket":{"name":["acme-pictures"]},"object":{"key":[{"prefix":"animate/"}]}}}',
    may: [
      "s3:GetObject on arn:aws:s3:::acme-pictures/animate/*",
      "s3:GetObjectVersion on arn:aws:s3:::acme-pictures/animate/*",
      "s3:PutObject on MediaFiles/uploads/*",
      "events:PutEvents on Bus",
      "sqs:SendMessage on source-arrived-dead-letters",
    ],
    knows: ["Sources", "MediaFiles", "Bus"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "sweep-generations": {
    calledBy: "schedule rate(1 minute)",
    may: [
      ...moves,
      ...deletes,
      "dynamodb:Query on Media/index/sweep",
      "dynamodb:Scan on Media",
      "states:StartExecution on Generation",
      "states:DescribeExecution on Generation/executions/*",
      "sqs:SendMessage on sweep-dead-letters",
    ],
    knows: ["Media", "MediaFiles", "Bus", "Generation", "FalKey"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "on-execution-ended": {
    calledBy:
      'event {"detail-type":["Step Functions Execution Status Change"],"source":["aws.states"],"detail":' +
      '{"status":["FAILED","TIMED_OUT","ABORTED"],"stateMachineArn":["Generation"]}}',
    may: [
      ...moves,
      "states:StartExecution on Generation",
      "states:DescribeExecution on Generation/executions/*",
      "sqs:SendMessage on execution-ended-dead-letters",
    ],
    knows: ["Media", "Bus", "Generation", "FalKey"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "tell-webhooks": {
    calledBy:
      'event {"detail-type":["Generation Started","Generation Completed","Generation Failed","Generation Canceled",' +
      '"Generation Refused","Media Analyzed","Media Deleted"],"source":["media.generation"]}',
    may: [
      "dynamodb:Query on Media",
      "dynamodb:PutItem on Media",
      ...moves,
      "sqs:SendMessage on webhook-events-dead-letters",
    ],
    knows: ["Media", "Bus", "SealSecret"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "deliver-webhooks": {
    calledBy: 'event {"detail-type":["Webhook Due"],"source":["media.webhooks"]}',
    may: [
      "dynamodb:Query on Media/index/sweep",
      "dynamodb:PutItem on Media",
      ...moves,
      "sqs:SendMessage on webhooks-due-dead-letters",
    ],
    knows: ["Media", "Bus", "SealSecret"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "sweep-webhooks": {
    calledBy: "schedule rate(1 minute)",
    may: [
      "dynamodb:Query on Media/index/sweep",
      "dynamodb:Scan on Media",
      "dynamodb:GetItem on Media",
      "dynamodb:PutItem on Media",
      "events:PutEvents on Bus",
      "sqs:SendMessage on webhook-sweep-dead-letters",
    ],
    knows: ["Media", "Bus"],
    memoryMb: 512,
    timeoutSeconds: 60,
  },
  "redrive-generation": {
    calledBy: "an operator",
    may: [...moves, "dynamodb:Scan on Media", "states:StartExecution on Generation"],
    knows: ["Media", "Bus", "Generation"],
    memoryMb: 512,
    timeoutSeconds: 900,
  },
  "reconcile-bills": {
    calledBy: "schedule rate(1440 minutes)",
    may: [...moves, "dynamodb:Query on Media/index/sweep", "sqs:SendMessage on reconcile-dead-letters"],
    knows: ["Media", "Bus", "FalAdminKey"],
    memoryMb: 512,
    timeoutSeconds: 900,
  },
  "manage-api-keys": {
    calledBy: "an operator",
    may: ["dynamodb:Query on Media", "dynamodb:PutItem on Media", "dynamodb:DeleteItem on Media"],
    knows: ["Media"],
    memoryMb: 512,
    timeoutSeconds: 30,
  },
  "set-kill-switch": {
    calledBy: "an operator",
    may: ["dynamodb:UpdateItem on Media"],
    knows: ["Media"],
    memoryMb: 512,
    timeoutSeconds: 30,
  },
};

/** Of every function. X-Ray accepts no resource but `*` (AWS: "Actions, resources, and condition keys for AWS X-Ray"). */
const everyFunctionMay = (name: string) => [
  `logs:CreateLogStream on log of ${name}:*`,
  `logs:PutLogEvents on log of ${name}:*`,
  "xray:PutTraceSegments on *",
  "xray:PutTelemetryRecords on *",
];

function grantsOf(graph: Graph, fn: GraphFunction): string[] {
  return roleStatements(fn.role).flatMap(({ Effect, Action, Resource }) =>
    Action.flatMap((action) =>
      Resource.map((arn) => `${Effect === "Deny" ? "not " : ""}${action} on ${inWords(graph, arn)}`),
    ),
  );
}

const without = (all: string[], some: string[]) => all.filter((it) => !some.includes(it));

/** What differs between the specification and a graph, each difference as a sentence. */
function differences(graph: Graph): string[] {
  const functions = functionsOf(graph);
  const missing = Object.keys(SPECIFICATION).filter((name) => !functions.some((fn) => fn.name === name));
  return [
    ...missing.map((name) => `There is no function ${name}.`),
    ...functions.flatMap((fn) => {
      const wanted = SPECIFICATION[fn.name];
      if (!wanted) return [`${fn.name} is not in the specification: say here what calls it and what it may do.`];
      const who = `${wanted.calledBy.replace(/, (open|with a token)$/, "")} (${fn.name})`;
      const triggers = triggersOf(graph, fn).join(" and ") || "an operator";
      const [may, knows] = [grantsOf(graph, fn), Object.keys(fn.links)];
      const mayBe = [...wanted.may, ...everyFunctionMay(fn.name)];
      return [
        ...(triggers === wanted.calledBy ? [] : [`${fn.name} is called by ${triggers}, not by ${wanted.calledBy}.`]),
        ...without(mayBe, may).map((grant) => `${who} is missing the permission ${grant}.`),
        ...without(may, mayBe).map((grant) => `${who} has a permission that it does not need: ${grant}.`),
        ...without(wanted.knows, knows).map((link) => `${who} is not linked to ${link}.`),
        ...without(knows, wanted.knows).map((link) => `${who} is linked to ${link}, which it does not use.`),
        ...(at(fn.lambda, "memorySize") === wanted.memoryMb ? [] : [`${who} has not ${wanted.memoryMb} MB.`]),
        ...(at(fn.lambda, "timeout") === wanted.timeoutSeconds ? [] : [`${who} has not ${wanted.timeoutSeconds} s.`]),
      ];
    }),
  ];
}

describe("the functions of a deployed stage", () => {
  let graph: Graph;
  beforeAll(async () => {
    graph = await graphOf("production", WITH_KEYS);
  });

  test("are called by what the specification says, and may and know exactly that", () => {
    expect(differences(graph)).toEqual([]);
  });

  test("judge tokens and keys in a function of ours, where there are keys", () => {
    expect(resource(graph, "aws:apigatewayv2/authorizer:Authorizer").inputs).toMatchObject({
      authorizerType: "REQUEST",
    });
    expect(graph.outputs["access"]).toMatch(/^Callers need a token of https:\/\/issuer.example.com, or a key: npm run/);
    const judge = functionsOf(graph).find(({ name }) => name === "authorize-caller");
    const { JWT_ISSUER, JWT_AUDIENCE, AUTH } = WITH_KEYS;
    expect(judge?.environment).toMatchObject({ JWT_ISSUER, JWT_AUDIENCE, AUTH });
  });

  test("are all that the blueprint plans for", () => {
    expect(Object.keys(FUNCTIONS).toSorted()).toEqual(
      functionsOf(graph)
        .map(({ handler }) => handler)
        .toSorted(),
    );
  });

  describe("a difference is said in a sentence:", () => {
    const changed = (name: string, change: (fn: GraphFunction) => void) => {
      const copy = structuredClone(graph);
      const fn = functionsOf(copy).find((it) => it.name === name);
      if (!fn) throw new Error(`There is no ${name}.`);
      change(fn);
      return differences(copy);
    };
    const withoutAction = (action: string) => (fn: GraphFunction) => {
      const kept = roleStatements(fn.role).filter((it) => !it.Action.includes(action));
      fn.role.inputs["inlinePolicies"] = [{ policy: { Statement: kept } }];
    };

    test("a link that was removed from a route", () => {
      expect(changed("enhance-media", withoutAction("states:StartExecution"))).toEqual([
        "POST /api/media/enhance (enhance-media) is missing the permission states:StartExecution on Generation.",
      ]);
      expect(changed("list-media", withoutAction("dynamodb:Query"))).toEqual([
        "GET /api/spaces/{spaceId}/media (list-media) is missing the permission dynamodb:Query on Media.",
      ]);
    });

    test("a permission too many", () => {
      const mayEverything = (fn: GraphFunction) => {
        const more = { Effect: "Allow", Action: "dynamodb:*", Resource: "*" };
        fn.role.inputs["inlinePolicies"] = [{ policy: { Statement: [...roleStatements(fn.role), more] } }];
      };
      expect(changed("get-media", mayEverything)).toEqual([
        "GET /api/spaces/{spaceId}/media/{id} (get-media) has a permission that it does not need: dynamodb:* on *.",
      ]);
    });

    test("a secret that a route does not need", () => {
      expect(changed("report-pricing", (fn) => (fn.links["FalKey"] = { value: "x" }))).toEqual([
        "GET /api/pricing (report-pricing) is linked to FalKey, which it does not use.",
      ]);
    });

    test("a route that has lost its lock", () => {
      const copy = structuredClone(graph);
      const route = copy.resources.find((it) => it.inputs["routeKey"] === "POST /api/media/enhance");
      Object.assign(route?.inputs ?? {}, { authorizationType: "NONE" });
      expect(differences(copy)).toEqual([
        "enhance-media is called by POST /api/media/enhance, open, not by POST /api/media/enhance, with a token.",
      ]);
    });
  });
});
