import type { Scheme } from '../quant/scheme.ts';
import { intervalFactor } from './intervals.ts';

/** A predicted quantity with its 95% interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** `measured`: summed from a meter's readings in the table; `model`: from the power figures of `devices/*.json`. */
export type EnergySource = 'measured' | 'model';

/** What a candidate costs on one device. */
export interface Cost {
  latencyMs: Estimate;
  /** Of one inference, above idle. */
  energyMj: Estimate & { source: EnergySource };
  /** Weights at their own bits, biases and scales at 32 bits. */
  sizeBytes: number;
  /** Peak of activations and kernel scratch, from the memory plan; worked out when it is first read. */
  readonly ramBytes: number;
  macs: number;
  /** Σ MACs · weight bits · activation bits. */
  bitOps: number;
  /** Learned numbers before batch norm is folded. */
  parameters: number;
  /** QuantEA's measure of work: Σ MACs · (weight bits + activation bits) / 32 over quantized layers, MACs of f32 ones. */
  flops?: number;
  /** QuantEA's measure of size: learned numbers in units of 32 bits, weights of quantized layers at their own bits. */
  weightedParameters?: number;
  /** Where several devices were asked for: what the candidate costs on each, this one included. */
  byDevice?: Readonly<Record<string, Cost>>;
}

/** The part of a cost that is the same on every device. */
export type Work = Pick<Cost, 'sizeBytes' | 'macs' | 'bitOps'>;

/** Names of the metrics that may be budgeted or minimised. */
export type CostMetric = 'latencyMs' | 'energyMj' | 'sizeBytes' | 'ramBytes' | 'macs' | 'bitOps';

export const COST_METRICS: readonly CostMetric[] = ['latencyMs', 'energyMj', 'sizeBytes', 'ramBytes', 'macs', 'bitOps'];

/** Prices candidates of one network on one device; throws `missing-entry` for what the table does not hold. */
export interface CostModel {
  /** The searchable layers (those with weights) in execution order. */
  readonly layers: readonly string[];
  /**
   * @param schemes one for each of `layers`.
   * @throws {BitbudgetError} `missing-entry` for a workload that was never measured, `usage` for a scheme that no layer
   * with weights can have, `input` for the wrong number of schemes.
   */
  estimate(schemes: readonly Scheme[]): Cost;
  /** Keys of the table's entries that a candidate's price is made of, one for each executed layer. */
  keys(schemes: readonly Scheme[]): string[];
  /** The same scheme everywhere, but for the first and the last layer: w8a8 by default (f32 for f32). */
  uniform(scheme: Scheme, firstAndLast?: Scheme): Scheme[];
}

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
