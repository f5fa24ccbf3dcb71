// What AWS would answer to a deploy: an ARN for everything, and the account's own facts. Nothing is checked.
import * as z from "zod";

export interface MockedResource {
  type: string;
  name: string;
  custom: boolean;
  inputs: Record<string, unknown>;
}
interface Made {
  id: string | undefined;
  state: Record<string, unknown>;
}
/** Pulumi's `runtime.Mocks`. */
export interface Mocked {
  newResource(resource: {
    type: string;
    name: string;
    custom?: boolean;
    inputs: Record<string, unknown>;
    id?: string;
  }): Made;
  call(invoke: { token: string; inputs: Record<string, unknown> }): Record<string, unknown>;
}

interface Place {
  region: string;
  accountId: string;
}

/** Where a graph lies that says no other place. */
export const OFFLINE_PLACE: Place = { region: "us-east-1", accountId: "123456789012" };

export function mockAws(place: Place, seen: (resource: MockedResource) => void): Mocked {
  return {
    newResource({ type, name, custom = false, inputs, id }) {
      // A dynamic resource carries its provider's source text; only its inputs are of interest.
      seen({ type, name, custom, inputs });
      if (!custom) return { id: undefined, state: inputs };
      return { id: id || `${name}-id`, state: { ...inputs, ...outputsOf(type, name, inputs, place) } };
    },
    call: ({ token, inputs }) => invoke(token, inputs, place),
  };
}

/** The service and the resource part of an ARN, where the type's name does not say them. */
const ARNS: Record<string, (name: string) => string> = {
  "aws:lambda/function:Function": (name) => `lambda:{region}:{account}:function:${name}`,
  "aws:dynamodb/table:Table": (name) => `dynamodb:{region}:{account}:table/${name}`,
  "aws:s3/bucket:Bucket": (name) => `s3:::${name}`,
  "aws:sfn/stateMachine:StateMachine": (name) => `states:{region}:{account}:stateMachine:${name}`,
  "aws:iam/role:Role": (name) => `iam::{account}:role/${name}`,
  "aws:cloudwatch/eventBus:EventBus": (name) => `events:{region}:{account}:event-bus/${name}`,
  "aws:cloudwatch/eventRule:EventRule": (name) => `events:{region}:{account}:rule/${name}`,
  "aws:cloudwatch/logGroup:LogGroup": (name) => `logs:{region}:{account}:log-group:${name}`,
  "aws:sqs/queue:Queue": (name) => `sqs:{region}:{account}:${name}`,
  "aws:sns/topic:Topic": (name) => `sns:{region}:{account}:${name}`,
};

/** What a resource is called where others name it: as its inputs say, or by its logical name. */
function physicalName(logicalName: string, inputs: Record<string, unknown>): string {
  return z
    .string()
    .catch(logicalName)
    .parse(inputs["name"] ?? inputs["bucket"]);
}

/** The ARN that a graph has of a resource. */
export function arnOf(type: string, logicalName: string, inputs: Record<string, unknown>, place: Place): string {
  const service = /^aws:([^/]+)/.exec(type)?.[1] ?? "unknown";
  const name = physicalName(logicalName, inputs);
  const template = ARNS[type]?.(name) ?? `${service}:{region}:{account}:${name}`;
  return `arn:aws:${template.replace("{region}", place.region).replace("{account}", place.accountId)}`;
}

