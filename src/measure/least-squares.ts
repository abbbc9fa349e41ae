import { cholesky, inverseForm, solveCholesky } from '../core/cholesky.ts';
import { assert } from '../core/errors.ts';
import type { TimedNetwork } from './rounds.ts';
import { type Summary, summarizeSamples } from './statistics.ts';

/** Ratios of the spread of the networks' errors to that of the layers' deviations, squared, that are tried. */
const RIDGES = Array.from({ length: 17 }, (_, i) => 4 ** (i - 14));
/** Residuals beyond so many standard deviations count linearly (P. J. Huber, Ann. Math. Statist. 35, 1964). */
const HUBER = 2.5;
/** A normal distribution's standard deviation in multiples of its median absolute deviation. */
const SPREAD_OF_MEDIAN = 1.4826;
const REWEIGHTINGS = 4;
/** Times agree no better than this, squared and relative. */
const LEAST_VARIANCE = 1e-8;
const Z95 = 1.959963984540054;
/** Likelihoods below this share of the greatest add nothing. */
const NEGLIGIBLE = 1e-4;
/** No kernel is this much faster in a network than alone. */
const LEAST_MULTIPLE = 0.1;

export interface LeastSquaresFit {
  /** µs of each group, with a 95% interval; `count` is of the networks that hold it. */
  estimates: Map<string, Summary>;
  /** Standard deviation of the networks' relative errors. */
  noise: number;
  /** Standard deviation of the groups' deviations from what they take alone, relative. */
  deviation: number;
}

/**
 * Estimates what groups of layers take inside networks from times of whole networks, starting from what they take alone.
 *
 * With w the time of a network, p what its groups take alone and c how often it holds each, assume
 * w = Σ c·p·y + error, the error normal with a standard deviation of σ·w, and the multiples y normal around a common
 * scale s with a standard deviation of τ. Then the best estimate of y minimises Σ (1 − Σ c·p·y / w)² + λ Σ (y − s)² with
 * λ = (σ/τ)²: ridge regression (A. E. Hoerl and R. W. Kennard, Technometrics 12, 1970) towards the isolated times. Each
 * λ counts as likely as it makes the measured times, whatever s is (D. A. Harville, JASA 72, 1977); networks that do not
 * fit count less, after Huber. The interval is that of y's distribution given the times.
 *
 * @param networks that were timed as wholes.
 * @param aloneUs what each group takes alone, µs, positive; groups that no network holds get s times that.
 */
export function leastSquares(networks: readonly TimedNetwork[], aloneUs: ReadonlyMap<string, number>): LeastSquaresFit {
  assert(networks.length > 0, 'networks were timed');
  const names = [...aloneUs.keys()];
  const index = new Map(names.map((name, i) => [name, i]));
  const rows = networks.map(({ groups, wholeUs }) => {
    const shares = new Map<number, number>();
    for (const group of groups) {
      const i = index.get(group)!;
      shares.set(i, (shares.get(i) ?? 0) + aloneUs.get(group)! / wholeUs);
    }
    return shares;
  });
  // the scale is one more unknown, in the last column, and nothing is known of it beforehand
  const scale = names.length;
  for (const shares of rows)
    shares.set(
      scale,
      [...shares.values()].reduce((sum, share) => sum + share, 0),
    );

  let weights = rows.map(() => 1);
  let fits = ridgeFits(rows, weights, names.length);
  for (let i = 0; i < REWEIGHTINGS; i++) {
    const { multiples } = likeliest(fits);
    weights = huberWeights(rows.map((shares) => residual(shares, multiples)));
    fits = ridgeFits(rows, weights, names.length);
  }
  const counts = new Array<number>(names.length).fill(0);
  for (const shares of rows) for (const i of shares.keys()) counts[i]++;
  const estimates = new Map(
    names.map((name, i): [string, Summary] => {
      const alone = aloneUs.get(name)!;
      const { mean, deviation } = multipleOf(fits, i);
      const multiple = Math.max(mean, LEAST_MULTIPLE);
      const half = Z95 * deviation;
      const high = alone * (multiple + half);
      const low = alone * Math.max(multiple - half, 0);
      return [name, { median: alone * multiple, low, high, p95: high, count: counts[i] }];
    }),
  );
  const { noise, ridge } = likeliest(fits);
  return { estimates, noise, deviation: noise / Math.sqrt(ridge) };
}

/** Mean and standard deviation of a group's multiple over all λ, each counting as likely as it is. */
function multipleOf(fits: readonly RidgeFit[], group: number): { mean: number; deviation: number } {
  const best = likeliest(fits);
  const scale = best.multiples.length - 1;
  const both = best.multiples.map((_, j) => (j === group || j === scale ? 1 : 0));
  let [total, sum, square] = [0, 0, 0];
  for (const { evidence, multiples, noise, factor } of fits) {
    const likelihood = Math.exp((evidence - best.evidence) / 2);
    if (likelihood < NEGLIGIBLE) continue;
    const value = multiples[scale] + multiples[group];
    total += likelihood;
    sum += likelihood * value;
    square += likelihood * (value * value + noise * noise * inverseForm(factor, both));
  }
  const mean = sum / total;
  return { mean, deviation: Math.sqrt(Math.max(square / total - mean * mean, 0)) };
}

interface RidgeFit {
  ridge: number;
  /** Each group's deviation from the scale, and the scale. */
  multiples: number[];
  noise: number;
  /** Twice the logarithm of how likely the times are, whatever the scale, but for a constant. */
  evidence: number;
  /** Of the normal equations' matrix. */
  factor: Float64Array[];
}

function likeliest(fits: readonly RidgeFit[]): RidgeFit {
  return fits.reduce((best, fit) => (fit.evidence > best.evidence ? fit : best));
}

/** The ridge regressions under all λ. */
function ridgeFits(
  rows: readonly ReadonlyMap<number, number>[],
  weights: readonly number[],
  scale: number,
): RidgeFit[] {
  const size = scale + 1;
  const gram = Array.from({ length: size }, () => new Float64Array(size));
  const right = new Array<number>(size).fill(0);
  for (const [n, shares] of rows.entries()) {
    for (const [i, a] of shares) {
      right[i] += weights[n] * a;
      for (const [j, b] of shares) gram[i][j] += weights[n] * a * b;
    }
  }
  const square = weights.reduce((sum, weight) => sum + weight, 0);
  return RIDGES.map((ridge) => {
    const matrix = gram.map((row, i) => row.map((value, j) => (i === j && i !== scale ? value + ridge : value)));
    const factor = cholesky(matrix);
    const multiples = solveCholesky(factor, right);
    const explained = multiples.reduce((sum, value, i) => sum + value * right[i], 0);
    const freedom = Math.max(rows.length - 1, 1);
    const variance = Math.max(square - explained, LEAST_VARIANCE * rows.length) / freedom;
    const logDeterminant = factor.reduce((sum, row, i) => sum + 2 * Math.log(row[i]), 0) - scale * Math.log(ridge);
    const evidence = -(freedom * Math.log(variance) + logDeterminant);
    return { ridge, multiples, noise: Math.sqrt(variance), factor, evidence };
  });
}

function residual(shares: ReadonlyMap<number, number>, multiples: readonly number[]): number {
  return [...shares].reduce((rest, [i, share]) => rest - share * multiples[i], 1);
}

function huberWeights(errors: readonly number[]): number[] {
  const sizes = errors.map(Math.abs);
  const limit = HUBER * SPREAD_OF_MEDIAN * summarizeSamples(sizes).median;
  return sizes.map((size) => (size <= limit ? 1 : limit / size));
}
