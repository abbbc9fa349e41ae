import { roundHalfEven } from '../../core/rounding.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import { type Elements, readReal } from './tensors.ts';

const { fround } = Math;

/** Softmax over the channels of each pixel: e[i] = exponential(v[i] − max), output e[i] / Σ e, summed in order from 0. */
export function referenceSoftmax(layer: LayerArithmetic, input: Elements): Float32Array {
  const { inChannels } = layer.workload;
  const output = new Float32Array(input.length);
  for (let start = 0; start < input.length; start += inChannels) {
    const values = Array.from({ length: inChannels }, (_, c) => readReal(input, start + c, layer.input));
    const largest = Math.max(...values);
    const exponentials = values.map((v) => exponential(fround(v - largest)));
    const sum = exponentials.reduce((total, e) => fround(total + e), 0);
    for (const [c, e] of exponentials.entries()) output[start + c] = e / sum;
  }
  return output;
}

/** Coefficients of Cephes expf, highest power first. */
const POLYNOMIAL = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
].map(fround);
const LOG2_E = fround(Math.LOG2E);
const LN_2_HIGH = fround(0.693359375);
const LN_2_LOW = fround(-2.1219444e-4);

/**
 * exp(x) for x ≤ 0 in f32 operations alone, so that it is the same on every engine: x = n·ln 2 + r with |r| ≤ ln 2 / 2, a
 * polynomial of degree 5 in r, times 2ⁿ; relative error below 2·10⁻⁷. Below −87, where denormals would soon begin, exp(−87).
 *
 * @example exponential(0) // => 1
 */
export function exponential(x: number): number {
  const from = Math.max(x, -87);
  const n = roundHalfEven(fround(from * LOG2_E));
  const r = fround(fround(from - fround(n * LN_2_HIGH)) - fround(n * LN_2_LOW));
  const p = POLYNOMIAL.reduce((value, coefficient) => fround(fround(value * r) + coefficient));
  const y = fround(fround(fround(p * fround(r * r)) + r) + 1);
  return fround(y * 2 ** n);
}
