import { roundHalfEven } from '../core/rounding.ts';

/**
 * A half-precision number from its bits.
 *
 * @example halfToNumber(0x3c00) // => 1
 */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The largest finite number of half precision. */
const LARGEST = 65504;
/** The distance between its subnormal numbers, and the least of those that are not. */
const STEP = 2 ** -24;
const LEAST_NORMAL = 2 ** -14;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

/**
 * The bits of a half-precision number, from the number.
 *
 * @returns undefined for a number that half precision does not hold exactly, and for NaN.
 * @example [1, -2.5, 0.1].map(halfBits) // => [0x3c00, 0xc100, undefined]
 */
export function halfBits(value: number): number | undefined {
  float[0] = value;
  const sign = floatBits[0] < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (!(magnitude <= LARGEST)) return undefined;
  // a single has 13 bits more of fraction, and its exponent begins 112 lower
  const bits = magnitude < LEAST_NORMAL ? magnitude / STEP : ((floatBits[0] & 0x7fffffff) >> 13) - (112 << 10);
  return Object.is(halfToNumber(sign | bits), value) ? sign | bits : undefined;
}

/**
 * The nearest number of half precision, ties to the even one: at most 2⁻¹¹ of it away, or 2⁻²⁵ where it is below 2⁻¹⁴.
 * What would become infinite stays as it is.
 *
 * @example [1 + 1 / 4096, 1e6].map(roundToHalf) // => [1, 1e6]
 */
export function roundToHalf(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude <= LARGEST)) return value;
  float[0] = magnitude < LEAST_NORMAL ? LEAST_NORMAL : magnitude;
  floatBits[0] &= 0x7f800000; // the power of two below it
  const unit = float[0] / 1024;
  return roundHalfEven(value / unit) * unit;
}
