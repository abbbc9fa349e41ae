import { assert } from '../../core/errors.ts';
import { clamp } from '../../core/rounding.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic, QuantizedFormat } from '../arithmetic.ts';
import { doubleRounded } from '../fixed-point.ts';

/** Bits that TFLite's addition gains before it adds. */
const ADD_SHIFT = 2 ** 20;

/** A layer whose kernel leaves its bare sums as f32: to be finished by {@link finishSums}. */
export function summingLayer(layer: LayerArithmetic): LayerArithmetic {
  assert(!layer.residual && layer.multiplier, `${layer.name} adds nothing to its sums`);
  const multiplier = new Float32Array(layer.multiplier.length).fill(1);
  const open = { clampLow: Number.NEGATIVE_INFINITY, clampHigh: Number.POSITIVE_INFINITY };
  return { ...layer, ...open, multiplier, output: { type: 'f32' } };
}

/**
 * Brings the sums of a convolution or dense layer to bytes in fixed point, rounded twice. Where the product is further from a
 * half than the first rounding can move it, rounding once in doubles gives the same, and is what nearly all of them need.
 */
export function finishSums(layer: LayerArithmetic, sums: Float32Array, output: Uint8Array): void {
  const { multipliers, shifts } = layer.fixedPoint!;
  const { zeroPoint } = unsigned(layer.output);
  const { clampLow, clampHigh } = layer;
  const channels = multipliers.length;
  const reals = Float64Array.from(multipliers, (multiplier, c) => multiplier * 2 ** (shifts[c] - 31));
  const reach = Float64Array.from(shifts, (shift) => 2 ** Math.min(shift, 0) + 1e-6);
  for (let i = 0, c = 0; i < sums.length; i++) {
    const product = sums[i] * reals[c];
    const below = Math.floor(product);
    const aside = product - below - 0.5;
    const doubtful = aside < reach[c] && aside > -reach[c];
    const rounded = doubtful ? doubleRounded(sums[i], multipliers[c], shifts[c]) : below + (aside > 0 ? 1 : 0);
    output[i] = clamp(rounded + zeroPoint, clampLow, clampHigh);
    if (++c === channels) c = 0;
  }
}

/** Both operands at half the larger scale with 20 bits more, added, then brought to the output: three roundings of two each. */
export function addInFixedPoint(layer: LayerArithmetic, a: Uint8Array, b: Uint8Array, output: Uint8Array): void {
  const { multipliers, shifts } = layer.fixedPoint!;
  const { zeroPoint } = unsigned(layer.output);
  const operand = (format: QuantizedFormat, i: number) =>
    Int32Array.from({ length: 256 }, (_, q) =>
      doubleRounded((q - format.zeroPoint) * ADD_SHIFT, multipliers[i], shifts[i]),
    );
  const [first, second] = [operand(unsigned(layer.input), 0), operand(unsigned(layer.residual!), 1)];
  for (let i = 0; i < output.length; i++) {
    const sum = first[a[i]] + second[b[i]];
    output[i] = clamp(doubleRounded(sum, multipliers[2], shifts[2]) + zeroPoint, layer.clampLow, layer.clampHigh);
  }
}

/** The mean of the signed bytes in each window, halves away from zero. */
export function averageInFixedPoint(layer: LayerArithmetic, input: Uint8Array, output: Uint8Array): void {
  const w = layer.workload;
  const [outHeight, outWidth] = outputSize(w);
  let at = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const [top, left] = [y * w.stride[0] - w.padding[0], x * w.stride[1] - w.padding[3]];
      const [y0, y1] = [Math.max(top, 0), Math.min(top + w.kernel[0], w.height)];
      const [x0, x1] = [Math.max(left, 0), Math.min(left + w.kernel[1], w.width)];
      const count = (y1 - y0) * (x1 - x0);
      for (let c = 0; c < w.inChannels; c++, at++) {
        let sum = -128 * count;
        for (let iy = y0; iy < y1; iy++) {
          for (let ix = x0; ix < x1; ix++) sum += input[(iy * w.width + ix) * w.inChannels + c];
        }
        const half = Math.floor(count / 2);
        const mean = Math.trunc((sum > 0 ? sum + half : sum - half) / count);
        output[at] = clamp(mean + 128, layer.clampLow, layer.clampHigh);
      }
    }
  }
}

function unsigned(format: LayerArithmetic['output']): QuantizedFormat {
  assert(format.type === 'u8', 'fixed point stands between u8 tensors');
  return format;
}
