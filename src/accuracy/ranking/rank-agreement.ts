import { sampleRankCorrelation } from 'simple-statistics';
import { kendallTau } from '../../core/kendall-tau.ts';
import { Random } from '../../core/random.ts';

/** A rank correlation with its 95% interval; null where it is not defined. */
export interface Correlation {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** How well one order of candidates agrees with another. */
export interface RankAgreement {
  candidates: number;
  /** Spearman's ρ, ties sharing their mean rank. */
  spearman: Correlation;
  /** Kendall's τ-b, corrected for ties. */
  kendall: Correlation;
}

/** Resamples of the candidates that the intervals are read from. */
export const RESAMPLES = 1000;

/**
 * Compares two orders of the same candidates. The intervals are percentile bootstrap (Efron and Tibshirani, An
 * Introduction to the Bootstrap, 1993, section 13.3): candidates are drawn with replacement, and the middle 95% of the
 * correlations of these draws is the interval. It tells how far the figure depends on which candidates were drawn.
 *
 * @param losses predicted, lower is better.
 * @param truths of the same candidates, lower is better too; so an agreement is positive.
 * @param seed of the draws: the same seed gives the same interval.
 * @example rankAgreement([1, 2, 3, 4], [10, 20, 30, 40], 1).kendall.value // => 1
 */
export function rankAgreement(losses: readonly number[], truths: readonly number[], seed: number): RankAgreement {
  const random = new Random(seed);
  const count = losses.length;
  const draws = { spearman: [] as number[], kendall: [] as number[] };
  for (let resample = 0; resample < RESAMPLES && count > 1; resample++) {
    const drawn = Array.from({ length: count }, () => random.below(count));
    const [a, b] = [drawn.map((i) => losses[i]), drawn.map((i) => truths[i])];
    draws.spearman.push(sampleRankCorrelation(a, b));
    draws.kendall.push(kendallTau(a, b));
  }
  const [spearman, kendall] =
    count > 1
      ? [sampleRankCorrelation([...losses], [...truths]), kendallTau(losses, truths)]
      : [Number.NaN, Number.NaN];
  return {
    candidates: count,
    spearman: withInterval(spearman, draws.spearman),
    kendall: withInterval(kendall, draws.kendall),
  };
}

/** Draws of one candidate over and over have no correlation; where a fifth are such, there is no interval. */
function withInterval(value: number, draws: readonly number[]): Correlation {
  if (!Number.isFinite(value)) return { value: null, low: null, high: null };
  const sorted = draws.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < 0.8 * draws.length) return { value, low: null, high: null };
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return { value, low: at(0.025), high: at(0.975) };
}
