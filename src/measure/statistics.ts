import { quantileSorted } from 'simple-statistics';
import { kendallTau } from '../core/kendall-tau.ts';

export interface Summary {
  median: number;
  /** 95% interval of the median. */
  low: number;
  high: number;
  p95: number;
  count: number;
}

/** Half-width, in standard normal units, of a two-sided 95% interval. */
const Z95 = 1.959963984540054;

/**
 * Median with its distribution-free 95% interval from order statistics (Conover, Practical Nonparametric Statistics,
 * section 3.2): the ranks n/2 ± 0.98·√n, by the normal approximation of the binomial. With fewer than six samples the
 * interval is the whole range.
 *
 * @param samples at least one value; not changed.
 * @example summarizeSamples([3, 1, 2]) // => { median: 2, low: 1, high: 3, p95: 2.9, count: 3 }
 */
export function summarizeSamples(samples: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(samples).sort();
  const n = sorted.length;
  const half = (Z95 * Math.sqrt(n)) / 2;
  const lowRank = Math.max(Math.floor(n / 2 - half), 0);
  const highRank = Math.min(Math.ceil(n / 2 + half), n - 1);
  // quantileSorted only reads, and takes any indexed sequence
  const values = sorted as unknown as number[];
  return {
    median: quantileSorted(values, 0.5),
    low: sorted[lowRank],
    high: sorted[highRank],
    p95: quantileSorted(values, 0.95),
    count: n,
  };
}

/**
 * The median of the slopes between all pairs of points, with its 95% interval (P. K. Sen, JASA 63, 1968): up to 29% of
 * the points may be anything.
 *
 * @param x at least two different values.
 * @example theilSen([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 80]).slope // => 2
 */
export function theilSen(x: readonly number[], y: readonly number[]): { slope: number; low: number; high: number } {
  const slopes: number[] = [];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) if (x[i] !== x[j]) slopes.push((y[i] - y[j]) / (x[i] - x[j]));
  }
  slopes.sort((a, b) => a - b);
  const n = x.length;
  // half-width in ranks, from the variance of Kendall's statistic
  const half = (Z95 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)) / 2;
  const rank = (position: number) => slopes[Math.min(Math.max(Math.round(position), 0), slopes.length - 1)];
  const middle = (slopes.length - 1) / 2;
  return { slope: quantileSorted(slopes, 0.5), low: rank(middle - half), high: rank(middle + half) };
}

export interface PredictionError {
  networks: number;
  medianRelativeError: number;
  p95RelativeError: number;
  /** Median of (predicted − measured) / measured. */
  bias: number;
  /** Null with fewer than two networks, or if all predictions are equal. */
  kendallTau: number | null;
}

/**
 * How far predictions are from what was measured.
 *
 * @example predictionError([{ predicted: 11, measured: 10 }]).medianRelativeError // => 0.1
 */
export function predictionError(pairs: readonly { predicted: number; measured: number }[]): PredictionError {
  const signed = pairs.map(({ predicted, measured }) => (predicted - measured) / measured);
  const sizes = summarizeSamples(signed.map(Math.abs));
  const tau = kendallTau(
    pairs.map((pair) => pair.predicted),
    pairs.map((pair) => pair.measured),
  );
  return {
    networks: pairs.length,
    medianRelativeError: sizes.median,
    p95RelativeError: sizes.p95,
    bias: summarizeSamples(signed).median,
    kendallTau: Number.isNaN(tau) ? null : tau,
  };
}
