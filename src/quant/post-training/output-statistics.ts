import type { InputMoments } from './moments.ts';

/** Mean and variance of Σ w·x over a layer's inputs, from their moments. */
export function outputStatistics(
  weights: ArrayLike<number>,
  { mean, products, inputs }: InputMoments,
  group: number,
): { mean: number; variance: number } {
  let first = 0;
  let second = 0;
  for (let i = 0; i < inputs; i++) {
    first += weights[i] * mean[group * inputs + i];
    const row = (group * inputs + i) * inputs;
    let sum = 0;
    for (let j = 0; j < inputs; j++) sum += products[row + j] * weights[j];
    second += weights[i] * sum;
  }
  return { mean: first, variance: Math.max(0, second - first * first) };
}

/** Channels whose quantized output hardly varies keep their scale: there is nothing to bring back. */
const LEAST_RATIO = 1e-3;

/**
 * Bias correction: quantization errors of the weights move a channel's mean by E[(q − w)·x]; the bias takes that back.
 *
 * @returns what is to be added to the real bias.
 * @see Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section 4.2.
 */
export function biasCorrection(
  real: ArrayLike<number>,
  quantized: ArrayLike<number>,
  moments: InputMoments,
  group: number,
): number {
  let shift = 0;
  for (let i = 0; i < moments.inputs; i++) shift += (real[i] - quantized[i]) * moments.mean[group * moments.inputs + i];
  return shift;
}

/**
 * Re-estimation of batch norm: had the normalisation after this layer been observed on the quantized weights, it would have
 * divided by their deviation and taken off their mean. With the normalisation folded, that is a factor on the channel's
 * scale and a shift of its bias, both from the moments of the inputs.
 *
 * @returns the factor σ/σ̂ and what is to be added to the real bias.
 * @see Hubara et al., Accurate Post Training Quantization With Small Calibration Sets, ICML 2021 (batch-normalization tuning).
 */
export function batchNormCorrection(
  real: ArrayLike<number>,
  quantized: ArrayLike<number>,
  moments: InputMoments,
  group: number,
): { factor: number; shift: number } {
  const wanted = outputStatistics(real, moments, group);
  const found = outputStatistics(quantized, moments, group);
  const factor = found.variance > LEAST_RATIO * wanted.variance ? Math.sqrt(wanted.variance / found.variance) : 1;
  return { factor, shift: wanted.mean - factor * found.mean };
}
