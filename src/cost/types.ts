import type { Scheme } from '../quant/scheme.ts';

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
