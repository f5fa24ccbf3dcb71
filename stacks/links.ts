// What each link of the blueprint allows: the exact IAM actions, where SST's own links would grant `dynamodb:*` or `s3:*`.
import type { RandomPassword } from "@pulumi/random";
import { MEDIA_TABLE } from "./blueprint/tables.ts";
import type { Link } from "./blueprint/function-plan.ts";
import type { Sources } from "./settings.ts";

export interface LinkTargets {
  table: sst.aws.Dynamo;
  files: sst.aws.Bucket;
  bus: sst.aws.Bus;
  falKey: sst.Secret;
  falAdminKey: sst.Secret;
  workflowAiKey: sst.Secret;
  webhookSecret: RandomPassword;
  cursorSecret: RandomPassword;
  /** Where pictures are watched for, if anywhere. */
  sources: Sources | undefined;
  sealSecret: RandomPassword;
}

/** The state machine needs its functions and they need it: they know it by the name that it will have. */
export function stateMachineName(): string {
  return `${$app.name}-${$app.stage}-generation`;
}

/** As it goes into a function's `link`: the resource under its name, with these actions and no others. */
export function linksOf(wanted: readonly Link[], targets: LinkTargets) {
  const { table, files, bus, falKey, falAdminKey, workflowAiKey, webhookSecret, cursorSecret, sealSecret } = targets;
  const { sources: watched } = targets;
  const region = aws.getRegionOutput().region;
  const account = aws.getCallerIdentityOutput().accountId;
  const machine = $interpolate`arn:aws:states:${region}:${account}:stateMachine:${stateMachineName()}`;
  const executions = $interpolate`arn:aws:states:${region}:${account}:execution:${stateMachineName()}:*`;

  const videos = $interpolate`${files.arn}/videos/*`;
  const sources = $interpolate`${files.arn}/sources/*`;
  const uploads = $interpolate`${files.arn}/uploads/*`;

  const watchedKeys = `arn:aws:s3:::${watched?.bucket ?? ""}/${watched?.prefix ?? ""}*`;
  const media = { urn: table.urn, properties: { name: table.name } };
  const generation = { urn: "sst:Linkable::Generation", properties: { arn: machine } };
  const mediaFiles = { urn: files.urn, properties: { name: files.name } };
  const events = { urn: bus.urn, properties: { name: bus.name } };
  const secret = (of: sst.Secret) => ({ urn: of.urn, properties: { value: of.value } });
  const drawn = (of: RandomPassword) => ({ urn: of.urn, properties: { value: of.result } });

  const links: Record<Link, [resource: Linked, ...may: [actions: string[], on: $util.Input<string>[]][]]> = {
    "Media.get": [media, [["dynamodb:GetItem"], [table.arn]]],
    "Media.list": [media, [["dynamodb:Query"], [table.arn]]],
    "Media.put": [media, [["dynamodb:PutItem"], [table.arn]]],
    "Media.update": [media, [["dynamodb:UpdateItem"], [table.arn]]],
    "Media.due": [media, [["dynamodb:Query"], [$interpolate`${table.arn}/index/${MEDIA_TABLE.sweepIndex.name}`]]],
    "Media.scan": [media, [["dynamodb:Scan"], [table.arn]]],
    "Generation.start": [generation, [["states:StartExecution"], [machine]]],
    "Generation.describe": [generation, [["states:DescribeExecution"], [executions]]],
    "Bus.publish": [events, [["events:PutEvents"], [bus.arn]]],
    // A presigned link can do what the function that signed it may do.
    "MediaFiles.link": [mediaFiles, [["s3:GetObject"], [videos, sources]]],
    "MediaFiles.linkSource": [mediaFiles, [["s3:GetObject"], [sources]]],
    // S3 answers 404 only to a role that may list; without it a missing image would be our error, not an answer.
    "MediaFiles.serveSource": [mediaFiles, [["s3:GetObject"], [sources]], [["s3:ListBucket"], [files.arn]]],
    "MediaFiles.keepSource": [mediaFiles, [["s3:PutObject"], [sources]]],
    "MediaFiles.keepVideo": [mediaFiles, [["s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"], [videos]]],
    // The presigned place of a caller's own picture.
    "MediaFiles.takeUpload": [mediaFiles, [["s3:PutObject"], [uploads]]],
    "MediaFiles.readUpload": [mediaFiles, [["s3:GetObject"], [uploads]], [["s3:ListBucket"], [files.arn]]],
    "Sources.read": [
      { urn: "sst:Linkable::Sources", properties: { prefix: watched?.prefix ?? "" } },
      [["s3:GetObject", "s3:GetObjectVersion"], [watchedKeys]],
    ],
    "ApiKeys.add": [media, [["dynamodb:PutItem"], [table.arn]]],
    "ApiKeys.get": [media, [["dynamodb:GetItem"], [table.arn]]],
    "ApiKeys.list": [media, [["dynamodb:Query"], [table.arn]]],
    "ApiKeys.remove": [media, [["dynamodb:DeleteItem"], [table.arn]]],
    "ApiKeys.noteUse": [media, [["dynamodb:UpdateItem"], [table.arn]]],
    "Timings.add": [media, [["dynamodb:PutItem"], [table.arn]]],
    "Timings.list": [media, [["dynamodb:Query"], [table.arn]]],
    WebhookSecret: [drawn(webhookSecret)],
    CursorSecret: [drawn(cursorSecret)],
    SealSecret: [drawn(sealSecret)],
    "Webhooks.delete": [media, [["dynamodb:DeleteItem"], [table.arn]]],
    "MediaFiles.delete": [mediaFiles, [["s3:DeleteObject"], [videos, sources]], [["s3:ListBucket"], [files.arn]]],
    FalKey: [secret(falKey)],
    FalAdminKey: [secret(falAdminKey)],
    WorkflowAiKey: [secret(workflowAiKey)],
  };
  return wanted.map((link) => {
    const [{ urn, properties }, ...may] = links[link];
    const include = may.map(([actions, resources]) => sst.aws.permission({ actions, resources }));
    return { urn, getSSTLink: () => ({ properties, include }) };
  });
}

interface Linked {
  urn: $util.Input<string>;
  properties: Record<string, $util.Input<string>>;
}

/** A function that links one of these the usual way gets its name and no permission: only the blueprint gives permissions. */
export function disarmLinks(): void {
  sst.Linkable.wrap(sst.aws.Dynamo, ({ name }) => ({ properties: { name } }));
  sst.Linkable.wrap(sst.aws.Bucket, ({ name }) => ({ properties: { name } }));
  sst.Linkable.wrap(sst.aws.Bus, ({ name }) => ({ properties: { name } }));
}
