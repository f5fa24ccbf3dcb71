// The rules that every resource of a deployed stage keeps, each with a breach planted to prove that it is seen.
// Ids are those of checkov (CKV), cdk-nag (AwsSolutions) and this project (MEDIA).
import * as z from "zod";
import {
  at,
  definitionOf,
  functionsOf,
  ofType,
  resource,
  roleStatements,
  statements,
  triggersOf,
  type Graph,
  type GraphResource,
} from "../support/resource-graph.ts";

export interface Rule {
  ids: string[];
  /** What is promised. */
  says: string;
  /** The resources that break it, in words. */
  breaches(graph: Graph): string[];
  /** Breaks it, in a copy. */
  plant(graph: Graph): void;
  /** Where only production keeps it. */
  productionOnly?: true;
}

const LAMBDA = "aws:lambda/function:Function";
const TABLE = "aws:dynamodb/table:Table";
const BUCKET = "aws:s3/bucket:Bucket";
const MACHINE = "aws:sfn/stateMachine:StateMachine";
const API = "aws:apigatewayv2/api:Api";
const STAGE = "aws:apigatewayv2/stage:Stage";
const ROUTE = "aws:apigatewayv2/route:Route";
const AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer";
const QUEUE = "aws:sqs/queue:Queue";
const ROLE = "aws:iam/role:Role";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";

/** The rule "each resource of this type satisfies this". */
function each(type: string, holds: (it: GraphResource, graph: Graph) => boolean) {
  return (graph: Graph) => {
    const all = ofType(graph, type);
    return all.length === 0 ? [`There is no ${type}.`] : all.filter((it) => !holds(it, graph)).map(({ name }) => name);
  };
}

/** The breach "the first resource of this type has this at this place". */
function spoil(type: string, path: string, value: unknown) {
  return (graph: Graph) => {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const [first] = ofType(graph, type);
    const holder = keys.reduce<Record<string, unknown>>((it, key) => {
      const next = it[key];
      if (typeof next === "object" && next !== null) return next as Record<string, unknown>;
      const made = {};
      it[key] = made;
      return made;
    }, first?.inputs ?? {});
    holder[last] = value;
  };
}

function remove(graph: Graph, type: string): void {
  graph.resources = graph.resources.filter((it) => it.type !== type);
}

/** Whether something of this type belongs to the bucket, the queue ... by what its inputs name. */
function has(graph: Graph, type: string, key: string, value: unknown): GraphResource | undefined {
  return ofType(graph, type).find((it) => it.inputs[key] === value);
}

/** AWS accepts no resource but `*` for these (service authorization reference, "Resource types": none). */
const STAR_ONLY: Record<string, string> = {
  "xray:PutTraceSegments": "X-Ray has no resources for traces",
  "xray:PutTelemetryRecords": "X-Ray has no resources for traces",
  "xray:GetSamplingRules": "X-Ray has no resources for traces",
  "xray:GetSamplingTargets": "X-Ray has no resources for traces",
  "logs:CreateLogDelivery": "vended log delivery has no resources",
  "logs:GetLogDelivery": "vended log delivery has no resources",
  "logs:UpdateLogDelivery": "vended log delivery has no resources",
  "logs:DeleteLogDelivery": "vended log delivery has no resources",
  "logs:ListLogDeliveries": "vended log delivery has no resources",
  "logs:PutResourcePolicy": "resource policies belong to the account",
  "logs:DescribeResourcePolicies": "resource policies belong to the account",
  "logs:DescribeLogGroups": "a list has no resources",
};

const allowed = (role: GraphResource) => roleStatements(role).filter(({ Effect }) => Effect === "Allow");

function grant(graph: Graph, statement: object): void {
  const [role] = ofType(graph, ROLE);
  if (role)
    role.inputs["inlinePolicies"] = [
      { policy: { Statement: [...roleStatements(role), { Effect: "Allow", ...statement }] } },
    ];
}

