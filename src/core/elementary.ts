/**
 * exp and log from +, −, × and ÷ alone, rounded as IEEE 754 says, so that they have the same bits on every engine: what
 * decides a study may use these and not `Math.exp` and `Math.log`, which every engine rounds as it likes.
 */

/** ln 2 in two parts; the first has so few bits that a whole number of up to 11 bits times it is exact. */
const LN_2_HIGH = 0.6931471803691238;
const LN_2_LOW = 1.9082149292705877e-10;

/** Terms of the series of exp: with |r| ≤ ln 2 / 2 the first one left out is below 10⁻¹⁷. */
const EXP_TERMS = 14;
/** Terms of the series of log: with |s| ≤ 0.1716 the first one left out is below 10⁻¹⁷. */
const LOG_TERMS = 11;
/** Beyond these exp is 0 or infinite in double precision. */
const LEAST_EXPONENT = -745;
const LARGEST_EXPONENT = 709.78;

/**
 * e^x: x = n·ln 2 + r with |r| ≤ ln 2 / 2, the Taylor series in r, times 2ⁿ. Relative error below 5·10⁻¹⁶; below 2⁻¹⁰²²
 * results are as coarse as such numbers are.
 *
 * @example exponential(0) // => 1
 */
export function exponential(x: number): number {
  if (x < LEAST_EXPONENT) return 0;
  if (x > LARGEST_EXPONENT) return Number.POSITIVE_INFINITY;
  const n = Math.round(x * Math.LOG2E);
  const r = x - n * LN_2_HIGH - n * LN_2_LOW;
  let sum = 1;
  for (let k = EXP_TERMS; k >= 1; k--) sum = 1 + (r / k) * sum;
  return scaled(sum, n);
}

/**
 * ln x for x > 0: x = m·2ⁿ with m from √½ to √2, and ln m = 2·artanh((m − 1)/(m + 1)) by its series. Relative error below
 * 10⁻¹⁵. As `Math.log`, −∞ at 0 and not a number below.
 *
 * @example logarithm(1) // => 0
 */
export function logarithm(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  let m = x;
  let n = 0;
  // powers of two change no other bit of a normal number, and a small one is made normal first
  for (let step = 512; step >= 1; step /= 2) {
    const power = scaled(1, step);
    while (m >= power * Math.SQRT1_2) {
      m /= power;
      n += step;
    }
    while (m < Math.SQRT1_2 && m * power < Math.SQRT2) {
      m *= power;
      n -= step;
    }
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 0;
  for (let k = LOG_TERMS; k >= 0; k--) sum = sum * square + 1 / (2 * k + 1);
  return n * LN_2_HIGH + (2 * s * sum + n * LN_2_LOW);
}

/** value · 2^power in steps that are exact as long as the result is a normal number. */
function scaled(value: number, power: number): number {
  let result = value;
  let left = power;
  for (; left > 0; left -= Math.min(left, 30)) result *= 1 << Math.min(left, 30);
  for (; left < 0; left += Math.min(-left, 30)) result /= 1 << Math.min(-left, 30);
  return result;
}
