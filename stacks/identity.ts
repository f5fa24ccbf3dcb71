// An identity provider for a stage without one (IDENTITY=cognito): invited people, and machines with a secret.
import type { Settings } from "./settings.ts";

/** Who signs the callers' tokens, and what the functions have to know of it. */
export interface Identity {
  issuer: $util.Input<string>;
  audiences: $util.Input<string>[];
  environment: Record<string, $util.Input<string>>;
}

/** The names under which the scopes stand in a token: `media/read`, `media/write`. */
const SERVER = "media";
const SCOPES = { read: "See videos", write: "Start, cancel and delete videos" };

/** @returns undefined where AUTH=off was said */
export function createIdentity(settings: Settings, url: $util.Output<string>): Identity | undefined {
  if (settings.identity === "cognito") return createUserPool(url);
  return settings.jwt && { ...settings.jwt, environment: {} };
}

function createUserPool(url: $util.Output<string>): Identity {
  const region = aws.getRegionOutput().region;
  const account = aws.getCallerIdentityOutput().accountId;
  const pool = new aws.cognito.UserPool("Callers", {
    name: `${$app.name}-${$app.stage}-callers`,
    usernameAttributes: ["email"],
    autoVerifiedAttributes: ["email"],
    // Every token spends fal credit: there is no sign-up, an operator invites.
    adminCreateUserConfig: { allowAdminCreateUserOnly: true },
    deletionProtection: $app.stage === "production" ? "ACTIVE" : "INACTIVE",
  });
  // Cognito's own name for its pages: unique in the region, over all accounts.
  const domain = new aws.cognito.UserPoolDomain("CallersDomain", {
    userPoolId: pool.id,
    domain: $interpolate`${$app.name}-${$app.stage.toLowerCase()}-${account}`,
  });
  const server = new aws.cognito.ResourceServer("CallersScopes", {
    userPoolId: pool.id,
    identifier: SERVER,
    name: SERVER,
    scopes: Object.entries(SCOPES).map(([scopeName, scopeDescription]) => ({ scopeName, scopeDescription })),
  });
  const scopes = Object.keys(SCOPES).map((scope) => `${SERVER}/${scope}`);
  const common = { userPoolId: pool.id, allowedOauthFlowsUserPoolClient: true, preventUserExistenceErrors: "ENABLED" };
  const page = new aws.cognito.UserPoolClient(
    "CallersConsole",
    {
      ...common,
      name: "console",
      generateSecret: false,
      allowedOauthFlows: ["code"],
      allowedOauthScopes: ["openid", ...scopes],
      callbackUrls: [$interpolate`${url}/`],
      supportedIdentityProviders: ["COGNITO"],
    },
    { dependsOn: server },
  );
  const machine = new aws.cognito.UserPoolClient(
    "CallersMachine",
    {
      ...common,
      name: "machine",
      generateSecret: true,
      allowedOauthFlows: ["client_credentials"],
      allowedOauthScopes: scopes,
    },
    { dependsOn: [server, domain] },
  );
  return {
    issuer: $interpolate`https://cognito-idp.${region}.amazonaws.com/${pool.id}`,
    // Cognito's access tokens have no `aud`: API Gateway takes their `client_id` for it.
    audiences: [page.id, machine.id],
    environment: {
      CONSOLE_CLIENT_ID: page.id,
      CONSOLE_SCOPES: ["openid", ...scopes].join(" "),
      JWT_READ_SCOPE: `${SERVER}/read`,
      JWT_WRITE_SCOPE: `${SERVER}/write`,
    },
  };
}