/** Text that must stay secret, as it stands in the graph: the values of the secrets and of random keys. */
function secretValues(graph: Graph): string[] {
  const values = graph.functions.flatMap(({ links }) =>
    Object.entries(links).flatMap(([name, link]) =>
      /Key$|Secret$/.test(name) ? [z.string().parse(link["value"])] : [],
    ),
  );
  return [...new Set(values)].filter((value) => value !== "");
}

/** A policy that refuses whatever comes without TLS. */
function refusesPlainHttp(policy: unknown): boolean {
  return statements(policy).some(
    ({ Effect, Condition, Principal }) =>
      Effect === "Deny" &&
      Principal === "*" &&
      JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
  );
}

const asyncFunctions = (graph: Graph) =>
  functionsOf(graph).filter((fn) => triggersOf(graph, fn).some((trigger) => /^(event|schedule)/.test(trigger)));

const routeLimits = z.array(
  z.object({
    routeKey: z.string(),
    throttlingRateLimit: z.number().positive(),
    throttlingBurstLimit: z.number().positive(),
  }),
);

export const RULES: Rule[] = [
  // Functions
  {
    ids: ["AwsSolutions-L1", "MEDIA-RUNTIME"],
    says: "every function runs on Node 24 and arm64",
    breaches: each(LAMBDA, (it) => at(it, "runtime") === "nodejs24.x" && String(at(it, "architectures")) === "arm64"),
    plant: spoil(LAMBDA, "runtime", "nodejs20.x"),
  },
  {
    ids: ["CKV_AWS_50"],
    says: "every function is traced",
    breaches: each(LAMBDA, (it) => at(it, "tracingConfig.mode") === "Active"),
    plant: spoil(LAMBDA, "tracingConfig.mode", "PassThrough"),
  },
  {
    ids: ["CKV_AWS_115"],
    says: "where money is spent, only so many run at once",
    breaches: (graph) =>
      functionsOf(graph)
        .filter(({ name }) => name === "submit-generation")
        .filter(({ lambda }) => !(Number(at(lambda, "reservedConcurrentExecutions")) > 0))
        .map(({ name }) => name),
    plant: (graph) => {
      for (const it of ofType(graph, LAMBDA)) it.inputs["reservedConcurrentExecutions"] = undefined;
    },
  },
  {
    ids: ["CKV_AWS_116", "AwsSolutions-SQS3", "MEDIA-DEAD-LETTERS"],
    says: "an asynchronous invocation goes to a queue when it fails for good",
    breaches: (graph) =>
      asyncFunctions(graph)
        .filter(({ lambda }) => {
          const config = has(
            graph,
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            "functionName",
            lambda.inputs["name"],
          );
          return !config || !String(at(config, "destinationConfig.onFailure.destination")).startsWith("arn:aws:sqs:");
        })
        .map(({ name }) => name),
    plant: (graph) => remove(graph, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"),
  },
  {
    ids: ["MEDIA-DEAD-LETTERS-DELIVERY"],
    says: "an event that the bus cannot deliver waits in a queue that takes it",
    breaches: each("aws:cloudwatch/eventTarget:EventTarget", (target, graph) => {
      const queue = String(at(target, "deadLetterConfig.arn"));
      const policies = ofType(graph, "aws:sqs/queuePolicy:QueuePolicy").flatMap((it) =>
        statements(it.inputs["policy"]),
      );
      return policies.some(
        ({ Effect, Resource, Principal, Condition }) =>
          Effect === "Allow" &&
          Resource.includes(queue) &&
          JSON.stringify(Principal).includes("events.amazonaws.com") &&
          JSON.stringify(Condition).includes("aws:SourceArn"),
      );
    }),
    plant: (graph) => {
      for (const it of ofType(graph, "aws:sqs/queuePolicy:QueuePolicy")) it.inputs["policy"] = { Statement: [] };
    },
  },
  {
    ids: ["MEDIA-DEAD-LETTERS-SCHEDULE"],
    says: "a schedule that cannot be delivered waits in a queue",
    breaches: each("aws:scheduler/schedule:Schedule", (it) =>
      String(at(it, "target.deadLetterConfig.arn")).startsWith("arn:aws:sqs:"),
    ),
    plant: spoil("aws:scheduler/schedule:Schedule", "target.deadLetterConfig", undefined),
  },
  {
    ids: ["CKV_AWS_45", "MEDIA-SECRETS"],
    says: "no secret stands in an environment",
    breaches: (graph) =>
      functionsOf(graph).flatMap(({ name, environment }) =>
        Object.entries(environment)
          .filter(([, value]) => secretValues(graph).some((secret) => value.includes(secret)))
          .map(([variable]) => `${name}: ${variable}`),
      ),
    plant: (graph) => spoil(LAMBDA, "environment.variables.FAL_KEY", secretValues(graph)[0])(graph),
  },
  {
    ids: ["MEDIA-PRODUCTION"],
    says: "nothing deployed runs in test mode or trusts private addresses",
    breaches: each(LAMBDA, (it) => at(it, "environment.variables.NODE_ENV") === "production"),
    plant: spoil(LAMBDA, "environment.variables.NODE_ENV", "development"),
  },
  {
    ids: ["MEDIA-LIMITS"],
    says: "a function behind the API ends before the gateway gives up, and a step when its state does",
    breaches: (graph) => {
      const { States } = definitionOf(graph);
      const bySeconds = Object.values(States).map(
        ({ Resource, TimeoutSeconds }) => [Resource, TimeoutSeconds] as const,
      );
      return functionsOf(graph)
        .filter((fn) => {
          const timeout = Number(at(fn.lambda, "timeout"));
          const state = bySeconds.find(([arn]) => arn === fn.arn);
          if (state) return timeout !== state[1];
          return fn.handler.startsWith("functions/api/") && timeout >= 30;
        })
        .map(({ name }) => name);
    },
    plant: spoil(LAMBDA, "timeout", 900),
  },
  {
    ids: ["MEDIA-NATIVE"],
    says: "sharp is installed beside the two functions that look at pictures and nowhere else",
    breaches: (graph) =>
      graph.functions
        .filter(({ handler, properties }) => {
          const installed = Object.keys(
            z.record(z.string(), z.string()).catch({}).parse(properties?.["install"]),
          ).join();
          return installed !== (/submit-generation|check-upload/.test(handler) ? "sharp" : "");
        })
        .map(({ handler }) => handler),
    plant: (graph) => {
      for (const it of graph.functions) it.properties = { install: { sharp: "*" } };
    },
  },

  // Who may do what
  {
    ids: ["CKV_AWS_62", "CKV_AWS_63", "AwsSolutions-IAM5"],
    says: "no role may do `*`, not even of one service",
    breaches: each(ROLE, (role) =>
      allowed(role).every(({ Action }) => Action.every((action) => !action.includes("*"))),
    ),
    plant: (graph) =>
      grant(graph, { Action: "dynamodb:*", Resource: "arn:aws:dynamodb:us-east-1:123456789012:table/x" }),
  },
  {
    ids: ["CKV_AWS_355", "AwsSolutions-IAM5"],
    says: "no role may act on `*`, but where AWS accepts nothing else",
    breaches: each(ROLE, (role) =>
      allowed(role).every(
        ({ Action, Resource }) => !Resource.includes("*") || Action.every((action) => action in STAR_ONLY),
      ),
    ),
    plant: (graph) => grant(graph, { Action: "s3:GetObject", Resource: "*" }),
  },
  {
    ids: ["AwsSolutions-IAM4"],
    says: "no role has one of AWS's own policies",
    breaches: each(ROLE, (role) => z.array(z.string()).catch([]).parse(role.inputs["managedPolicyArns"]).length === 0),
    plant: spoil(ROLE, "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
  },
  {
    ids: ["CKV_AWS_60", "CKV_AWS_61"],
    says: "a role is assumed by one AWS service, never by accounts",
    breaches: each(ROLE, (role) =>
      statements(role.inputs["assumeRolePolicy"]).every(({ Principal }) =>
        /^\{"Service":(\["[a-z]+\.amazonaws\.com"\]|"[a-z]+\.amazonaws\.com")\}$/.test(JSON.stringify(Principal)),
      ),
    ),
    plant: spoil(ROLE, "assumeRolePolicy", {
      Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: "arn:aws:iam::123456789012:root" } }],
    }),
  },
  {
    ids: ["MEDIA-WORKFLOW-ROLE"],
    says: "the state machine may call its four functions and nothing else",
    breaches: (graph) => {
      const machine = resource(graph, MACHINE);
      const roleName = String(machine.inputs["roleArn"]).replace(/^.*\//, "");
      const role = ofType(graph, ROLE).find((it) => it.inputs["name"] === roleName);
      const callable = role
        ? allowed(role).flatMap((it) => (it.Action.includes("lambda:InvokeFunction") ? it.Resource : []))
        : [];
      const called = [...new Set(Object.values(definitionOf(graph).States).flatMap(({ Resource }) => Resource ?? []))];
      return JSON.stringify(callable.toSorted()) === JSON.stringify(called.toSorted()) && called.length === 4
        ? []
        : [callable.join(", ")];
    },
    plant: (graph) => {
      const role = resource(graph, ROLE, "GenerationRole");
      role.inputs["inlinePolicies"] = [
        {
          policy: {
            Statement: [
              {
                Effect: "Allow",
                Action: "lambda:InvokeFunction",
                Resource: "arn:aws:lambda:us-east-1:123456789012:function:*",
              },
            ],
          },
        },
      ];
    },
  },
  {
    ids: ["CKV_AWS_301"],
    says: "a function can be called by one service, for one source",
    breaches: each(
      "aws:lambda/permission:Permission",
      (it) =>
        /^(apigateway|events)\.amazonaws\.com$/.test(String(at(it, "principal"))) &&
        /^arn:aws:/.test(String(at(it, "sourceArn"))),
    ),
    plant: spoil("aws:lambda/permission:Permission", "principal", "*"),
  },

  // The API
  {
    ids: ["CKV_AWS_309", "AwsSolutions-APIG4"],
    says: "a route that asks for no token and no key is one of those that carry their own proof, or tell nothing",
    breaches: each(ROUTE, (it, graph) => {
      const [authorizer] = ofType(graph, AUTHORIZER);
      const type = at(authorizer ?? it, "authorizerType") === "JWT" ? "JWT" : "CUSTOM";
      const asks = at(it, "authorizationType") === type && typeof at(it, "authorizerId") === "string";
      return asks || OPEN_ROUTES.includes(String(at(it, "routeKey")));
    }),
    plant: (graph) => {
      for (const it of ofType(graph, ROUTE)) it.inputs["authorizationType"] = "NONE";
    },
  },
  {
    ids: ["MEDIA-JWT"],
    says: "tokens are of the issuer and the audience that were named; where there are keys, the function that judges both is asked, by the bearer alone, and its answer kept for less than the minute within which a revocation holds",
    breaches: each(AUTHORIZER, (it) =>
      at(it, "authorizerType") === "REQUEST"
        ? /function:[\w-]+-authorize-caller\//.test(String(at(it, "authorizerUri"))) &&
          String(at(it, "identitySources")) === "$request.header.Authorization" &&
          Number(at(it, "authorizerResultTtlInSeconds")) < 60
        : at(it, "authorizerType") === "JWT" &&
          String(at(it, "jwtConfiguration.issuer")).startsWith("https://") &&
          String(at(it, "jwtConfiguration.audiences")) !== "",
    ),
    plant: spoil(AUTHORIZER, "jwtConfiguration.audiences", []),
  },
  {
    ids: ["MEDIA-CORS"],
    says: "pages of other origins are let in by name only",
    breaches: each(API, (it) => {
      const cors = z
        .object({ allowOrigins: z.array(z.string()).default([]) })
        .parse(it.inputs["corsConfiguration"] ?? {});
      return cors.allowOrigins.every((origin) => /^https?:\/\/[^*]+$/.test(origin));
    }),
    plant: spoil(API, "corsConfiguration", { allowOrigins: ["*"] }),
  },
  {
    ids: ["CKV_AWS_95", "AwsSolutions-APIG1"],
    says: "every request is logged, without its path: an image's path is its key",
    breaches: each(STAGE, (it) => {
      const format = String(at(it, "accessLogSettings.format"));
      return (
        String(at(it, "accessLogSettings.destinationArn")).startsWith("arn:aws:logs:") &&
        !/context\.(path|http.*[pP]ath)/.test(format)
      );
    }),
    plant: spoil(STAGE, "accessLogSettings.format", "$context.path"),
  },
  {
    ids: ["MEDIA-THROTTLE"],
    says: "the stage is throttled, and every route has its own limit",
    breaches: (graph) => {
      const stage = resource(graph, STAGE);
      const limits = routeLimits.catch([]).parse(at(stage, "routeSettings"));
      const routes = ofType(graph, ROUTE).map((it) => String(at(it, "routeKey")));
      const free = routes.filter((route) => !limits.some(({ routeKey }) => routeKey === route));
      return Number(at(stage, "defaultRouteSettings.throttlingRateLimit")) > 0 ? free : [stage.name, ...free];
    },
    plant: spoil(STAGE, "routeSettings", []),
  },
  {
    ids: ["MEDIA-THROTTLE-ORDER"],
    says: "the stage comes after its routes: API Gateway refuses limits for a route that it does not know",
    breaches: (graph) => {
      const { dependsOn } = resource(graph, STAGE);
      return ofType(graph, ROUTE)
        .map(({ name }) => name)
        .filter((name) => !dependsOn.some((it) => it.endsWith(`::${name}`)));
    },
    plant: (graph) => {
      resource(graph, STAGE).dependsOn = [];
    },
  },

  // The table
  {
    ids: ["CKV_AWS_28", "AwsSolutions-DDB3"],
    says: "the table can be put back to any second of the last 35 days",
    breaches: each(TABLE, (it) => at(it, "pointInTimeRecovery.enabled") === true),
    plant: spoil(TABLE, "pointInTimeRecovery.enabled", false),
  },
  {
    ids: ["MEDIA-TABLE"],
    says: "the table expires what may vanish, and knows what is open by a sparse index",
    breaches: each(
      TABLE,
      (it) =>
        at(it, "ttl.enabled") === true &&
        at(it, "ttl.attributeName") === "expiresAt" &&
        at(it, "billingMode") === "PAY_PER_REQUEST" &&
        at(it, "globalSecondaryIndexes.0.name") === "sweep" &&
        at(it, "globalSecondaryIndexes.0.projectionType") === "KEYS_ONLY",
    ),
    plant: spoil(TABLE, "ttl.enabled", false),
  },
  {
    ids: ["MEDIA-KEEP-TABLE"],
    says: "production's table cannot be deleted, by a deploy or by hand",
    breaches: each(TABLE, (it) => at(it, "deletionProtectionEnabled") === true && it.retainOnDelete === true),
    plant: spoil(TABLE, "deletionProtectionEnabled", false),
    productionOnly: true,
  },

  // The files
  {
    ids: ["CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6"],
    says: "no bucket can be made public",
    breaches: each(BUCKET, (bucket, graph) => {
      const block = has(
        graph,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "bucket",
        bucket.inputs["bucket"],
      );
      return ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].every(
        (key) => block?.inputs[key] === true,
      );
    }),
    plant: spoil("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicPolicy", false),
  },
  {
    ids: ["CKV_AWS_70", "MEDIA-BUCKET-POLICY"],
    says: "no bucket policy admits a stranger",
    breaches: each("aws:s3/bucketPolicy:BucketPolicy", (it) =>
      statements(it.inputs["policy"]).every(({ Effect }) => Effect === "Deny"),
    ),
    plant: spoil("aws:s3/bucketPolicy:BucketPolicy", "policy", {
      Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*", Principal: "*" }],
    }),
  },
  {
    ids: ["AwsSolutions-S10"],
    says: "a bucket speaks TLS only",
    breaches: each(BUCKET, (bucket, graph) => {
      const policy = has(graph, "aws:s3/bucketPolicy:BucketPolicy", "bucket", bucket.inputs["bucket"]);
      return policy !== undefined && refusesPlainHttp(policy.inputs["policy"]);
    }),
    plant: (graph) => remove(graph, "aws:s3/bucketPolicy:BucketPolicy"),
  },
  {
    ids: ["CKV_AWS_19"],
    says: "a bucket is encrypted, and says so",
    breaches: each(BUCKET, (bucket, graph) => {
      const type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
      const rules = has(graph, type, "bucket", bucket.inputs["bucket"])?.inputs["rules"];
      return JSON.stringify(rules ?? "").includes('"sseAlgorithm":"AES256"');
    }),
    plant: (graph) =>
      remove(graph, "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"),
  },
  {
    ids: ["CKV2_AWS_65"],
    says: "a bucket knows no ACLs: its policy and its roles are all there is",
    breaches: each(BUCKET, (bucket, graph) => {
      const controls = has(
        graph,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "bucket",
        bucket.inputs["bucket"],
      );
      return controls !== undefined && at(controls, "rule.objectOwnership") === "BucketOwnerEnforced";
    }),
    plant: spoil("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "rule.objectOwnership", "ObjectWriter"),
  },
  {
    ids: ["CKV_AWS_300", "CKV2_AWS_61"],
    says: "a copy that was broken off is cleared away",
    breaches: each(BUCKET, (bucket, graph) => {
      const type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
      const rules = has(graph, type, "bucket", bucket.inputs["bucket"])?.inputs["rules"];
      return /"abortIncompleteMultipartUpload":\{"daysAfterInitiation":[1-7]\}/.test(JSON.stringify(rules ?? ""));
    }),
    plant: spoil("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules", []),
  },
  {
    ids: ["CKV_AWS_21", "MEDIA-KEEP-FILES"],
    says: "production's files are kept: versions of what is replaced or deleted, and the bucket itself",
    breaches: each(BUCKET, (bucket, graph) => {
      const versioning = has(graph, "aws:s3/bucketVersioning:BucketVersioning", "bucket", bucket.inputs["bucket"]);
      const versioned = versioning !== undefined && at(versioning, "versioningConfiguration.status") === "Enabled";
      return versioned && bucket.inputs["forceDestroy"] === false && bucket.retainOnDelete === true;
    }),
    plant: spoil(BUCKET, "forceDestroy", true),
    productionOnly: true,
  },

  // The workflow
  {
    ids: ["CKV_AWS_285", "AwsSolutions-SF1"],
    says: "every transition of a workflow is logged, and nothing of what it carries",
    breaches: each(
      MACHINE,
      (it) =>
        at(it, "loggingConfiguration.level") === "ALL" &&
        at(it, "loggingConfiguration.includeExecutionData") === false &&
        /:log-group:.*:\*$/.test(String(at(it, "loggingConfiguration.logDestination"))),
    ),
    plant: spoil(MACHINE, "loggingConfiguration.includeExecutionData", true),
  },
  {
    ids: ["CKV_AWS_284", "AwsSolutions-SF2"],
    says: "workflows are traced",
    breaches: each(MACHINE, (it) => at(it, "tracingConfiguration.enabled") === true),
    plant: spoil(MACHINE, "tracingConfiguration.enabled", false),
  },
  {
    ids: ["MEDIA-STANDARD"],
    says: "a workflow may last for hours: it is of the standard kind",
    breaches: each(MACHINE, (it) => at(it, "type") === "STANDARD"),
    plant: spoil(MACHINE, "type", "EXPRESS"),
  },

  // Queues, topics, logs
  {
    ids: ["CKV_AWS_27"],
    says: "queues are encrypted and keep what failed for 14 days",
    breaches: each(
      QUEUE,
      (it) => it.inputs["sqsManagedSseEnabled"] === true && it.inputs["messageRetentionSeconds"] === 1_209_600,
    ),
    plant: spoil(QUEUE, "sqsManagedSseEnabled", false),
  },
  {
    ids: ["AwsSolutions-SQS4"],
    says: "queues speak TLS only",
    breaches: each(QUEUE, (queue, graph) =>
      ofType(graph, "aws:sqs/queuePolicy:QueuePolicy").some(
        (it) =>
          String(it.inputs["queueUrl"]).endsWith(`/${String(queue.inputs["name"])}`) &&
          refusesPlainHttp(it.inputs["policy"]),
      ),
    ),
    plant: (graph) => remove(graph, "aws:sqs/queuePolicy:QueuePolicy"),
  },
  {
    ids: ["AwsSolutions-SNS3"],
    says: "topics speak TLS only",
    breaches: each("aws:sns/topicPolicy:TopicPolicy", (it) => refusesPlainHttp(it.inputs["policy"])),
    plant: spoil("aws:sns/topicPolicy:TopicPolicy", "policy", { Statement: [] }),
  },
  {
    ids: ["CKV_AWS_66"],
    says: "logs end: after 90 days, or three months",
    breaches: each("aws:cloudwatch/logGroup:LogGroup", (it) => it.inputs["retentionInDays"] === 90),
    plant: spoil("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 0),
  },
  {
    ids: ["MEDIA-LOG-EACH"],
    says: "every function writes to a log of its own, as JSON",
    breaches: each(
      LAMBDA,
      (it, graph) =>
        has(graph, "aws:cloudwatch/logGroup:LogGroup", "name", at(it, "loggingConfig.logGroup")) !== undefined &&
        at(it, "loggingConfig.logFormat") === "JSON",
    ),
    plant: spoil(LAMBDA, "loggingConfig.logGroup", "/aws/lambda/another"),
  },

  // Alarms
  {
    ids: ["MEDIA-ALARM-ACTION"],
    says: "an alarm notifies the operator, when it begins and when it ends",
    breaches: each(ALARM, (it) =>
      [it.inputs["alarmActions"], it.inputs["okActions"]].every((topic) => /^arn:aws:sns:/.test(String(topic))),
    ),
    plant: spoil(ALARM, "alarmActions", []),
  },
  {
    ids: ["MEDIA-ALARM-WORDS"],
    says: "an alarm says what its failure does to a person, and where to read on",
    breaches: each(ALARM, (it) => {
      const words = String(it.inputs["alarmDescription"]);
      return /\b(people|person)\b/i.test(words) && /docs\/runbook\.md#[a-z]+$/.test(words) && words.length <= 1024;
    }),
    plant: spoil(ALARM, "alarmDescription", "Errors > 3"),
  },
  {
    ids: ["MEDIA-ALARM-COVERAGE"],
    says: "each step, the sweeper, each dead-letter queue, the API, the workflow and the table have an alarm",
    breaches: (graph) => {
      const watched = JSON.stringify(ofType(graph, ALARM).map((it) => it.inputs["metricQueries"]));
      const things = [
        ...functionsOf(graph)
          .filter(({ handler }) => /workflow\/|sweep/.test(handler))
          .map(({ lambda }) => `"FunctionName":"${String(lambda.inputs["name"])}"`),
        ...ofType(graph, QUEUE).map((it) => `"QueueName":"${String(it.inputs["name"])}"`),
        ...ofType(graph, TABLE).map((it) => `"TableName":"${String(it.inputs["name"])}"`),
        '"ApiId":',
        '"StateMachineArn":',
      ];
      return things.filter((thing) => !watched.includes(thing));
    },
    plant: (graph) => {
      graph.resources = graph.resources.filter((it) => it.name !== "FinalizeErrorsAlarm");
    },
  },
  {
    ids: ["MEDIA-ALARM-FRESH"],
    says: "no alarm rings right after the first deploy, when there is no data yet",
    breaches: each(ALARM, (it) => ["missing", "notBreaching"].includes(String(it.inputs["treatMissingData"]))),
    plant: spoil(ALARM, "treatMissingData", "breaching"),
  },
  {
    ids: ["MEDIA-ALARM-INDEX"],
    says: "throttling of the sweep index is noticed: DynamoDB counts it apart from its table's",
    breaches: (graph) => {
      const [table] = ofType(graph, TABLE);
      const dimensions = `{"GlobalSecondaryIndexName":"sweep","TableName":"${String(table?.inputs["name"])}"}`;
      const watched = JSON.stringify(ofType(graph, ALARM).map((it) => it.inputs["metricQueries"]));
      return ["ReadThrottleEvents", "WriteThrottleEvents"].filter(
        (metric) => !watched.includes(`"dimensions":${dimensions},"metricName":"${metric}"`),
      );
    },
    plant: (graph) => {
      graph.resources = graph.resources.filter((it) => it.name !== "SweepIndexThrottledAlarm");
    },
  },
  {
    ids: ["MEDIA-ALARM-SILENCE"],
    says: "a sweeper that does not run at all is noticed",
    breaches: (graph) =>
      ofType(graph, ALARM).some(
        (it) =>
          it.inputs["treatMissingData"] === "missing" &&
          [it.inputs["insufficientDataActions"]].flat().some((topic) => /^arn:aws:sns:/.test(String(topic))) &&
          JSON.stringify(it.inputs["metricQueries"]).includes("sweep-generations"),
      )
        ? []
        : ["Nothing watches the sweeper's silence."],
    plant: (graph) => {
      for (const it of ofType(graph, ALARM)) it.inputs["treatMissingData"] = "notBreaching";
    },
  },
];

/**
 * The sources' route has a random part, the webhook's a proof and a signature, the functions of /v1 and of /mcp judge their callers
 * themselves, the others tell what is public.
 */
const OPEN_ROUTES = [
  "POST /mcp",
  "GET /mcp",
  "DELETE /mcp",
  "POST /v1/videos",
  "GET /v1/videos",
  "GET /v1/videos/{id}",
  "GET /v1/videos/{id}/content",
  "DELETE /v1/videos/{id}",
  "POST /webhooks/fal/{token}",
  "GET /sources/{name}",
  "GET /openapi.json",
  "GET /llms.txt",
  "GET /health",
  "GET /api/pricing",
  "GET /api/models",
  "GET /",
  "GET /docs",
  "GET /client.js",
  "GET /assets/{name}",
  "HEAD /",
  "HEAD /health",
  "HEAD /sources/{name}",
];

/** Rules of the same collections that we do not keep, and why. */
export const SKIPPED: Record<string, string> = {
  CKV_AWS_117:
    "Functions in a VPC would need a NAT gateway (from $32 a month at rest) to reach fal, and no resource of ours is in one.",
  CKV_AWS_173:
    "The environment holds no secret: links are encrypted inside the bundle, and Lambda encrypts the rest with its own key.",
  CKV_AWS_272:
    "Code signing needs a signing profile in the account; the bundle's bucket is written by the deployer alone.",
  CKV_AWS_119:
    "A key of one's own for the table costs $1 a month and a KMS call per read; DynamoDB encrypts with its own key.",
  CKV_AWS_145: "The same for the bucket: SSE-S3 keeps a presigned link working without KMS grants.",
  CKV_AWS_18: "Every read of a file is by a link that a logged request was given; a second log would say the same.",
  CKV_AWS_144: "A video can be made again for less than its replica in another region costs over its life.",
  CKV_AWS_158: "Logs hold ids and outcomes, no prompt, link or secret; CloudWatch encrypts them with its own key.",
  CKV_AWS_338:
    "Three months answer every question about a generation that lives for an hour; a year would keep callers' addresses for longer than needed.",
  CKV_AWS_26:
    "CloudWatch cannot publish to a topic that is encrypted with the AWS managed key; alarms say nothing of a person.",
  CKV_AWS_297: "The schedule's input is an empty object.",
  "AwsSolutions-APIG3":
    "AWS WAF does not attach to HTTP APIs (it does to CloudFront in front of one); limits are set per route instead.",
};
