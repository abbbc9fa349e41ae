import { assert } from '../../core/errors.ts';
import { outputSize } from '../../network/workload.ts';
import type { LayerArithmetic } from '../arithmetic.ts';
import { type Elements, emptyOutput, greater, readInteger, readReal, writeReal, writeScaled } from './tensors.ts';

const { fround } = Math;

/** averagePool, maxPool and globalAveragePool; windows are cut to the image. */
export function referencePool(layer: LayerArithmetic, input: Elements): Elements {
  const w = layer.workload;
  const global = w.op === 'globalAveragePool';
  const [outHeight, outWidth] = global ? [1, 1] : outputSize(w);
  const [kernelHeight, kernelWidth] = global ? [w.height, w.width] : w.kernel;
  const output = emptyOutput(layer, outHeight * outWidth * w.inChannels);
  let at = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let c = 0; c < w.inChannels; c++, at++) {
        const indices: number[] = [];
        for (let ky = 0; ky < kernelHeight; ky++) {
          for (let kx = 0; kx < kernelWidth; kx++) {
            const iy = y * w.stride[0] + ky - w.padding[0];
            const ix = x * w.stride[1] + kx - w.padding[3];
            const inside = iy >= 0 && iy < w.height && ix >= 0 && ix < w.width;
            if (inside) indices.push((iy * w.width + ix) * w.inChannels + c);
          }
        }
        output[at] = layer.scheme === 'f32' ? poolReals(layer, input, indices) : poolIntegers(layer, input, indices);
      }
    }
  }
  return output;
}

function poolIntegers(layer: LayerArithmetic, input: Elements, indices: number[]): number {
  const values = indices.map((index) => readInteger(input, index, layer.input));
  const multiplier = layer.multiplier![0];
  if (layer.workload.op === 'maxPool') return writeScaled(layer, fround(Math.max(...values) * multiplier));
  const sum = values.reduce((total, v) => total + v, 0);
  return writeScaled(layer, fround(fround(sum) * fround(multiplier / values.length)));
}

function poolReals(layer: LayerArithmetic, input: Elements, indices: number[]): number {
  const values = indices.map((index) => readReal(input, index, layer.input));
  if (layer.workload.op === 'maxPool') {
    return writeReal(
      layer,
      values.reduce((best, v) => greater(best, v)),
    );
  }
  const sum = values.reduce((total, v) => fround(total + v), 0);
  return writeReal(layer, fround(sum / values.length));
}

/** The sum of two tensors of one shape. */
export function referenceAdd(layer: LayerArithmetic, input: Elements, operand: Elements): Elements {
  const output = emptyOutput(layer, input.length);
  for (let i = 0; i < input.length; i++) {
    if (layer.scheme === 'f32') {
      output[i] = writeReal(layer, fround(readReal(input, i, layer.input) + readReal(operand, i, layer.residual!)));
    } else {
      const a = fround(readInteger(input, i, layer.input) * layer.multiplier![0]);
      const b = fround(readInteger(operand, i, layer.residual!) * fround(layer.residualMultiplier!));
      output[i] = writeScaled(layer, fround(a + b));
    }
  }
  return output;
}

/** The channels of two tensors of one height and width, pixel by pixel. */
export function referenceConcat(layer: LayerArithmetic, input: Elements, operand: Elements): Elements {
  const { height, width, inChannels, outChannels } = layer.workload;
  const output = emptyOutput(layer, height * width * outChannels);
  const added = outChannels - inChannels;
  for (let at = 0; at < output.length; at++) {
    const [pixel, c] = [Math.floor(at / outChannels), at % outChannels];
    const first = c < inChannels;
    const [tensor, index] = first ? [input, pixel * inChannels + c] : [operand, pixel * added + c - inChannels];
    const format = first ? layer.input : layer.residual!;
    if (layer.scheme === 'f32') output[at] = writeReal(layer, readReal(tensor, index, format));
    else {
      const multiplier = first ? layer.multiplier![0] : fround(layer.residualMultiplier!);
      output[at] = writeScaled(layer, fround(readInteger(tensor, index, format) * multiplier));
    }
  }
  return output;
}

/** Every stride-th pixel, with channels of zeros before (`padding[3]`) and after. */
export function referenceSubsample(layer: LayerArithmetic, input: Elements): Elements {
  const w = layer.workload;
  const before = w.padding[3];
  const outHeight = Math.ceil(w.height / w.stride[0]);
  const outWidth = Math.ceil(w.width / w.stride[1]);
  const output = emptyOutput(layer, outHeight * outWidth * w.outChannels);
  let at = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const pixel = (y * w.stride[0] * w.width + x * w.stride[1]) * w.inChannels;
      for (let c = 0; c < w.outChannels; c++, at++) {
        const added = c < before || c >= before + w.inChannels;
        output[at] = added ? addedChannel(layer) : subsampledElement(layer, input, pixel + c - before);
      }
    }
  }
  return output;
}

function subsampledElement(layer: LayerArithmetic, input: Elements, index: number): number {
  if (layer.scheme === 'f32') return writeReal(layer, readReal(input, index, layer.input));
  return writeScaled(layer, fround(readInteger(input, index, layer.input) * layer.multiplier![0]));
}

/** A real zero: z in a u8 layer as it is, the clamped and quantized 0 of an f32 layer. */
function addedChannel(layer: LayerArithmetic): number {
  if (layer.scheme === 'f32') return writeReal(layer, 0);
  assert(layer.output.type === 'u8', 'a u8 layer writes u8');
  return layer.output.zeroPoint;
}
