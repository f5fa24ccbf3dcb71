// What SST has linked to a function: names, ARNs and secrets. Separate from the settings, because reading it takes 6 ms of a cold start.
import { Resource } from "sst/resource";
import * as z from "zod/mini";
import { EnvironmentError, faultsOf, setting } from "./environment.ts";

/** The name of a table or bus linked by SST, by its name in `sst.config.ts`. */
export function linkedName(resource: "Media" | "Bus"): string {
  return z.object({ name: z.string() }).parse(Reflect.get(Resource, resource)).name;
}

/** The ARN of the state machine linked by SST. */
export function linkedArn(resource: "Generation"): string {
  return z.object({ arn: z.string() }).parse(Reflect.get(Resource, resource)).arn;
}

const SECRETS = [
  "FalKey",
  "FalAdminKey",
  "WorkflowAiKey",
  "LinkSecret",
  "WebhookSecret",
  "CursorSecret",
  "SealSecret",
] as const;
type SecretName = (typeof SECRETS)[number];

/** A secret linked by SST; undefined where it is not linked or empty. */
export function linkedSecret(name: SecretName): string | undefined {
  if (!Reflect.has(Resource, name)) return undefined;
  return z.object({ value: z.string() }).parse(Reflect.get(Resource, name)).value || undefined;
}

/** A linked secret that is sent as a header. @throws EnvironmentError when no header can carry it */
function linkedCredential(
  secret: SecretName,
  name: "FAL_KEY" | "FAL_ADMIN_KEY" | "WORKFLOWAI_API_KEY",
): string | undefined {
  const value = linkedSecret(secret);
  const [fault] = faultsOf({ [name]: value }, [name]);
  if (fault) throw new EnvironmentError(`The secret ${secret} ${fault.message}.`);
  return value;
}

/** fal's credential. @throws EnvironmentError */
export function falKey(): string {
  const key = setting("FAL_KEY") ?? linkedCredential("FalKey", "FAL_KEY");
  if (key === undefined) throw new EnvironmentError("FAL_KEY is missing.");
  return key;
}

/** fal's credential with the scope ADMIN, which reads bills. @throws EnvironmentError */
export function falAdminKey(): string {
  const key = setting("FAL_ADMIN_KEY") ?? linkedCredential("FalAdminKey", "FAL_ADMIN_KEY");
  if (key === undefined) {
    throw new EnvironmentError(
      "FAL_ADMIN_KEY is missing: fal shows its bill to a key of scope ADMIN alone (fal.ai/dashboard/keys). In a stage it is a secret: npx sst secret set FalAdminKey <key>, then deploy.",
    );
  }
  return key;
}

/** WorkflowAI's key, where one is configured. */
export function workflowAiKey(): string | undefined {
  return setting("WORKFLOWAI_API_KEY") ?? linkedCredential("WorkflowAiKey", "WORKFLOWAI_API_KEY");
}

/** A shorter secret is a simulator's placeholder; redacting it would break ordinary words in every line. */
const SECRET_MIN_CHARACTERS = 6;

/** Every secret that this function knows: what must not be written down anywhere. */
export function secretsInUse(): string[] {
  const known = [
    setting("FAL_KEY"),
    setting("FAL_ADMIN_KEY"),
    setting("WORKFLOWAI_API_KEY"),
    ...SECRETS.map(linkedSecret),
  ];
  return known.flatMap((secret = "") => (secret.length >= SECRET_MIN_CHARACTERS ? [secret] : []));
}
