// The workflow on Step Functions: start an execution under a name, and ask whether it runs.
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  StartExecutionCommand,
  type SFNClient,
} from "@aws-sdk/client-sfn";
import type { Workflow } from "../media/ports.ts";

export interface StepFunctionsOptions {
  client: SFNClient;
  stateMachineArn: string;
  /** Seconds between two checks, given to each execution. */
  pollSeconds: number;
}

/** The port `Workflow` over one state machine. */
export function createStepFunctionsWorkflow({ client, stateMachineArn, pollSeconds }: StepFunctionsOptions): Workflow {
  return {
    async start(name, input) {
      try {
        const execution = { stateMachineArn, name, input: JSON.stringify({ ...input, pollSeconds }) };
        await client.send(new StartExecutionCommand(execution));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
    async isRunning(name) {
      const executionArn = `${stateMachineArn.replace(":stateMachine:", ":execution:")}:${name}`;
      try {
        return (await client.send(new DescribeExecutionCommand({ executionArn }))).status === "RUNNING";
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return false;
        throw error;
      }
    },
  };
}
