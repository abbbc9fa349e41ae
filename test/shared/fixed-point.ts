/**
 * TFLite's requantization: a rounding doubling high multiplication in 31 bits, then a rounding shift; so a value is
 * rounded twice, the second time with halves away from zero.
 *
 * @param shift powers of two: positive ones are applied before the multiplication.
 */
export function doubleRounded(sum: number, multiplier: number, shift: number): number {
  const product = BigInt(sum) * 2n ** BigInt(Math.max(shift, 0)) * BigInt(multiplier);
  const nudge = product >= 0n ? 2n ** 30n : 1n - 2n ** 30n;
  const high = Number((product + nudge) / 2n ** 31n);
  const right = Math.max(-shift, 0);
  return Math.sign(high) * Math.floor(Math.abs(high) / 2 ** right + 0.5);
}

/** Mantissa of 31 bits and power of two of a positive multiplier, as TFLite's converter and kernels fix them. */
export function fixedPoint(real: number): { multiplier: number; shift: number } {
  let shift = Math.ceil(Math.log2(real));
  if (real / 2 ** shift >= 1) shift++;
  let multiplier = Math.round((real / 2 ** shift) * 2 ** 31);
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return { multiplier, shift };
}
