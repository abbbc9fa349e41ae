import type { Lut } from '../lut/schema.ts';
import type { FactKind } from './device.ts';
import type { Estimate } from './types.ts';

/**
 * Half-width, relative to the prediction, that is assumed for a table that was never compared with whole networks: the
 * largest error seen when layers are measured one by one (docs/cost-model.md).
 */
export const UNVALIDATED_RELATIVE_ERROR = 0.131;

/** Relative half-width (95%) of a device's number by how it is known. */
export const FACT_RELATIVE_ERROR: Readonly<Record<FactKind, number>> = { measured: 0.15, datasheet: 0.3, assumed: 0.5 };

/** Relative half-width (95%) of an energy meter: processor counters and shunt monitors agree with wall meters to a few percent. */
export const METER_RELATIVE_ERROR = 0.05;

/**
 * The part of a prediction's uncertainty that more samples do not shrink, relative to the prediction.
 *
 * @example systematicRelativeError({ validation: null }) // => 0.131
 */
export function systematicRelativeError(lut: Pick<Lut, 'validation'>): number {
  return lut.validation?.p95RelativeError ?? UNVALIDATED_RELATIVE_ERROR;
}

/**
 * A value with independent errors combined in quadrature; the lower end never falls below zero.
 *
 * @param errors pairs of half-widths (below, above) in the unit of the value.
 * @example estimateOf(10, [[3, 0.3], [4, 0.4]]) // => { value: 10, low: 5, high: 10.5 }
 */
export function estimateOf(value: number, errors: readonly (readonly [below: number, above: number])[]): Estimate {
  let below = 0;
  let above = 0;
  for (const error of errors) {
    below += error[0] * error[0];
    above += error[1] * error[1];
  }
  return { value, low: Math.max(0, value - Math.sqrt(below)), high: value + Math.sqrt(above) };
}
