import type { IntegerWeights } from '../types.ts';
import { type Place, unsupportedLayer } from './failures.ts';
import { isSoundScale } from './limits.ts';

/** Quantized constants as a model file has them. */
export interface QuantizedConstant {
  values: ArrayLike<number>;
  /** One, or one an output channel. */
  scales: ArrayLike<number>;
  zeroPoints: ArrayLike<number>;
}

const LARGEST_SUM = 2 ** 31 - 1;
/** Up to so many weights a channel no kernel's bound, each of which is proven for ±127, comes near 128 times as many. */
const SAFE_WITH_128 = 1000;

/**
 * A layer's weights without zero points: those that have one lose it (w − z) as long as the difference is a weight too.
 *
 * @param weights output channel first.
 * @param bias int32 in units of input scale · weight scale; zeros unless given.
 * @throws {BitbudgetError} `unsupported` for weights beyond ±128 once their zero point is off, and for sums that could
 * leave 32 bits.
 */
export function integerWeights(
  place: Place,
  weights: QuantizedConstant,
  outChannels: number,
  inputScale: number,
  bias?: ArrayLike<number>,
): IntegerWeights {
  const { length } = weights.values;
  const perChannel = length / outChannels;
  const at = (list: ArrayLike<number>, channel: number) => list[list.length === 1 ? 0 : channel];
  const counts = [weights.scales.length, weights.zeroPoints.length];
  if (counts.some((count) => count !== 1 && count !== outChannels) || (bias && bias.length !== outChannels)) {
    const problem = `has ${counts.join(' and ')} scales and zero points${bias ? ` and ${bias.length} biases` : ''} for ${outChannels} channels`;
    throw unsupportedLayer(place, problem, 'Quantize its weights with one scale, or one for each output channel.');
  }
  const unsound = [inputScale, ...Array.from(weights.scales)].find((scale) => !isSoundScale(scale));
  if (unsound !== undefined) {
    const problem = `has a scale of ${unsound} for its input or its weights`;
    throw unsupportedLayer(place, problem, 'Quantize it with positive scales between 1e-12 and 1e12.');
  }
  const values = new Int8Array(length);
  const biases = new Int32Array(outChannels);
  for (let channel = 0; channel < outChannels; channel++) {
    const zeroPoint = at(weights.zeroPoints, channel);
    let magnitude = 0;
    for (let i = channel * perChannel; i < (channel + 1) * perChannel; i++) {
      const value = weights.values[i] - zeroPoint;
      if (value < -128 || value > 127) {
        const problem = `has weights with a zero point of ${zeroPoint}, and without it one is ${value}`;
        throw unsupportedLayer(place, problem, 'Quantize its weights symmetrically: 8 bits, zero point 0.');
      }
      values[i] = value;
      magnitude += Math.abs(value);
    }
    const ownBias = bias ? bias[channel] : 0;
    const beyondProof = magnitude > 127 * perChannel && perChannel > SAFE_WITH_128;
    if (beyondProof || !(255 * magnitude + Math.abs(ownBias) <= LARGEST_SUM)) {
      const problem = `has sums that may leave 32 bits, with weights of ${magnitude} together and a bias of ${ownBias}`;
      throw unsupportedLayer(place, problem, 'Check the scales of its input and its weights, and quantize it again.');
    }
    biases[channel] = ownBias;
  }
  const scales = Float64Array.from({ length: outChannels }, (_, channel) => at(weights.scales, channel));
  return { values, scales, bias: biases, inputScale };
}
