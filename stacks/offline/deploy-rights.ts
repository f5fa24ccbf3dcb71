// The rights that a deploy needs, by the types of resources in its graph: the actions with which Pulumi's AWS provider makes, reads,
// changes, tags and removes one (AWS: "Service Authorization Reference"), and SST's own for its bootstrap.
import * as z from "zod";
import type { Graph } from "./graph.ts";

interface Rights {
  service: string;
  /** Actions of the service, `*` at an end. */
  actions: readonly string[];
  /** Actions of other services that come with it. */
  also?: readonly string[];
}

const TAGS = ["ListTagsForResource", "TagResource", "UntagResource"];
const HTTP = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** CloudWatch Logs delivers the logs of API Gateway and Step Functions (AWS: "Enable logging from AWS services"). */
const DELIVERY = [
  "logs:CreateLogDelivery",
  "logs:GetLogDelivery",
  "logs:UpdateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
];
const PASS = "iam:PassRole";
const gateway: Rights = { service: "apigateway", actions: HTTP };

/** A type that is new in the graph is missing here, and test/stacks/deploy-policy.long.test.ts says so. */
const RIGHTS: Readonly<Record<string, Rights>> = {
  "aws:acm/certificate:Certificate": {
    service: "acm",
    actions: [
      "RequestCertificate",
      "DescribeCertificate",
      "DeleteCertificate",
      "ListTagsForCertificate",
      "AddTagsToCertificate",
      "RemoveTagsFromCertificate",
    ],
  },
  "aws:acm/certificateValidation:CertificateValidation": { service: "acm", actions: ["DescribeCertificate"] },
  "aws:apigatewayv2/api:Api": gateway,
  "aws:apigatewayv2/apiMapping:ApiMapping": gateway,
  "aws:apigatewayv2/authorizer:Authorizer": gateway,
  "aws:apigatewayv2/domainName:DomainName": { ...gateway, also: ["iam:CreateServiceLinkedRole"] },
  "aws:apigatewayv2/integration:Integration": gateway,
  "aws:apigatewayv2/route:Route": gateway,
  "aws:apigatewayv2/stage:Stage": { ...gateway, also: DELIVERY },
  "aws:cloudwatch/dashboard:Dashboard": {
    service: "cloudwatch",
    actions: ["PutDashboard", "GetDashboard", "DeleteDashboards"],
  },
  "aws:cloudwatch/eventBus:EventBus": {
    service: "events",
    actions: ["CreateEventBus", "DescribeEventBus", "UpdateEventBus", "DeleteEventBus", ...TAGS],
  },
  "aws:cloudwatch/eventRule:EventRule": {
    service: "events",
    actions: ["PutRule", "DescribeRule", "EnableRule", "DisableRule", "DeleteRule", ...TAGS],
  },
  "aws:cloudwatch/eventTarget:EventTarget": {
    service: "events",
    actions: ["PutTargets", "ListTargetsByRule", "RemoveTargets"],
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    service: "logs",
    actions: [
      "CreateLogGroup",
      "DescribeLogGroups",
      "PutRetentionPolicy",
      "DeleteRetentionPolicy",
      "DeleteLogGroup",
      ...TAGS,
    ],
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    service: "logs",
    actions: ["PutMetricFilter", "DescribeMetricFilters", "DeleteMetricFilter"],
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    service: "cloudwatch",
    actions: ["PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", ...TAGS],
  },
  "aws:cognito/resourceServer:ResourceServer": {
    service: "cognito-idp",
    actions: ["CreateResourceServer", "DescribeResourceServer", "UpdateResourceServer", "DeleteResourceServer"],
  },
  "aws:cognito/userPool:UserPool": {
    service: "cognito-idp",
    actions: [
      "CreateUserPool",
      "DescribeUserPool",
      "UpdateUserPool",
      "DeleteUserPool",
      "GetUserPoolMfaConfig",
      "SetUserPoolMfaConfig",
      ...TAGS,
    ],
  },
  "aws:cognito/userPoolClient:UserPoolClient": {
    service: "cognito-idp",
    actions: ["CreateUserPoolClient", "DescribeUserPoolClient", "UpdateUserPoolClient", "DeleteUserPoolClient"],
  },
  "aws:cognito/userPoolDomain:UserPoolDomain": {
    service: "cognito-idp",
    actions: ["CreateUserPoolDomain", "DescribeUserPoolDomain", "UpdateUserPoolDomain", "DeleteUserPoolDomain"],
  },
  "aws:dynamodb/table:Table": {
    service: "dynamodb",
    actions: [
      "CreateTable",
      "DescribeTable",
      "UpdateTable",
      "DeleteTable",
      "DescribeTimeToLive",
      "UpdateTimeToLive",
      "DescribeContinuousBackups",
      "UpdateContinuousBackups",
      "ListTagsOfResource",
      "TagResource",
      "UntagResource",
    ],
  },
  "aws:iam/role:Role": {
    service: "iam",
    actions: [
      "CreateRole",
      "GetRole",
      "UpdateRole",
      "UpdateRoleDescription",
      "UpdateAssumeRolePolicy",
      "DeleteRole",
      "PutRolePolicy",
      "GetRolePolicy",
      "DeleteRolePolicy",
      "ListRolePolicies",
      "ListAttachedRolePolicies",
      "AttachRolePolicy",
      "DetachRolePolicy",
      "ListInstanceProfilesForRole",
      "TagRole",
      "UntagRole",
    ],
  },
  "aws:lambda/function:Function": {
    service: "lambda",
    actions: [
      "CreateFunction",
      "GetFunction",
      "GetFunctionConfiguration",
      "GetFunctionCodeSigningConfig",
      "UpdateFunctionCode",
      "UpdateFunctionConfiguration",
      "DeleteFunction",
      "ListVersionsByFunction",
      "PutFunctionConcurrency",
      "GetFunctionConcurrency",
      "DeleteFunctionConcurrency",
      "ListTags",
      "TagResource",
      "UntagResource",
    ],
    also: [PASS],
  },
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {
    service: "lambda",
    actions: [
      "PutFunctionEventInvokeConfig",
      "GetFunctionEventInvokeConfig",
      "UpdateFunctionEventInvokeConfig",
      "DeleteFunctionEventInvokeConfig",
    ],
  },
  "aws:lambda/permission:Permission": {
    service: "lambda",
    actions: ["AddPermission", "GetPolicy", "RemovePermission"],
  },
  "aws:route53/record:Record": {
    service: "route53",
    actions: ["ChangeResourceRecordSets", "ListResourceRecordSets", "GetHostedZone", "GetChange"],
  },
  "aws:s3/bucket:Bucket": {
    service: "s3",
    actions: [
      "CreateBucket",
      "DeleteBucket",
      "ListBucket",
      "ListBucketVersions",
      "GetBucket*",
      "GetAccelerateConfiguration",
      "GetEncryptionConfiguration",
      "GetLifecycleConfiguration",
      "GetReplicationConfiguration",
      "PutBucketTagging",
      "DeleteObject",
      "DeleteObjectVersion",
    ],
  },
  "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": { service: "s3", actions: ["PutBucketCORS"] },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    service: "s3",
    actions: ["PutLifecycleConfiguration"],
  },
  "aws:s3/bucketObjectv2:BucketObjectv2": {
    service: "s3",
    actions: ["PutObject", "GetObject", "GetObjectTagging", "PutObjectTagging", "DeleteObject"],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": { service: "s3", actions: ["PutBucketOwnershipControls"] },
  "aws:s3/bucketPolicy:BucketPolicy": { service: "s3", actions: ["PutBucketPolicy", "DeleteBucketPolicy"] },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": { service: "s3", actions: ["PutBucketPublicAccessBlock"] },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    service: "s3",
    actions: ["PutEncryptionConfiguration"],
  },
  "aws:s3/bucketVersioning:BucketVersioning": { service: "s3", actions: ["PutBucketVersioning"] },
  "aws:scheduler/schedule:Schedule": {
    service: "scheduler",
    actions: ["CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"],
    also: [PASS],
  },
  "aws:sfn/stateMachine:StateMachine": {
    service: "states",
    actions: [
      "CreateStateMachine",
      "DescribeStateMachine",
      "UpdateStateMachine",
      "DeleteStateMachine",
      "ListStateMachineVersions",
      "ValidateStateMachineDefinition",
      ...TAGS,
    ],
    also: [PASS, ...DELIVERY],
  },
  "aws:sns/topic:Topic": {
    service: "sns",
    actions: ["CreateTopic", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic", ...TAGS],
  },
  "aws:sns/topicPolicy:TopicPolicy": { service: "sns", actions: ["GetTopicAttributes", "SetTopicAttributes"] },
  "aws:sns/topicSubscription:TopicSubscription": {
    service: "sns",
    actions: ["Subscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"],
  },
  "aws:sqs/queue:Queue": {
    service: "sqs",
    actions: [
      "CreateQueue",
      "GetQueueAttributes",
      "SetQueueAttributes",
      "DeleteQueue",
      "ListQueueTags",
      "TagQueue",
      "UntagQueue",
    ],
  },
  "aws:sqs/queuePolicy:QueuePolicy": { service: "sqs", actions: ["GetQueueAttributes", "SetQueueAttributes"] },
  // SST's look-up of the zone that a name belongs to.
  "pulumi-nodejs:dynamic:Resource": { service: "route53", actions: ["ListHostedZones"] },
  "random:index/randomBytes:RandomBytes": { service: "random", actions: [] },
  "random:index/randomPassword:RandomPassword": { service: "random", actions: [] },
};

