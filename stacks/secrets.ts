// The secrets: set once a stage with `npx sst secret set`, or drawn by the deploy; kept encrypted, linked to the functions that use them.

import { secretFaults } from "./secret-faults.ts";
import type { Settings } from "./settings.ts";

/** @throws Error when fal's key is not set, or one of the keys cannot be sent */
export async function createSecrets({ testMode }: Settings) {
  // Only now: `sst install` reads sst.config.ts before it has laid out the platform that brings this package.
  const { RandomPassword } = await import("@pulumi/random");
  // `sst dev` takes them from a local `.env` too; a deploy never does.
  const local = (name: string) => ($dev ? process.env[name] : undefined);
  const isUnasked = $dev && testMode === "on";
  const falKey = new sst.Secret("FalKey", local("FAL_KEY") ?? (isUnasked ? "" : undefined));
  if (!process.env["SST_SECRET_FalKey"] && !local("FAL_KEY") && !isUnasked) {
    throw new Error(
      `Nothing was deployed, the key of fal.ai is missing: npx sst secret set FalKey <key> --stage ${$app.stage}`,
    );
  }
  const faults = ["FalKey", "FalAdminKey", "WorkflowAiKey"].flatMap((name) =>
    secretFaults(name, process.env[`SST_SECRET_${name}`]),
  );
  if (faults.length > 0) throw new Error(`Nothing was deployed: ${faults.join(" ")}`);
  // Without it fal's bill is not compared with our books.
  const falAdminKey = new sst.Secret("FalAdminKey", local("FAL_ADMIN_KEY") ?? "");
  const readsBills = Boolean(process.env["SST_SECRET_FalAdminKey"] || local("FAL_ADMIN_KEY"));
  // Without it the user's own words are the prompt, and fal describes the video.
  const workflowAiKey = new sst.Secret("WorkflowAiKey", local("WORKFLOWAI_API_KEY") ?? "");
  // Proves the addresses at which fal reports. Another one makes running jobs' reports unknown: the checks find them.
  const webhookSecret = new RandomPassword("WebhookSecret", { length: 64, special: false });
  // Proves the cursors of lists. Another one makes those given out so far unknown: a list begins anew.
  const cursorSecret = new RandomPassword("CursorSecret", { length: 64, special: false });
  // Encrypts the secrets of tenants' webhooks. Another one makes those unreadable: nothing is sent until each is rotated.
  const sealSecret = new RandomPassword("SealSecret", { length: 64, special: false });
  return { falKey, falAdminKey, readsBills, workflowAiKey, webhookSecret, cursorSecret, sealSecret };
}
