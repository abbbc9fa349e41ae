import { BitbudgetError } from '../core/errors.ts';
import { upperValue } from '../cost/metric-values.ts';
import { COST_METRICS, type Cost, type CostMetric } from '../cost/types.ts';

/**
 * Hard upper bounds, in the metric's own unit. A name is a metric, which then holds on every device, or a metric and a
 * device: `latencyMs@rpi4`.
 */
export type Budgets = Readonly<Partial<Record<BudgetName, number>>>;
export type BudgetName = CostMetric | `${CostMetric}@${string}`;

/**
 * The name of a budget.
 *
 * @example budgetName('latencyMs', 'rpi4') // => 'latencyMs@rpi4'
 */
export function budgetName(metric: CostMetric, device?: string): BudgetName {
  return device === undefined ? metric : `${metric}@${device}`;
}

/**
 * The metric and the device of a budget's name.
 *
 * @example splitBudgetName('ramBytes@rpi4') // => { metric: 'ramBytes', device: 'rpi4' }
 */
export function splitBudgetName(name: BudgetName): { metric: CostMetric; device?: string } {
  const at = name.indexOf('@');
  if (at < 0) return { metric: name as CostMetric };
  return { metric: name.slice(0, at) as CostMetric, device: name.slice(at + 1) };
}

/** A budget as a list that loops can go through. */
export function budgetEntries(budgets: Budgets): [BudgetName, number][] {
  return (Object.entries(budgets) as [BudgetName, number | undefined][]).flatMap(([name, limit]) =>
    limit === undefined ? [] : [[name, limit]],
  );
}

/**
 * The number of a cost that a budget is about: on its device, or the largest of all devices.
 *
 * @param confidence 0 for the prediction itself; above, the upper end of the interval of that confidence.
 * @throws {BitbudgetError} `usage` for a device that the cost knows nothing of.
 */
export function budgetedValue(cost: Cost, name: BudgetName, confidence = 0): number {
  const { metric, device } = splitBudgetName(name);
  if (device === undefined) {
    if (!cost.byDevice) return upperValue(cost, metric, confidence);
    let largest = 0;
    for (const own of Object.values(cost.byDevice)) largest = Math.max(largest, upperValue(own, metric, confidence));
    return largest;
  }
  const own = cost.byDevice?.[device];
  if (own) return upperValue(own, metric, confidence);
  const known = Object.keys(cost.byDevice ?? {}).join(', ') || 'one, without a name';
  throw new BitbudgetError('usage', `There is no table of the device "${device}".`, `Devices are ${known}.`);
}

/**
 * By how much a cost breaks its budgets: the sum of the relative excesses; 0 within all of them.
 *
 * @example budgetViolation({ latencyMs: { value: 3, low: 3, high: 3 }, energyMj: { value: 1, low: 1, high: 1, source: 'model' }, sizeBytes: 4, ramBytes: 5, macs: 6, bitOps: 7, parameters: 8 }, { latencyMs: 2, sizeBytes: 4 }) // => 0.5
 */
export function budgetViolation(cost: Cost, budgets: Budgets, confidence = 0): number {
  let violation = 0;
  for (const [name, limit] of budgetEntries(budgets)) {
    const value = budgetedValue(cost, name, confidence);
    if (value > limit) violation += (value - limit) / limit;
  }
  return violation;
}

/** The budgets that a cost breaks, by name. */
export function brokenBudgets(cost: Cost, budgets: Budgets, confidence = 0): BudgetName[] {
  return budgetEntries(budgets).flatMap(([name, limit]) =>
    budgetedValue(cost, name, confidence) > limit ? [name] : [],
  );
}

/** How much of one budget a candidate uses. */
export interface BudgetUse {
  budget: BudgetName;
  limit: number;
  value: number;
  /** Of the limit that is left, below 0 where the budget is broken. */
  slack: number;
}

/**
 * How much of each budget a cost uses, the one that leaves least first: what binds stands at the head.
 *
 * @example budgetUse({ latencyMs: { value: 3, low: 3, high: 3 }, energyMj: { value: 1, low: 1, high: 1, source: 'model' }, sizeBytes: 4, ramBytes: 5, macs: 6, bitOps: 7, parameters: 8 }, { latencyMs: 12, sizeBytes: 4 }).map(({ slack }) => slack) // => [0, 0.75]
 */
export function budgetUse(cost: Cost, budgets: Budgets, confidence = 0): BudgetUse[] {
  const uses = budgetEntries(budgets).map(([budget, limit]) => {
    const value = budgetedValue(cost, budget, confidence);
    return { budget, limit, value, slack: 1 - value / limit };
  });
  return uses.sort((a, b) => a.slack - b.slack);
}

/**
 * What is used of each budget as part of a sentence.
 *
 * @example describeBudgetUse([{ budget: 'macs', limit: 200, value: 150, slack: 0.25 }]) // => '75.0% of 200 MACs'
 */
export function describeBudgetUse(uses: readonly BudgetUse[]): string {
  return uses
    .map(({ budget, limit, slack }) => `${(100 * (1 - slack)).toFixed(1)}% of ${describeMetric(budget, limit)}`)
    .join(', ');
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
 * A value with its unit, and its device where the budget names one. What is rounded is rounded up, so that a minimum
 * that is named can be asked for.
 *
 * @example describeMetric('sizeBytes', 2048) // => '2.00 KiB of weights'
 */
export function describeMetric(name: BudgetName, value: number): string {
  const { metric, device } = splitBudgetName(name);
  const { unit, per, digits } = UNITS[metric];
  const step = 10 ** digits;
  let steps = Math.ceil((value / per) * step - 1e-9); // 0.07 · 10⁴ is a little above 700
  if ((steps / step) * per < value) steps++;
  return `${(steps / step).toFixed(digits)} ${unit}${device === undefined ? '' : ` on ${device}`}`;
}

/**
 * Whether a text names a metric.
 *
 * @example isCostMetric('latencyMs') // => true
 */
export function isCostMetric(text: string): text is CostMetric {
  return (COST_METRICS as readonly string[]).includes(text);
}