/** SST's own: state and bundles in two buckets, their names and the passphrase in parameters, a repository for images that we have none of. */
const BOOTSTRAP = [
  "ecr:CreateRepository",
  "ecr:DescribeRepositories",
  "s3:CreateBucket",
  "s3:DeleteObject",
  "s3:GetObject",
  "s3:ListBucket",
  "s3:PutBucketNotification",
  "s3:PutBucketPolicy",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutBucketVersioning",
  "s3:PutObject",
  "ssm:AddTagsToResource",
  "ssm:DeleteParameter",
  "ssm:GetParameter",
  "ssm:GetParameters",
  "ssm:GetParametersByPath",
  "ssm:PutParameter",
];
/** stacks/preflight.ts. */
const PREFLIGHT = ["lambda:GetAccountSettings", "lambda:GetFunctionConcurrency"];

/** Resources by service, where their names begin with the application's; the other services name theirs by ids that they draw. */
const NAMED: Readonly<Record<string, (app: string) => string[]>> = {
  cloudwatch: (app) => [`arn:aws:cloudwatch:*:*:alarm:${app}-*`, `arn:aws:cloudwatch::*:dashboard/${app}-*`],
  dynamodb: (app) => [`arn:aws:dynamodb:*:*:table/${app}-*`],
  ecr: () => ["arn:aws:ecr:*:*:repository/sst-asset"],
  // A rule on a bus of ours is named after it first.
  events: (app) => [`arn:aws:events:*:*:event-bus/${app}-*`, `arn:aws:events:*:*:rule/${app}-*`],
  iam: (app) => [`arn:aws:iam::*:role/${app}-*`],
  lambda: (app) => [`arn:aws:lambda:*:*:function:${app}-*`],
  logs: (app) => [
    `arn:aws:logs:*:*:log-group:/aws/lambda/${app}-*`,
    `arn:aws:logs:*:*:log-group:/aws/vendedlogs/*/${app}-*`,
  ],
  s3: (app) => [`arn:aws:s3:::${app}-*`, "arn:aws:s3:::sst-asset-*", "arn:aws:s3:::sst-state-*"],
  scheduler: (app) => [`arn:aws:scheduler:*:*:schedule/default/${app}-*`],
  sns: (app) => [`arn:aws:sns:*:*:${app}-*`],
  sqs: (app) => [`arn:aws:sqs:*:*:${app}-*`],
  ssm: () => ["arn:aws:ssm:*:*:parameter/sst/*"],
  states: (app) => [`arn:aws:states:*:*:stateMachine:${app}-*`],
};
/** Know no resource, or one that is not ours (AWS: "Service Authorization Reference"). */
const ON_ALL = new Set([
  ...DELIVERY,
  "logs:DescribeLogGroups",
  "iam:CreateServiceLinkedRole",
  "lambda:GetAccountSettings",
  "states:ValidateStateMachineDefinition",
]);
/** Who may be handed a role of ours. */
const PASSED_TO = ["lambda", "scheduler", "states"].map((service) => `${service}.amazonaws.com`);

