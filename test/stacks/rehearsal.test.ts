// The rehearsal of a deploy: it finds nothing in the stage that we deploy, and says in a sentence what is planted.
import { beforeAll, describe, expect, it } from "vitest";
import { bundleFaults } from "../../stacks/offline/rehearsal/bundles.ts";
import { nameFaults } from "../../stacks/offline/rehearsal/names.ts";
import { permissionFaults } from "../../stacks/offline/rehearsal/permissions.ts";
import { quotaFaults } from "../../stacks/offline/rehearsal/quotas.ts";
import { referenceFaults } from "../../stacks/offline/rehearsal/references.ts";
import { functionsOf, graphOf, ofType, resource, type Graph, type GraphResource } from "../support/resource-graph.ts";

const LAMBDA = "aws:lambda/function:Function";
const ROLE = "aws:iam/role:Role";
const MACHINE = "aws:sfn/stateMachine:StateMachine";

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf("production");
});

/** A copy with one thing spoiled. */
function spoiled(plant: (graph: Graph) => void): Graph {
  const copy = structuredClone(graph);
  plant(copy);
  return copy;
}
const first = (of: Graph, type: string): GraphResource => {
  const [it] = ofType(of, type);
  if (!it) throw new Error(`There is no ${type}.`);
  return it;
};
const without = (type: string) => (of: Graph) => {
  of.resources = of.resources.filter((it) => it.type !== type);
};
const withInput = (type: string, key: string, value: unknown) => (of: Graph) => {
  first(of, type).inputs[key] = value;
};

describe("names", () => {
  it("are within AWS's limits", () => {
    expect(nameFaults(graph)).toEqual([]);
  });
  it.each<[string, (graph: Graph) => void, RegExp]>([
    [
      "a function's is too long",
      withInput(LAMBDA, "name", "f".repeat(65)),
      /has 65 characters, AWS takes 64\. A shorter stage helps/,
    ],
    ["a role's is too long", withInput(ROLE, "name", "r".repeat(65)), /has 65 characters, AWS takes 64/],
    [
      "a bucket's has capitals",
      withInput("aws:s3/bucket:Bucket", "bucket", "MediaFiles"),
      /AWS takes no name like MediaFiles/,
    ],
    ["a state machine's is too long", withInput(MACHINE, "name", "m".repeat(81)), /AWS takes 80/],
    [
      "no rule is for it",
      withInput("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration", "name", "x"),
      /does not say how long the name of a/,
    ],
  ])("%s", (_, plant, fault) => {
    expect(nameFaults(spoiled(plant))).toEqual([expect.stringMatching(fault)]);
  });
});

