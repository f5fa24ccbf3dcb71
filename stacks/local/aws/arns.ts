// The names things have on the local machine, in AWS's own notation.

export const REGION = "us-east-1";
export const ACCOUNT_ID = "000000000000";
/** Of the HTTP API. */
export const API_ID = "local";
export const BUS_NAME = "media";
export const STATE_MACHINE_NAME = "generation";

export function functionArn(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`;
}

export function ruleArn(name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT_ID}:rule/${name}`;
}

export function busArn(name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT_ID}:event-bus/${name}`;
}

export function connectionArn(name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT_ID}:connection/${name}`;
}

export function apiDestinationArn(name: string): string {
  return `arn:aws:events:${REGION}:${ACCOUNT_ID}:api-destination/${name}`;
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`;
}

export const STATE_MACHINE_ARN = `arn:aws:states:${REGION}:${ACCOUNT_ID}:stateMachine:${STATE_MACHINE_NAME}`;

export function executionArn(name: string): string {
  return `arn:aws:states:${REGION}:${ACCOUNT_ID}:execution:${STATE_MACHINE_NAME}:${name}`;
}
