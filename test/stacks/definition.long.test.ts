// What a deploy puts into Step Functions is, letter for letter, what the local machine runs.
import { expect, test } from "vitest";
import { localDefinition } from "../../stacks/local/aws/workflow.ts";
import { definitionOf, functionsOf, graphOf } from "../support/resource-graph.ts";

test("the deployed definition and the local one differ in the ARNs of the functions and in nothing else", async () => {
  const graph = await graphOf("production");
  const deployed = JSON.stringify(definitionOf(graph), null, 1);
  const local = JSON.stringify(localDefinition(), null, 1);
  const renamed = functionsOf(graph).reduce(
    (text, { arn, name }) =>
      text.replaceAll(JSON.stringify(arn), JSON.stringify(`arn:aws:lambda:us-east-1:000000000000:function:${name}`)),
    deployed,
  );
  expect(renamed).toBe(local);
  expect(renamed).not.toBe(deployed);
});
