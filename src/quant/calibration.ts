import { BitbudgetError } from '../core/errors.ts';
import { clamp, roundHalfEven } from '../core/rounding.ts';
import type { QuantizedFormat, Rescale } from './arithmetic.ts';
import { activationMaximum } from './scheme.ts';
import type { TensorStatistics } from './statistics.ts';

/**
 * How a tensor's range is chosen: everything seen (`minmax`), all but the outermost 0.05% on each side (`percentile`),
 * or the shrunken range with the smallest mean squared error at the given width (`mse`).
 */
export type CalibrationMethod = 'minmax' | 'percentile' | 'mse';

export const CALIBRATION_METHODS: readonly CalibrationMethod[] = ['minmax', 'percentile', 'mse'];

/** Share of the values that `percentile` leaves outside on each side. */
const OUTSIDE = 0.0005;
/** `mse` tries ranges shrunken to 1/32, 2/32 … 32/32. */
const SHRINK_STEPS = 32;

export interface Range {
  low: number;
  high: number;
}

/** Statistics of every tensor of a folded network, by tensor name, and where they come from. */
export interface Calibration {
  method: CalibrationMethod;
  dataset: string;
  samples: number;
  seed: number;
  statistics: ReadonlyMap<string, TensorStatistics>;
}

/**
 * The range to quantize a tensor over; it always holds 0, so that zero (padding, a rectified value) is exact.
 *
 * @throws {BitbudgetError} `input` if the tensor was never observed or is not finite.
 */
export function calibratedRange(calibration: Calibration, tensor: string, bits: number): Range {
  const seen = calibration.statistics.get(tensor);
  if (!seen || !(Number.isFinite(seen.minimum) && Number.isFinite(seen.maximum))) {
    const problem = `Tensor "${tensor}" has no finite range in the calibration.`;
    throw new BitbudgetError('input', problem, 'Calibrate with at least one image, and check the weights for NaN.');
  }
  const key = calibration.method === 'mse' ? `mse/${bits}` : calibration.method;
  let ranges = RANGES.get(seen);
  if (!ranges) RANGES.set(seen, (ranges = new Map()));
  let range = ranges.get(key);
  if (!range) ranges.set(key, (range = chooseRange(seen, calibration.method, bits)));
  return range;
}

/** Ranges that were already chosen: every candidate of a search asks for the same ones. */
const RANGES = new WeakMap<TensorStatistics, Map<string, Range>>();

function chooseRange(seen: TensorStatistics, method: CalibrationMethod, bits: number): Range {
  if (method === 'percentile') return withZero(percentileRange(seen));
  const full = withZero({ low: seen.minimum, high: seen.maximum });
  return method === 'mse' ? smallestErrorRange(seen, full, bits) : full;
}

function withZero({ low, high }: Range): Range {
  return { low: Math.min(low, 0), high: Math.max(high, 0) };
}

function percentileRange(seen: TensorStatistics): Range {
  const { counts } = seen;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const allowed = total * OUTSIDE;
  let first = 0;
  for (let outside = counts[0]; outside <= allowed && first < counts.length - 1; outside += counts[++first]);
  let last = counts.length - 1;
  for (let outside = counts[last]; outside <= allowed && last > 0; outside += counts[--last]);
  if (first >= last) return { low: seen.minimum, high: seen.maximum };
  return {
    low: first === 0 ? seen.minimum : seen.binCentre(first),
    high: last === counts.length - 1 ? seen.maximum : seen.binCentre(last),
  };
}

function smallestErrorRange(seen: TensorStatistics, full: Range, bits: number): Range {
  let best = full;
  let bestError = Infinity;
  for (let step = SHRINK_STEPS; step >= 1; step--) {
    const factor = step / SHRINK_STEPS;
    const range = { low: full.low * factor, high: full.high * factor };
    const error = quantizationError(seen, rangeToFormat(range, bits));
    if (error < bestError) {
      best = range;
      bestError = error;
    }
  }
  return best;
}

/** Mean squared error of reading a tensor through a format, from its histogram. */
export function quantizationError(seen: TensorStatistics, format: QuantizedFormat): number {
  const top = activationMaximum(format.bits);
  let sum = 0;
  let total = 0;
  for (let bin = 0; bin < seen.counts.length; bin++) {
    const count = seen.counts[bin];
    if (count === 0) continue;
    const value = seen.binCentre(bin);
    const q = clamp(roundHalfEven(value / format.scale) + format.zeroPoint, 0, top);
    const error = (q - format.zeroPoint) * format.scale - value;
    sum += count * error * error;
    total += count;
  }
  return total > 0 ? sum / total : 0;
}

/**
 * The format that spreads 2^bits levels over a range that holds 0; the scale is a single-precision number.
 *
 * @example rangeToFormat({ low: -1, high: 2 }, 2) // => { type: 'u8', scale: 1, zeroPoint: 1, bits: 2 }
 */
export function rangeToFormat({ low, high }: Range, bits: number): QuantizedFormat {
  const top = activationMaximum(bits);
  const scale = Math.fround((high - low) / top) || 1; // a tensor of zeros has any scale
  return { type: 'u8', scale, zeroPoint: clamp(roundHalfEven((0 - low) / scale), 0, top), bits };
}

/** The widest rescaled value that 16-bit lanes hold: 255·multiplier + 2^(shift−1) ≤ 32767. */
const LANE_MAXIMUM = 32767;
const MAXIMUM_SHIFT = 14;

/**
 * Fixes the integers with which a consumer of `bits` bits reads an 8-bit shared tensor, as fine as 16-bit lanes allow,
 * and the scale that they stand for exactly: scale = shared scale · 2^shift / multiplier.
 *
 * @example chooseRescale({ type: 'u8', scale: 1, zeroPoint: 0, bits: 8 }, { low: 0, high: 255 }, 4).rescale // => { multiplier: 120, shift: 11, zeroPoint: 0, bits: 4 }
 */
export function chooseRescale(
  shared: QuantizedFormat,
  range: Range,
  bits: number,
): { rescale: Rescale; scale: number } {
  const wanted = rangeToFormat(range, bits);
  const ratio = shared.scale / wanted.scale;
  for (let shift = MAXIMUM_SHIFT; shift >= 1; shift--) {
    const multiplier = Math.max(1, roundHalfEven(ratio * 2 ** shift));
    if (255 * multiplier + 2 ** (shift - 1) > LANE_MAXIMUM) continue;
    const scale = (shared.scale * 2 ** shift) / multiplier;
    const zeroPoint = clamp(roundHalfEven((0 - range.low) / scale), 0, activationMaximum(bits));
    return { rescale: { multiplier, shift, zeroPoint, bits }, scale };
  }
  const problem = `A range of ${range.low} to ${range.high} cannot be reached from steps of ${shared.scale}.`;
  throw new BitbudgetError('input', problem, 'Calibrate with minmax or percentile instead.');
}