export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: { Sid: string; Effect: "Allow"; Action: string[]; Resource: string[]; Condition?: object }[];
}

/**
 * The policy of the role that deploys, changes and removes one of these graphs.
 * @throws Error that names each type of resource whose rights are not known
 */
export function deployPolicy(graphs: readonly Graph[]): PolicyDocument {
  const types = new Set(
    graphs.flatMap(({ resources }) => resources.flatMap(({ type, custom }) => (custom ? [type] : []))),
  );
  const unknown = [...types].filter((type) => RIGHTS[type] === undefined);
  if (unknown.length > 0) throw new Error(`stacks/offline/deploy-rights.ts knows no rights for ${unknown.join(", ")}.`);
  const actions = new Set([...BOOTSTRAP, ...PREFLIGHT]);
  for (const type of types) {
    const { service, actions: own, also = [] } = RIGHTS[type] ?? { service: "", actions: [] };
    for (const action of [...own.map((name) => `${service}:${name}`), ...also]) actions.add(action);
  }
  // SST cuts the application's name short where a physical name would be too long: its first word stays.
  const [app = ""] = graphs.flatMap((graph) => graph.app.name.split("-")[0] ?? []);
  return { Version: "2012-10-17", Statement: statements([...actions].toSorted(), app) };
}

function statements(actions: string[], app: string): PolicyDocument["Statement"] {
  const named = (action: string) => (ON_ALL.has(action) ? undefined : NAMED[action.split(":")[0] ?? ""]?.(app));
  const byPlace = new Map<string, string[]>();
  for (const action of actions.filter((it) => it !== PASS)) {
    const place = JSON.stringify(named(action) ?? ["*"]);
    byPlace.set(place, [...(byPlace.get(place) ?? []), action]);
  }
  const made = [...byPlace].map(([place, of]) => ({
    Sid: place === '["*"]' ? "WithoutNames" : `Our${pascal(of[0]?.split(":")[0] ?? "")}`,
    Effect: "Allow" as const,
    Action: of,
    Resource: z.array(z.string()).parse(JSON.parse(place)),
  }));
  if (!actions.includes(PASS)) return made;
  const pass = { Sid: "OurRolesToServices", Effect: "Allow" as const, Action: [PASS], Resource: named(PASS) ?? ["*"] };
  return [...made, { ...pass, Condition: { StringEquals: { "iam:PassedToService": PASSED_TO } } }];
}

function pascal(service: string): string {
  return service.charAt(0).toUpperCase() + service.slice(1);
}
