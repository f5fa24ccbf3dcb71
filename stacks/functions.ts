// The functions: one per handler of the blueprint, each with its own role, log and limits.
import { functionName, functionPlan, NOT_BUNDLED } from "./blueprint/functions.ts";
import { fullFunctionName } from "./function-names.ts";
import type { Identity } from "./identity.ts";
import { linksOf, type LinkTargets } from "./links.ts";
import type { Settings } from "./settings.ts";

/** Gives the function of a handler, making it when first asked. */
export type Functions = (handler: string, unattended?: Unattended) => sst.aws.Function;

/** For a function that is invoked asynchronously: how often it is tried, how old an event may grow, and where failed ones go. */
interface Unattended {
  retries: number;
  keepSeconds: number;
  deadLetters: $util.Output<string>;
}

export function createFunctions(
  settings: Settings,
  identity: Identity | undefined,
  targets: LinkTargets & { url: $util.Output<string> },
): Functions {
  const made = new Map<string, sst.aws.Function>();
  const environment = {
    ...settings.functionEnvironment,
    // `sst dev` is the development environment, with the test mode on unless FAL_TEST_MODE=off is said. Every other stage is
    // production: its videos are real, and billed.
    ...($dev ? { NODE_ENV: "development", FAL_TEST_MODE: settings.testMode } : { NODE_ENV: "production" }),
    // For the console, whom to send people to, and for our authorizer. With tokens alone the gateway judges them.
    ...(identity && {
      ...identity.environment,
      JWT_ISSUER: identity.issuer,
      JWT_AUDIENCE: $resolve(identity.audiences).apply((all) => all.join()),
    }),
    MEDIA_STORE: $interpolate`s3://${targets.files.name}`,
    PUBLIC_URL: targets.url,
  };

  return (handler, unattended) => {
    const there = made.get(handler);
    if (there) return there;
    const fn = createFunction(handler, { settings, targets, environment, unattended });
    made.set(handler, fn);
    return fn;
  };
}

function createFunction(
  handler: string,
  {
    settings,
    targets,
    environment,
    unattended,
  }: {
    settings: Settings;
    targets: LinkTargets;
    environment: Record<string, $util.Input<string>>;
    unattended: Unattended | undefined;
  },
): sst.aws.Function {
  const plan = functionPlan(handler);
  const id = pascalCase(functionName(handler));
  const log = new aws.cloudwatch.LogGroup(`${id}Log`, { name: functionLogName(handler), retentionInDays: 90 });
  const { reserveConcurrency, install, copy } = plan;

  return new sst.aws.Function(id, {
    handler,
    name: fullFunctionName($app, handler),
    runtime: "nodejs24.x",
    architecture: "arm64",
    memory: `${plan.memoryMb} MB`,
    timeout: `${plan.timeoutSeconds} seconds`,
    environment,
    link: linksOf(plan.links, targets),
    permissions: [
      { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [$interpolate`${log.arn}:*`] },
      // X-Ray knows no resources (AWS: "Actions, resources, and condition keys for AWS X-Ray").
      { actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] },
      ...(unattended ? [{ actions: ["sqs:SendMessage"], resources: [unattended.deadLetters] }] : []),
    ],
    logging: { format: "json", logGroup: log.name },
    ...(reserveConcurrency && settings.submitConcurrency !== undefined
      ? { concurrency: { reserved: settings.submitConcurrency } }
      : {}),
    nodejs: {
      minify: true,
      // What is imported on demand (the S3 client) stays out of a cold start that does not need it.
      splitting: true,
      esbuild: { external: [...NOT_BUNDLED] },
      ...(install ? { install: [...install] } : {}),
    },
    ...(copy ? { copyFiles: copy.map((from) => ({ from })) } : {}),
    ...(unattended ? { retries: unattended.retries } : {}),
    transform: {
      function: { tracingConfig: { mode: "Active" } },
      role: {
        // The statements above take the place of AWSLambdaBasicExecutionRole, which may write to every log of the account.
        managedPolicyArns: [],
        // SST 4.17 lets the whole account assume a function's role, which only `sst dev` needs.
        ...($dev
          ? {}
          : { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }) }),
      },
      ...(unattended
        ? {
            eventInvokeConfig: {
              maximumEventAgeInSeconds: unattended.keepSeconds,
              destinationConfig: { onFailure: { destination: unattended.deadLetters } },
            },
          }
        : {}),
    },
  });
}

/** The log of a function: it outlives the function's replacements, and the runbook can name it. */
export function functionLogName(handler: string): string {
  return `/aws/lambda/${fullFunctionName($app, handler)}`;
}

/** `enhance-media` -> `EnhanceMedia`: how a resource is named within a stage. */
export function pascalCase(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}
