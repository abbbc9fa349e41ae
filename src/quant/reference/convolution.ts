import { assert } from '../../core/errors.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import {
  type Elements,
  emptyOutput,
  readInteger,
  readReal,
  rescaleElement,
  writeReal,
  writeScaled,
} from './tensors.ts';

const { fround } = Math;

/** conv2d and dense (a 1 × 1 convolution of one pixel), integer or f32, of any groups and dilation. */
export function referenceConvolution(layer: LayerArithmetic, input: Elements, residual?: Elements): Elements {
  const w = layer.workload;
  const [outHeight, outWidth] = outputSize(w);
  const output = emptyOutput(layer, outHeight * outWidth * w.outChannels);
  const real = layer.scheme === 'f32';
  const values = Float64Array.from(input, (_, i) =>
    real ? readReal(input, i, layer.input) : kernelInput(layer, input, i),
  );
  let at = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < w.outChannels; c++, at++) {
        output[at] = real
          ? finishReal(layer, realSum(layer, values, y, x, c), residual, at)
          : finishInteger(layer, integerSum(layer, values, y, x, c), residual, at);
      }
    }
  }
  return output;
}

/** First element of the input pixel under a tap of the window, in the channel group of output channel `c`; −1 in the padding. */
function pixelUnder(layer: LayerArithmetic, y: number, x: number, c: number, ky: number, kx: number): number {
  const { stride, padding, dilation, height, width, inChannels, outChannels, groups } = layer.workload;
  const iy = y * stride[0] + ky * dilation[0] - padding[0];
  const ix = x * stride[1] + kx * dilation[1] - padding[3];
  if (iy < 0 || iy >= height || ix < 0 || ix >= width) return -1;
  return (iy * width + ix) * inChannels + Math.floor(c / (outChannels / groups)) * (inChannels / groups);
}

/** bias + Σ x·w, exact: the sum is far below 2⁵³. */
function integerSum(layer: LayerArithmetic, values: Float64Array, y: number, x: number, c: number): number {
  const { kernel, inChannels, groups } = layer.workload;
  const weights = layer.weights!;
  const channels = inChannels / groups;
  let weight = c * kernel[0] * kernel[1] * channels;
  let sum = layer.bias?.[c] ?? 0;
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++, weight += channels) {
      const pixel = pixelUnder(layer, y, x, c, ky, kx);
      if (pixel < 0) continue;
      for (let i = 0; i < channels; i++) sum += values[pixel + i] * weights[weight + i];
    }
  }
  assert(sum === (sum | 0), `the accumulator of ${layer.name} fits int32`);
  return sum;
}

/** From the bias on, one rounded product and one rounded sum a weight, in the order ky, kx, channel. */
function realSum(layer: LayerArithmetic, values: Float64Array, y: number, x: number, c: number): number {
  const { kernel, inChannels, groups } = layer.workload;
  const weights = layer.weights!;
  const channels = inChannels / groups;
  let weight = c * kernel[0] * kernel[1] * channels;
  let sum = layer.bias?.[c] ?? 0;
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++, weight += channels) {
      const pixel = pixelUnder(layer, y, x, c, ky, kx);
      for (let i = 0; i < channels; i++) {
        const value = pixel < 0 ? 0 : values[pixel + i];
        sum = fround(sum + fround(value * weights[weight + i]));
      }
    }
  }
  return sum;
}

/** The integer that multiplies a weight: rescaled where that is set, zero point taken off. */
function kernelInput(layer: LayerArithmetic, input: Elements, index: number): number {
  if (!layer.rescale) return readInteger(input, index, layer.input);
  assert(layer.input.type === 'u8', 'a shared input is u8');
  return rescaleElement(input[index], layer.input.zeroPoint, layer.rescale) - layer.rescale.zeroPoint;
}

function finishInteger(layer: LayerArithmetic, sum: number, residual: Elements | undefined, at: number): number {
  const { workload, multiplier } = layer;
  let v = fround(fround(sum) * multiplier![at % workload.outChannels]);
  if (residual) {
    const r = readInteger(residual, at, layer.residual!);
    v = fround(v + fround(r * fround(layer.residualMultiplier!)));
  }
  return writeScaled(layer, v);
}

function finishReal(layer: LayerArithmetic, sum: number, residual: Elements | undefined, at: number): number {
  return writeReal(layer, residual ? fround(sum + readReal(residual, at, layer.residual!)) : sum);
}
