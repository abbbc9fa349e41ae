import type { InputMoments } from './moments.ts';

/** Passes over the weights of a channel; a pass without a change ends it sooner. */
const PASSES = 24;

/** One output channel's weights in units of their scale. */
export interface RoundingProblem {
  /** K real weights over the scale. */
  weights: Float64Array;
  /** Integers that they may become. */
  low: number;
  high: number;
}

/**
 * Learned rounding: which weights go up and which go down is decided together, so that the layer's output changes least,
 * E[(Σ(q − w)·x)²] = (q − w)ᵀ·E[x·xᵀ]·(q − w), instead of each weight's own error. AdaRound states this as a quadratic
 * problem of one bit a weight and relaxes it for gradient descent; here it is descended exactly, one weight at a time, each
 * step taken where it helps most, from rounding to nearest. No worse than that, and the same on every engine.
 *
 * @param start integers to begin from; changed in place and returned.
 * @param group which of the layer's groups the channel belongs to.
 * @see Nagel et al., Up or Down? Adaptive Rounding for Post-Training Quantization, ICML 2020, equation 20.
 */
export function roundTogether(
  { weights, low, high }: RoundingProblem,
  { products, inputs }: InputMoments,
  group: number,
  start: Int8Array,
): Int8Array {
  const at = group * inputs * inputs;
  const gradient = new Float64Array(inputs); // of half the error, by each integer
  for (let j = 0; j < inputs; j++) {
    const difference = start[j] - weights[j];
    if (difference === 0) continue;
    const row = at + j * inputs;
    for (let i = 0; i < inputs; i++) gradient[i] += difference * products[row + i];
  }
  for (let step = 0; step < PASSES * inputs; step++) {
    let best = -1;
    let bestGain = 0;
    for (let i = 0; i < inputs; i++) {
      const move = otherSide(weights[i], start[i]) - start[i];
      const target = start[i] + move;
      if (move === 0 || target < low || target > high) continue;
      const gain = -(2 * move * gradient[i] + move * move * products[at + i * inputs + i]);
      if (gain > bestGain) {
        bestGain = gain;
        best = i;
      }
    }
    if (best < 0) break;
    const move = otherSide(weights[best], start[best]) - start[best];
    start[best] += move;
    const row = at + best * inputs;
    for (let i = 0; i < inputs; i++) gradient[i] += move * products[row + i];
  }
  return start;
}

/** The integer on the other side of a real weight; the same one where the weight is whole or was clipped. */
function otherSide(weight: number, integer: number): number {
  if (integer - weight > 0 && integer - weight < 1) return integer - 1;
  return weight - integer > 0 && weight - integer < 1 ? integer + 1 : integer;
}
