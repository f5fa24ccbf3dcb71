// What is signed is known again, and nothing else is.
import { describe, expect, it } from "vitest";
import { isSigned, sign } from "../../shared/adapters/signed.ts";

const TEXT = "what do ya want for nothing?";

describe("a signature", () => {
  it("is the HMAC-SHA-256 of RFC 4231, test case 2", () => {
    const right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    expect(sign("Jefe", TEXT, "hex")).toBe(right);
    expect(sign("Jefe", TEXT, "base64url")).toBe(Buffer.from(right, "hex").toString("base64url"));
  });

  it.each(["hex", "base64url"] as const)("in %s is known again, in the one spelling it was given in", (encoding) => {
    const signature = sign("Jefe", TEXT, encoding);
    expect(isSigned("Jefe", TEXT, signature, encoding)).toBe(true);
    const others = ["", signature.slice(1), `${signature}=`, ` ${signature}`, "é".repeat(signature.length / 2)];
    others.push(
      signature.replace(/^./, (first) => (first === "a" ? "b" : "a")),
      sign("jefe", TEXT, encoding),
    );
    for (const other of others) expect(isSigned("Jefe", TEXT, other, encoding), other).toBe(false);
    expect(isSigned("Jefe", `${TEXT}\n`, signature, encoding)).toBe(false);
  });
});
