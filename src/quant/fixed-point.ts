/** A positive real multiplier as integer arithmetic has it: multiplier · 2^(shift − 31), the multiplier within 2^30 … 2^31. */
export interface FixedPoint {
  multipliers: Int32Array;
  /** Powers of two; positive ones are applied before the multiplication. */
  shifts: Int8Array;
}

/**
 * Multipliers of 31 bits, as TFLite's kernels fix them.
 *
 * @throws {RangeError} for a multiplier that is not positive and finite.
 * @example fixedPointOf([0.75]).multipliers[0] // => 1610612736
 */
export function fixedPointOf(reals: ArrayLike<number>): FixedPoint {
  const multipliers = new Int32Array(reals.length);
  const shifts = new Int8Array(reals.length);
  for (let i = 0; i < reals.length; i++) {
    let mantissa = reals[i];
    if (!(mantissa > 0 && mantissa < 2 ** 31)) throw new RangeError(`${mantissa} is no multiplier`);
    let shift = 0;
    for (; mantissa >= 1; shift++) mantissa /= 2;
    for (; mantissa < 0.5 && shift > -31; shift--) mantissa *= 2;
    let multiplier = Math.floor(mantissa * 2 ** 31 + 0.5);
    if (multiplier === 2 ** 31) {
      multiplier /= 2;
      shift++;
    }
    multipliers[i] = multiplier;
    shifts[i] = shift;
  }
  return { multipliers, shifts };
}

/**
 * TFLite's requantization: the high half of a doubled product, rounded with halves upwards, then a shift that rounds again
 * with halves away from zero. Exact in doubles for |sum| < 2^37: the sum is taken apart in 16 bits and the rest.
 *
 * @see Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018.
 * @example doubleRounded(1000, 2 ** 30, -2) // => 125
 */
export function doubleRounded(sum: number, multiplier: number, shift: number): number {
  const scaled = shift > 0 ? sum * 2 ** shift : sum;
  const upper = Math.floor(scaled / 65536);
  const lower = scaled - upper * 65536;
  const product = upper * multiplier; // in units of 2^16
  const whole = Math.floor(product / 32768);
  const rest = (product - whole * 32768) * 65536 + lower * multiplier + 2 ** 30;
  const high = whole + Math.floor(rest / 2 ** 31);
  if (shift >= 0) return high;
  const magnitude = Math.floor(Math.abs(high) / 2 ** -shift + 0.5);
  return high < 0 ? -magnitude : magnitude;
}
