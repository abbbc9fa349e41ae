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

/** conv2d and dense (a 1 × 1 convolution of one pixel), integer or f32. */
export function referenceConvolution(layer: LayerArithmetic, input: Elements, residual?: Elements): Elements {
  const w = layer.workload;
  const [outHeight, outWidth] = outputSize(w);
  const output = emptyOutput(layer, outHeight * outWidth * w.outChannels);
  const compute = layer.scheme === 'f32' ? realElement : integerElement;
  let at = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < w.outChannels; c++, at++) output[at] = compute(layer, input, residual, y, x, c, at);
    }
  }
  return output;
}

/** Calls `visit` for each weight of an output element in the order ky, kx, channel; `index` is −1 in the padding. */
function forEachTap(
  layer: LayerArithmetic,
  y: number,
  x: number,
  c: number,
  visit: (index: number, weight: number) => void,
): void {
  const { kernel, stride, padding, dilation, height, width, inChannels, outChannels, groups } = layer.workload;
  const groupChannels = inChannels / groups;
  const first = Math.floor(c / (outChannels / groups)) * groupChannels;
  let weight = c * kernel[0] * kernel[1] * groupChannels;
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const iy = y * stride[0] + ky * dilation[0] - padding[0];
      const ix = x * stride[1] + kx * dilation[1] - padding[3];
      const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
      for (let i = first; i < first + groupChannels; i++, weight++) {
        visit(inside ? (iy * width + ix) * inChannels + i : -1, layer.weights![weight]);
      }
    }
  }
}

function integerElement(
  layer: LayerArithmetic,
  input: Elements,
  residual: Elements | undefined,
  y: number,
  x: number,
  c: number,
  at: number,
): number {
  let accumulator = layer.bias?.[c] ?? 0;
  forEachTap(layer, y, x, c, (index, weight) => {
    if (index >= 0) accumulator += kernelInput(layer, input, index) * weight;
  });
  assert(accumulator === (accumulator | 0), `the accumulator of ${layer.name} fits int32`);
  let v = fround(fround(accumulator) * layer.multiplier![c]);
  if (residual) {
    const r = readInteger(residual, at, layer.residual!);
    v = fround(v + fround(r * fround(layer.residualMultiplier!)));
  }
  return writeScaled(layer, v);
}

/** The integer that multiplies a weight: rescaled where that is set, zero point taken off. */
function kernelInput(layer: LayerArithmetic, input: Elements, index: number): number {
  if (!layer.rescale) return readInteger(input, index, layer.input);
  assert(layer.input.type === 'u8', 'a shared input is u8');
  return rescaleElement(input[index], layer.input.zeroPoint, layer.rescale) - layer.rescale.zeroPoint;
}

function realElement(
  layer: LayerArithmetic,
  input: Elements,
  residual: Elements | undefined,
  y: number,
  x: number,
  c: number,
  at: number,
): number {
  let accumulator = layer.bias?.[c] ?? 0;
  forEachTap(layer, y, x, c, (index, weight) => {
    const value = index < 0 ? 0 : readReal(input, index, layer.input);
    accumulator = fround(accumulator + fround(value * weight));
  });
  if (residual) accumulator = fround(accumulator + readReal(residual, at, layer.residual!));
  return writeReal(layer, accumulator);
}
