// Secrets as they lie in the table: nothing of them in clear, and nothing that opens elsewhere.
import { expect, it } from "vitest";
import { createSealedSecrets } from "../../shared/adapters/sealed-secrets.ts";

const SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const SHOP = { tenantId: "acme", webhookId: "shop" };
const secrets = createSealedSecrets("one");

it("opens what it has sealed, which tells nothing, and is another text each time", () => {
  const sealed = secrets.seal(SECRET, SHOP);
  expect(secrets.open(sealed, SHOP)).toBe(SECRET);
  expect(sealed).not.toBe(secrets.seal(SECRET, SHOP));
  for (const clear of [SECRET, SECRET.slice(6)]) {
    expect(sealed).not.toContain(clear);
    expect(sealed).not.toContain(Buffer.from(clear).toString("base64url").slice(0, 20));
  }
});

it.each([
  ["another tenant's webhook", () => secrets.open(secrets.seal(SECRET, SHOP), { ...SHOP, tenantId: "other" })],
  ["another webhook", () => secrets.open(secrets.seal(SECRET, SHOP), { ...SHOP, webhookId: "other" })],
  ["another key", () => createSealedSecrets("two").open(secrets.seal(SECRET, SHOP), SHOP)],
  [
    "an altered text",
    () =>
      secrets.open(
        secrets.seal(SECRET, SHOP).replace(/.$/, (it) => (it === "A" ? "B" : "A")),
        SHOP,
      ),
  ],
  ["a text that was never sealed", () => secrets.open(SECRET, SHOP)],
])("does not open for %s", (_, open) => {
  expect(open).toThrow();
});
