import { assert } from '../../core/errors.ts';
import { calibratedRange, quantizationError, rangeToFormat } from '../../quant/calibration.ts';
import type { QuantizationSource } from '../../quant/quantize.ts';
import type { WeightedLayer } from './tabulate.ts';

/** The weights of a layer as the source holds them, output channel first. */
export function weightsOf({ folded }: QuantizationSource, layer: WeightedLayer): Float32Array {
  const kernel = folded.weights.get(`${layer.name}.kernel`);
  assert(kernel, `weights of ${layer.name} are missing`);
  return kernel;
}

/** Q(W) − W of a layer with weights of so many bits, as its kernel has them, output channel first. */
export function weightErrors(source: QuantizationSource, layer: WeightedLayer, bits: number): Float64Array {
  const kernel = weightsOf(source, layer);
  const { values, scales } = source.weights.quantized(layer.name, layer.outChannels, bits);
  const perChannel = kernel.length / layer.outChannels;
  return Float64Array.from(kernel, (weight, i) => values[i] * scales[Math.floor(i / perChannel)] - weight);
}

/** ‖W − Q(W)‖² of a layer. */
export function squaredWeightError(source: QuantizationSource, layer: WeightedLayer, bits: number): number {
  return sumOfSquares(weightErrors(source, layer, bits));
}

/** The mean squared error of reading a layer's input in so many bits, from calibration's histogram. */
export function activationError({ calibration }: QuantizationSource, layer: WeightedLayer, bits: number): number {
  const [tensor] = layer.inputs;
  const format = rangeToFormat(calibratedRange(calibration, tensor, bits), bits);
  return quantizationError(calibration.statistics.get(tensor)!, format);
}

/** @example sumOfSquares([3, 4]) // => 25 */
export function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/**
 * The noise of rounding to steps of so wide a range in so many bits, error spread evenly over a step: Δ²/12 with
 * Δ = range / (2^bits − 1).
 *
 * @example stepNoise(3, 2) // => 1 / 12
 */
export function stepNoise(range: number, bits: number): number {
  const step = range / (2 ** bits - 1);
  return (step * step) / 12;
}
