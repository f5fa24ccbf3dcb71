// The workflow.
import { SFNClient } from "@aws-sdk/client-sfn";
import { createStepFunctionsWorkflow } from "../adapters/step-functions.ts";
import { setting } from "../environment.ts";
import { linkedArn } from "../linked.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

export const workflow = lazy(() =>
  createStepFunctionsWorkflow({
    client: new SFNClient(AWS_CLIENT),
    stateMachineArn: linkedArn("Generation"),
    pollSeconds: setting("POLL_SECONDS"),
  }),
);
