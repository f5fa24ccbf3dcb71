// Whether a secret can be sent: it goes into a header, which takes visible ASCII and no line end.

/** @returns what is wrong with the secret, without a character of it, and what to do */
export function secretFaults(name: string, value = ""): string[] {
  if (/^[\x21-\x7e]*$/.test(value)) return [];
  const has =
    value.endsWith("\r") || value.includes("\r\n")
      ? "a Windows line end"
      : /[\r\n]/.test(value)
        ? "a line end"
        : /\s/.test(value)
          ? "a space"
          : "a character that is no visible ASCII";
  return [
    `The secret ${name} has ${has} in it, with which no request could be sent. Set it again, typed or from a file without one: npx sst secret set ${name} <key> --stage <stage>`,
  ];
}
