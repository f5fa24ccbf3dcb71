// Nano-dollars: what fal bills in (`cost_estimate_nano_usd`), as whole numbers, which add up. One job's price is far below
// 2^53 of them (9 million dollars); sums are BigInt.

const PER_USD = 1_000_000_000;

/** Of an amount in US dollars, to the nearest. */
export function nanoOf(usd: number): number {
  return Math.round(usd * PER_USD);
}

/** In US dollars, exactly, without zeros behind: `"0.28"`. */
export function usdText(nano: number | bigint): string {
  const whole = BigInt(nano);
  const size = whole < 0n ? -whole : whole;
  const digits = String(size).padStart(10, "0");
  const cents = digits.slice(-9).replace(/0+$/, "");
  return `${whole < 0n ? "-" : ""}${digits.slice(0, -9)}${cents === "" ? "" : `.${cents}`}`;
}

/** In US dollars, as the nearest number that JSON can hold: exact to the nano-dollar below 9 million dollars. */
export function usdOf(nano: number | bigint): number {
  return Number(usdText(nano));
}