describe("quotas", () => {
  it("are kept", () => {
    expect(quotaFaults(graph)).toEqual([]);
  });
  it.each<[string, (graph: Graph) => void, RegExp]>([
    [
      "an environment over 4 KB",
      withInput(LAMBDA, "environment", { variables: { A: "a".repeat(4096) } }),
      /bytes of its environment: 4097, AWS takes 4096/,
    ],
    ["too long a function", withInput(LAMBDA, "timeout", 901), /seconds until it ends: 901/],
    ["six layers", withInput(LAMBDA, "layers", ["1", "2", "3", "4", "5", "6"]), /layers: 6, AWS takes 5/],
    [
      "a policy over 10,240 characters",
      withInput(ROLE, "inlinePolicies", [
        {
          policy: {
            Statement: [
              { Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::b/".padEnd(11_000, "x")] },
            ],
          },
        },
      ]),
      /characters of its inline policies: 11\d{3}, AWS takes 10240/,
    ],
    [
      "too large a definition",
      withInput(MACHINE, "definition", "x".repeat(1024 * 1024 + 1)),
      /bytes of its definition/,
    ],
  ])("%s", (_, plant, fault) => {
    expect(quotaFaults(spoiled(plant))).toEqual([expect.stringMatching(fault)]);
  });
});

describe("references", () => {
  it("lead to what is made", () => {
    expect(referenceFaults(graph)).toEqual([]);
  });
  it.each<[string, (graph: Graph) => void, RegExp]>([
    ["a queue that is not made", without("aws:sqs/queue:Queue"), /names arn:aws:sqs:.*, which is not made/],
    ["a table that is not made", without("aws:dynamodb/table:Table"), /names .*MediaTable.*, which is not made/],
    ["a function that is not made", without(LAMBDA), /names arn:aws:lambda:.*, which is not made/],
    ["a state machine that is not made", without(MACHINE), /names arn:aws:states:.*, which is not made/],
    [
      "an authorizer that is not made",
      without("aws:apigatewayv2/authorizer:Authorizer"),
      /authorizerId names .*, which is not made/,
    ],
    ["a log that is not made", without("aws:cloudwatch/logGroup:LogGroup"), /logGroup\w* names .*, which is not made/],
  ])("%s", (_, plant, fault) => {
    expect(referenceFaults(spoiled(plant)).filter((it) => fault.test(it))).not.toEqual([]);
  });
});

describe("permissions", () => {
  it("are sufficient", () => {
    expect(permissionFaults(graph)).toEqual([]);
  });
  it.each<[string, (graph: Graph) => void, RegExp]>([
    ["the gateway's and the bus's", without("aws:lambda/permission:Permission"), /API Gateway may not invoke/],
    ["the bus's", without("aws:lambda/permission:Permission"), /EventBridge may not invoke/],
    ["the queues'", without("aws:sqs/queuePolicy:QueuePolicy"), /EventBridge may not send what fails/],
    [
      "every role's",
      (of) => ofType(of, ROLE).forEach((role) => (role.inputs["inlinePolicies"] = [])),
      /Generation: its role may not invoke|: its role may not write its log/,
    ],
    [
      "a role that trusts another service",
      (of) => ofType(of, ROLE).forEach((role) => (role.inputs["assumeRolePolicy"] = { Statement: [] })),
      /does not trust (Lambda|Step Functions|the scheduler)/,
    ],
    [
      "a role that is denied what it is allowed",
      (of) =>
        ofType(of, ROLE).forEach((role) => {
          const policies = role.inputs["inlinePolicies"];
          const deny = { policy: { Statement: [{ Effect: "Deny", Action: "lambda:*", Resource: "*" }] } };
          role.inputs["inlinePolicies"] = [...(Array.isArray(policies) ? policies : []), deny];
        }),
      /its role may not invoke/,
    ],
  ])("are missed: %s", (_, plant, fault) => {
    expect(permissionFaults(spoiled(plant)).filter((it) => fault.test(it))).not.toEqual([]);
  });
});

describe("the bundle of the console", { timeout: 60_000 }, () => {
  const consoleOf = (of: Graph) => functionsOf(of).filter(({ name }) => name === "serve-console");

  it("serves its pages from its zip", async () => {
    expect(await bundleFaults(graph, consoleOf(graph))).toEqual([]);
  });

  it("is missed where .web lies elsewhere in the zip", async () => {
    const moved = spoiled((of) => {
      for (const { copyFiles } of of.functions) for (const file of copyFiles) file.to = `functions/${file.to}`;
    });
    expect(await bundleFaults(moved, consoleOf(moved))).toEqual([
      expect.stringMatching(
        /^serve-console: GET \/ is answered with 500 from its zip: The console was not laid beside its function: there is no .*\.web\/index\.html/,
      ),
    ]);
  });

  it("is missed where Lambda is told to call another", async () => {
    const renamed = spoiled((of) => {
      resource(of, LAMBDA, "ServeConsoleFunction").inputs["handler"] = "functions/web/serve-console.handler";
    });
    expect(await bundleFaults(renamed, consoleOf(renamed))).toEqual([
      "serve-console: Lambda is told to call functions/web/serve-console.handler, which is not in its zip.",
    ]);
  });
});
