import { probit } from 'simple-statistics';
import type { LutLatency } from '../schema.ts';

/** Half-width, in standard normal units, of a two-sided 95% interval. */
const Z95 = 1.959963984540054;
/** From here on the tails are those of the normal approximation. */
const LARGE_COUNT = 400;

/** The chances that a median lies below and above its stored interval. */
export interface MedianTails {
  below: number;
  above: number;
}

/**
 * How often the true median lies outside the stored interval of a median, on either side. Its ends are order statistics,
 * so with few samples the chances are not 2.5% each: with n samples the number of them below the true median is binomial
 * with parameter ½.
 *
 * @see docs/measurement.md for the ranks of the interval's ends.
 * @example medianTails(5) // => { below: 0.03125, above: 0.03125 }
 */
export function medianTails(count: number): MedianTails {
  if (count > LARGE_COUNT) return { below: 0.025, above: 0.025 };
  const half = (Z95 * Math.sqrt(count)) / 2;
  const lowRank = Math.max(Math.floor(count / 2 - half), 0);
  const highRank = Math.min(Math.ceil(count / 2 + half), count - 1);
  let chance = 2 ** -count; // of exactly k samples below the median
  let below = 0;
  let above = 0;
  for (let k = 0; k <= count; k++) {
    if (k <= lowRank) below += chance;
    if (k > highRank) above += chance;
    chance *= (count - k) / (k + 1);
  }
  return { below, above };
}

/** Standard errors of the logarithm of a median, towards smaller and towards greater values. */
export interface MedianError {
  below: number;
  above: number;
}

/**
 * The standard error of ln(median), from the length of the stored interval on either side (McKean and Schrader, A
 * comparison of methods for studentizing the sample median, 1984); the clock's step, a uniform error, comes on top.
 *
 * @param stepNs the smallest step of the clock that took the samples.
 */
export function medianError({ median, low, high, count }: LutLatency, stepNs: number): MedianError {
  const tails = medianTails(count);
  const quantization = stepNs / 1000 / median / Math.sqrt(12);
  const side = (ratio: number, tail: number) => Math.hypot(Math.log(ratio) / -probit(tail), quantization);
  return { below: side(median / low, tails.below), above: side(high / median, tails.above) };
}

/** Above this many degrees of freedom Student's distribution is the normal one to three digits. */
const MAXIMUM_DEGREES = 200;

/**
 * Two-sided p-value of Student's t for whole degrees of freedom: the finite series of Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 26.7.3 and 26.7.4.
 *
 * @param degrees at least 1; a fraction is cut off.
 * @example studentP(1, 1) // => 0.5
 */
export function studentP(t: number, degrees: number): number {
  const n = Math.min(Math.max(Math.floor(degrees), 1), MAXIMUM_DEGREES);
  const angle = Math.atan(Math.abs(t) / Math.sqrt(n));
  const cosine = Math.cos(angle);
  const odd = n % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= n - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cosine * cosine;
  }
  const inside = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return Math.min(1, Math.max(0, 1 - inside));
}

/**
 * Adjusted p-values of Benjamini and Hochberg (Controlling the false discovery rate, 1995): those at most α are
 * significant, and of all that are called significant at most a share α is expected to be false; where nothing has
 * changed, that is a chance of at most α to call anything significant.
 *
 * @example adjustForMany([0.01, 0.04, 0.03]) // => [0.03, 0.04, 0.04]
 */
export function adjustForMany(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[b] - pValues[a]);
  const adjusted = new Array<number>(pValues.length);
  let least = 1;
  order.forEach((index, place) => {
    least = Math.min(least, (pValues[index] * pValues.length) / (pValues.length - place));
    adjusted[index] = least;
  });
  return adjusted;
}
