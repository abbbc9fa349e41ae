import { evaluationsSaved } from '../../accuracy/ranking/evaluations-saved.ts';
import { type RankAgreement, rankAgreement } from '../../accuracy/ranking/rank-agreement.ts';

/** How well a proxy orders one group of candidates; correlations and the ends of their 95% intervals, null where undefined. */
export interface GroupAgreement {
  candidates: number;
  /** Spearman's ρ, from `low` to `high`. */
  spearman: number | null;
  low: number | null;
  high: number | null;
  /** Kendall's τ-b. */
  kendall: number | null;
  kendallLow: number | null;
  kendallHigh: number | null;
}

/** One proxy, or one trivial baseline, against the truth. */
export interface CheckedProxy extends Omit<GroupAgreement, 'candidates'> {
  name: string;
  kind: 'bits' | 'architecture' | 'baseline';
  /** Among the fifth of the varied candidates that is truly most accurate. */
  topFifth: GroupAgreement;
  /** Among candidates of nearly equal cost; null where there are none. */
  atFixedBudget: GroupAgreement | null;
  /** See `evaluationsSaved`: of the candidates at the fixed budget, or of the varied ones where there are none. */
  evaluationsSaved: number;
  /** What the proxy took to look at the network; null where nothing was timed. */
  seconds: number | null;
}

/** What a proxy, and the truth, says of the candidates, lower is better; the groups in the same order everywhere. */
export interface CandidateLosses {
  varied: readonly number[];
  atBudget: readonly number[];
}

/**
 * Compares what a proxy says with the truth: over all varied candidates, among the best fifth of them, and at one budget.
 *
 * @param seed of the intervals.
 */
export function compareWithTruth(
  { name, kind, seconds }: Pick<CheckedProxy, 'name' | 'kind' | 'seconds'>,
  losses: CandidateLosses,
  truth: CandidateLosses,
  seed: number,
): CheckedProxy {
  const compare = (own: readonly number[], real: readonly number[]) => flatten(rankAgreement(own, real, seed));
  const { candidates: _, ...all } = compare(losses.varied, truth.varied);
  const best = bestFifth(truth.varied);
  const chosen = truth.atBudget.length > 1 ? 'atBudget' : 'varied';
  return {
    name,
    kind,
    ...all,
    topFifth: compare(
      best.map((i) => losses.varied[i]),
      best.map((i) => truth.varied[i]),
    ),
    atFixedBudget: chosen === 'atBudget' ? compare(losses.atBudget, truth.atBudget) : null,
    evaluationsSaved: evaluationsSaved(losses[chosen], truth[chosen]),
    seconds,
  };
}

/** Positions of the fifth of least loss, at least two; of equal ones those that were drawn first. */
function bestFifth(truth: readonly number[]): number[] {
  const order = truth.map((_, i) => i).sort((i, j) => truth[i] - truth[j] || i - j);
  return order.slice(0, Math.max(Math.ceil(truth.length / 5), 2));
}

function flatten({ candidates, spearman, kendall }: RankAgreement): GroupAgreement {
  return {
    candidates,
    ...{ spearman: spearman.value, low: spearman.low, high: spearman.high },
    ...{ kendall: kendall.value, kendallLow: kendall.low, kendallHigh: kendall.high },
  };
}
