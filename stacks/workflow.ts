// The state machine: the definition that the local machine runs too, and a role that may call its four functions.
import { WORKFLOW_FUNCTIONS, workflowDefinition } from "./blueprint/workflow.asl.ts";
import type { Functions } from "./functions.ts";
import { stateMachineName } from "./links.ts";

export function createWorkflow(functions: Functions): aws.sfn.StateMachine {
  const steps = {
    SubmitGeneration: functions(WORKFLOW_FUNCTIONS.SubmitGeneration).arn,
    CheckStatus: functions(WORKFLOW_FUNCTIONS.CheckStatus).arn,
    FinalizeAndAnalyze: functions(WORKFLOW_FUNCTIONS.FinalizeAndAnalyze).arn,
    RecordFailure: functions(WORKFLOW_FUNCTIONS.RecordFailure).arn,
  };
  const name = stateMachineName();
  const log = new aws.cloudwatch.LogGroup("GenerationLog", {
    // Step Functions needs this prefix, or the account's log policy runs full.
    name: `/aws/vendedlogs/states/${name}`,
    retentionInDays: 90,
  });
  return new aws.sfn.StateMachine("Generation", {
    name,
    type: "STANDARD",
    definition: $resolve(steps).apply((arns) => JSON.stringify(workflowDefinition(arns))),
    roleArn: createRole(Object.values(steps)).arn,
    // Every transition, but never what it carries.
    loggingConfiguration: {
      level: "ALL",
      includeExecutionData: false,
      logDestination: $interpolate`${log.arn}:*`,
    },
    tracingConfiguration: { enabled: true },
  });
}

function createRole(functionArns: $util.Output<string>[]): aws.iam.Role {
  const account = aws.getCallerIdentityOutput().accountId;
  return new aws.iam.Role("GenerationRole", {
    name: `${stateMachineName()}-role`,
    description: "What the state machine of a generation may do: call its four functions.",
    assumeRolePolicy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: "sts:AssumeRole",
          Principal: { Service: "states.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        },
      ],
    }),
    inlinePolicies: [
      {
        name: "inline",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: functionArns },
            {
              // Vended log delivery and X-Ray know no resources (AWS: "Logging using CloudWatch Logs", "AWS X-Ray").
              Effect: "Allow",
              Action: [
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
              ],
              Resource: "*",
            },
          ],
        }),
      },
    ],
  });
}
