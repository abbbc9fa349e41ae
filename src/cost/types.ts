import type { Scheme } from '../quant/scheme.ts';

/** A predicted quantity with its 95% interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export type EnergySource = 'measured' | 'model';

/** What a candidate costs on one device. */
export interface Cost {
  latencyMs: Estimate;
  energyMj: Estimate & { source: EnergySource };
  /** Weights at their own bits, biases and scales at 32 bits. */
  sizeBytes: number;
  /** Peak of activations and kernel scratch, from the memory plan. */
  ramBytes: number;
  macs: number;
  /** Σ MACs · weight bits · activation bits. */
  bitOps: number;
  parameters: number;
}

/** Names of the metrics that may be budgeted or minimised. */
export type CostMetric = 'latencyMs' | 'energyMj' | 'sizeBytes' | 'ramBytes' | 'macs' | 'bitOps';

/** Prices candidates of one network on one device; throws `missing-entry` for what the table does not hold. */
export interface CostModel {
  /** The searchable layers (those with weights) in execution order. */
  readonly layers: readonly string[];
  /** One scheme for each of `layers`. */
  estimate(schemes: readonly Scheme[]): Cost;
}