function outputsOf(type: string, logicalName: string, inputs: Record<string, unknown>, place: Place) {
  const { region, accountId } = place;
  const name = physicalName(logicalName, inputs);
  const arn = arnOf(type, logicalName, inputs, place);
  switch (type) {
    case "aws:lambda/function:Function": {
      const invokeArn = `arn:aws:apigateway:${region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
      return { arn, name, invokeArn, qualifiedArn: `${arn}:$LATEST`, version: "$LATEST" };
    }
    case "aws:s3/bucket:Bucket":
      return { arn, bucket: name, region, bucketDomainName: `${name}.s3.amazonaws.com` };
    case "aws:sqs/queue:Queue":
      return { arn, name, url: `https://sqs.${region}.amazonaws.com/${accountId}/${name}` };
    case "aws:apigatewayv2/api:Api": {
      const id = logicalName.toLowerCase();
      const executionArn = `arn:aws:execute-api:${region}:${accountId}:${id}`;
      return { arn, executionArn, apiEndpoint: `https://${id}.execute-api.${region}.amazonaws.com` };
    }
    case "aws:acm/certificate:Certificate": {
      const record = { resourceRecordName: `_proof.${domainOf(inputs)}`, resourceRecordType: "CNAME" };
      const options = { domainName: domainOf(inputs), resourceRecordValue: "_proof.acm-validations.aws", ...record };
      return { arn, domainValidationOptions: [options] };
    }
    case "aws:acm/certificateValidation:CertificateValidation":
      return { certificateArn: inputs["certificateArn"] };
    case "aws:apigatewayv2/domainName:DomainName": {
      const target = { targetDomainName: `target.execute-api.${region}.amazonaws.com`, hostedZoneId: "ZTARGET" };
      return { arn, domainNameConfiguration: target };
    }
    // SST's own small providers: the one that looks a zone up is asked for its id.
    case "pulumi-nodejs:dynamic:Resource":
      return { zoneId: "ZONE" };
    case "random:index/randomBytes:RandomBytes": {
      const bytes = Buffer.alloc(z.number().catch(32).parse(inputs["length"]), 1);
      return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
    }
    case "random:index/randomPassword:RandomPassword":
      return { result: "r".repeat(z.number().parse(inputs["length"])) };
    default:
      return { arn, name };
  }
}

function domainOf(inputs: Record<string, unknown>): string {
  return z.string().catch("example.com").parse(inputs["domainName"]);
}

function invoke(token: string, inputs: Record<string, unknown>, { region, accountId }: Place): Record<string, unknown> {
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { id: region, region, name: region };
    case "aws:index/getPartition:getPartition":
      return { id: "aws", partition: "aws", dnsSuffix: "amazonaws.com" };
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { id: accountId, accountId, userId: "offline", arn: `arn:aws:iam::${accountId}:root` };
    case "aws:route53/getZone:getZone":
      return { ...inputs, id: "ZONE", zoneId: "ZONE" };
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      return { ...inputs, id: "policy", json: policyDocument(inputs) };
    default:
      return inputs;
  }
}

const statementsSchema = z.object({
  statements: z
    .array(
      z.object({
        sid: z.string().optional(),
        effect: z.string().default("Allow"),
        actions: z.array(z.string()).optional(),
        resources: z.array(z.string()).optional(),
        principals: z.array(z.object({ type: z.string(), identifiers: z.array(z.string()) })).default([]),
        conditions: z
          .array(z.object({ test: z.string(), variable: z.string(), values: z.array(z.string()) }))
          .nullish(),
      }),
    )
    .default([]),
});

/** As the provider renders it: one JSON document in IAM's own notation. */
function policyDocument(inputs: Record<string, unknown>): string {
  const Statement = statementsSchema.parse(inputs).statements.map((statement) => {
    const { sid, effect, actions, resources, principals, conditions } = statement;
    const Condition: Record<string, Record<string, string | string[]>> = {};
    for (const { test, variable, values } of conditions ?? []) {
      (Condition[test] ??= {})[variable] = values.length === 1 ? (values[0] ?? "") : values;
    }
    const everybody = principals.some(({ type }) => type === "*");
    const byType = Object.fromEntries(principals.map(({ type, identifiers }) => [type, identifiers]));
    return {
      ...(sid === undefined ? {} : { Sid: sid }),
      Effect: effect.charAt(0).toUpperCase() + effect.slice(1),
      ...(principals.length === 0 ? {} : { Principal: everybody ? "*" : byType }),
      Action: actions,
      Resource: resources,
      ...(conditions?.length ? { Condition } : {}),
    };
  });
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
