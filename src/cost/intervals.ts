import type { EnergyMeter, Lut } from '../lut/schema.ts';
import type { FactKind } from './device.ts';
import type { Estimate } from './types.ts';

/**
 * Half-width, relative to the prediction, that is assumed for a table that was never compared with whole networks: the
 * largest error seen when layers are measured one by one (docs/cost-model.md).
 */
export const UNVALIDATED_RELATIVE_ERROR = 0.131;

/** Relative half-width (95%) of a device's number by how it is known. */
export const FACT_RELATIVE_ERROR: Readonly<Record<FactKind, number>> = { measured: 0.15, datasheet: 0.3, assumed: 0.5 };

/**
 * Relative half-width (95%) of what a meter itself is wrong by, whatever the samples: judgements, see docs/energy.md.
 */
export const METER_RELATIVE_ERROR: Readonly<Record<EnergyMeter, number>> = {
  rapl: 0.05,
  pmic: 0.05,
  hwmon: 0.05,
  battery: 0.1,
  'usb-meter': 0.02,
  model: 0.5,
};

/** Half-width of what kernels take in a loop against in a network, where no whole network was measured. */
export const UNCHECKED_ENERGY_ERROR = 0.1;

/** The part of a measured energy's uncertainty that comes from summing kernels measured in loops, relative to the sum. */
export function summedEnergyError({ protocol }: Pick<Lut, 'protocol'>): number {
  const median = protocol.energyMedianRelativeError;
  // of errors around zero 95% lie within three times the median size
  return typeof median === 'number' ? 3 * median : UNCHECKED_ENERGY_ERROR;
}

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

/** The confidence that all intervals of this folder have. */
const OWN_CONFIDENCE = 0.95;
const FACTORS = new Map<number, number>();

/**
 * How many half-widths of a 95% interval the interval of another confidence reaches, for normal errors.
 *
 * @param confidence above 0 and below 1.
 * @example intervalFactor(0.95) // => 1
 */
export function intervalFactor(confidence: number): number {
  let factor = FACTORS.get(confidence);
  if (factor === undefined) {
    factor = halfWidth(confidence) / halfWidth(OWN_CONFIDENCE);
    FACTORS.set(confidence, factor);
  }
  return factor;
}

/** Standard deviations z with P(|error| < z) = confidence, by bisection; arithmetic alone, so the same everywhere. */
function halfWidth(confidence: number): number {
  let low = 0;
  let high = 8;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (centralShare(middle) < confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|error| < z) = 2·φ(z)·(z + z³/3 + z⁵/(3·5) + …), with φ from the series of its reciprocal: all terms positive. */
function centralShare(z: number): number {
  let term = z;
  let sum = 0;
  for (let k = 1; k < 400 && term > 1e-17 * sum; k++) {
    sum += term;
    term *= (z * z) / (2 * k + 1);
  }
  let power = 1;
  let exponential = 0;
  for (let k = 1; k < 400 && power > 1e-17 * exponential; k++) {
    exponential += power;
    power *= (z * z) / 2 / k;
  }
  return (2 * sum) / (exponential * SQRT_TWO_PI);
}

const SQRT_TWO_PI = 2.5066282746310002;
