import { usage } from './problem.ts';

type Point = readonly number[];

/** Weight of the sum beside the maximum, so that of points with equal maxima the better one is picked. */
const AUGMENTATION = 1e-4;

/**
 * The index of the point that bulges furthest towards the ideal point from the plane through the front's corners, or
 * undefined without points: where giving up a little of one objective no longer buys much of another. Objectives are
 * shares of the front's own range, so no pick depends on a unit; ties go to the first.
 *
 * @param front points of which none dominates another, all minimised.
 * @see Das, On characterizing the "knee" of the Pareto curve based on normal-boundary intersection, Structural
 * Optimization 18, 1999.
 * @example kneePoint([[0, 10], [1, 2], [5, 1], [9, 0]]) // => 1
 */
export function kneePoint(front: readonly Point[]): number | undefined {
  const shares = sharesOf(front);
  return leastOf(shares.map((point) => sum(point)));
}

/**
 * The index of the point nearest to what is wanted, or undefined without points: it minimises the greatest weighted
 * excess over the wish. Whatever the wish, reachable or not, the pick is a point that no other dominates.
 *
 * @param wish one value an objective, by default the front's best ones.
 * @param weights above 0, per share of the front's range; by default equal.
 * @throws {BitbudgetError} `usage` for a wish or weights of another length, or a weight not above 0.
 * @see Wierzbicki, The use of reference objectives in multiobjective optimization, 1980.
 * @example achievementPick([[0, 10], [4, 4], [10, 0]], { wish: [9, 1] }) // => 2
 */
export function achievementPick(
  front: readonly Point[],
  options: { wish?: Point; weights?: Point } = {},
): number | undefined {
  if (front.length === 0) return undefined;
  const { low, width } = rangesOf(front);
  const { wish = low, weights = low.map(() => 1) } = options;
  for (const [name, values] of Object.entries({ wish, weights })) {
    const valid = values.length === low.length && values.every((v) => Number.isFinite(v) && (name === 'wish' || v > 0));
    if (!valid) {
      throw usage(`The ${name} of a pick is [${values.join(', ')}].`, `Give ${low.length} numbers, weights above 0.`);
    }
  }
  const scores = front.map((point) => {
    const excess = point.map((value, j) => (weights[j] * (value - wish[j])) / width[j]);
    return excess.reduce((most, v) => Math.max(most, v), Number.NEGATIVE_INFINITY) + AUGMENTATION * sum(excess);
  });
  return leastOf(scores);
}

/**
 * For each budget the index of the best point within it, or undefined where none is: the lowest in one objective, and of
 * equals the lowest in the sum of the others' shares.
 *
 * @param points one value a metric.
 * @param budgets upper bounds a metric, included; infinite or undefined where there is none.
 * @param metric the place of the metric to minimise.
 * @throws {BitbudgetError} `usage` where there is no such metric, or a budget bounds more metrics than there are.
 * @example bestPerBudget([[0.3, 10], [0.2, 20], [0.1, 40]], [[undefined, 25], [undefined, 5]]) // => [1, undefined]
 */
export function bestPerBudget(
  points: readonly Point[],
  budgets: readonly (readonly (number | undefined)[])[],
  metric = 0,
): (number | undefined)[] {
  if (points.length === 0) return budgets.map(() => undefined);
  const count = points[0].length;
  if (!Number.isInteger(metric) || metric < 0 || metric >= count) {
    throw usage(`There is no metric ${metric} to be minimised.`, `Give a whole number from 0 to ${count - 1}.`);
  }
  if (budgets.some((budget) => budget.length > count)) {
    throw usage(`A budget bounds more than the ${count} metrics of the points.`, 'Give at most one bound a metric.');
  }
  const shares = sharesOf(points);
  return budgets.map((budget) => {
    let best: number | undefined;
    points.forEach((point, i) => {
      if (!budget.every((bound, j) => bound === undefined || point[j] <= bound)) return;
      const gain = best === undefined ? 1 : points[best][metric] - point[metric] || sum(shares[best]) - sum(shares[i]);
      if (gain > 0) best = i;
    });
    return best;
  });
}

function sharesOf(points: readonly Point[]): number[][] {
  const { low, width } = rangesOf(points);
  return points.map((point) => point.map((value, j) => (value - low[j]) / width[j]));
}

/** An objective without a range has width 1. */
function rangesOf(points: readonly Point[]): { low: number[]; width: number[] } {
  const low = points.reduce<number[]>((least, p) => least.map((v, j) => Math.min(v, p[j])), [...(points[0] ?? [])]);
  const high = points.reduce<number[]>((most, p) => most.map((v, j) => Math.max(v, p[j])), [...(points[0] ?? [])]);
  return { low, width: high.map((value, j) => (value > low[j] ? value - low[j] : 1)) };
}

function leastOf(scores: readonly number[]): number | undefined {
  let least: number | undefined;
  scores.forEach((score, i) => {
    if (least === undefined || score < scores[least]) least = i;
  });
  return least;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
