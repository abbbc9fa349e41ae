import { BitbudgetError } from '../core/errors.ts';
import { costBounds } from '../cost/bounds.ts';
import { type Cost, type CostMetric, type CostModel, metricValue } from '../cost/types.ts';
import type { BitSpace } from './bit-space.ts';

/** Hard upper bounds, in the metric's own unit. */
export type Budgets = Partial<Record<CostMetric, number>>;

/** A budget as a list that loops can go through. */
export function budgetEntries(budgets: Budgets): [CostMetric, number][] {
  return (Object.entries(budgets) as [CostMetric, number | undefined][]).flatMap(([metric, limit]) =>
    limit === undefined ? [] : [[metric, limit]],
  );
}

/**
 * By how much a cost breaks its budgets: the sum of the relative excesses; 0 within all of them.
 *
 * @example budgetViolation({ latencyMs: { value: 3, low: 3, high: 3 }, energyMj: { value: 1, low: 1, high: 1, source: 'model' }, sizeBytes: 4, ramBytes: 5, macs: 6, bitOps: 7, parameters: 8 }, { latencyMs: 2, sizeBytes: 4 }) // => 0.5
 */
export function budgetViolation(cost: Cost, budgets: Budgets): number {
  let violation = 0;
  for (const [metric, limit] of budgetEntries(budgets)) {
    const value = metricValue(cost, metric);
    if (value > limit) violation += (value - limit) / limit;
  }
  return violation;
}

/** The smallest value of each budgeted metric that some candidate of the space reaches, each on its own. */
export function reachableMinimum(space: BitSpace, costModel: CostModel, budgets: Budgets): Record<string, number> {
  const minima: Record<string, number> = {};
  for (const [metric] of budgetEntries(budgets)) minima[metric] = costBounds(costModel, space.choices, metric).low;
  return minima;
}

/**
 * Refuses budgets that no candidate keeps, before anything is evaluated.
 *
 * @throws {BitbudgetError} `infeasible` naming the budget, and the smallest reachable value of every budgeted metric.
 */
export function assertReachable(space: BitSpace, costModel: CostModel, budgets: Budgets): void {
  const reachable = reachableMinimum(space, costModel, budgets);
  for (const [metric, limit] of budgetEntries(budgets)) {
    if (reachable[metric] <= limit) continue;
    const problem = `No candidate keeps a budget of ${describeMetric(metric, limit)}: the smallest reachable value is ${describeMetric(metric, reachable[metric])}.`;
    throw new BitbudgetError(
      'infeasible',
      problem,
      `Raise the budget to at least ${describeMetric(metric, reachable[metric])}.`,
      reachable,
    );
  }
}

const UNITS: Record<CostMetric, { unit: string; per: number; digits: number }> = {
  latencyMs: { unit: 'ms', per: 1, digits: 4 },
  energyMj: { unit: 'mJ', per: 1, digits: 4 },
  sizeBytes: { unit: 'KiB of weights', per: 1024, digits: 2 },
  ramBytes: { unit: 'KiB of RAM', per: 1024, digits: 2 },
  macs: { unit: 'MACs', per: 1, digits: 0 },
  bitOps: { unit: 'bit operations', per: 1, digits: 0 },
};

/**
 * A value with its unit. What is rounded is rounded up, so that a minimum that is named can be asked for.
 *
 * @example describeMetric('sizeBytes', 2048) // => '2.00 KiB of weights'
 */
export function describeMetric(metric: CostMetric, value: number): string {
  const { unit, per, digits } = UNITS[metric];
  const step = 10 ** digits;
  let steps = Math.ceil((value / per) * step - 1e-9); // 0.07 · 10⁴ is a little above 700
  if ((steps / step) * per < value) steps++;
  return `${(steps / step).toFixed(digits)} ${unit}`;
}
