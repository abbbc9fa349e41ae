import { intervalFactor } from './intervals.ts';
import type { Cost, CostMetric } from './types.ts';

/**
 * The number of a metric that budgets and objectives are about: the value of an estimate, not its interval.
 *
 * @example metricValue({ latencyMs: { value: 2, low: 1, high: 3 }, energyMj: { value: 1, low: 1, high: 1, source: 'model' }, sizeBytes: 4, ramBytes: 5, macs: 6, bitOps: 7, parameters: 8 }, 'latencyMs') // => 2
 */
export function metricValue(cost: Cost, metric: CostMetric): number {
  const quantity = cost[metric];
  return typeof quantity === 'number' ? quantity : quantity.value;
}

/**
 * A metric that a budget is about: at a confidence above 0 the upper end of the interval that holds the true value so
 * often, at 0.95 the `high` of an estimate. What is known exactly has no interval.
 *
 * @example upperValue({ latencyMs: { value: 2, low: 1, high: 3 }, energyMj: { value: 1, low: 1, high: 1, source: 'model' }, sizeBytes: 4, ramBytes: 5, macs: 6, bitOps: 7, parameters: 8 }, 'latencyMs', 0.95) // => 3
 */
export function upperValue(cost: Cost, metric: CostMetric, confidence: number): number {
  const quantity = cost[metric];
  if (typeof quantity === 'number') return quantity;
  if (confidence === 0) return quantity.value;
  return quantity.value + (quantity.high - quantity.value) * intervalFactor(confidence);
}
