import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmKernels } from './wasm-kernels.ts';

/** Geometry of a convolution without dilation, NHWC, filter [height][width][in][out], as tfjs works it out. */
export type Geometry = backend_util.Conv2DInfo;

/** The parameter blocks of assembly/training, field by field; a test compares them with the sources. */
export const CORRELATE_FIELDS = [
  'batch',
  'source',
  'sourceHeight',
  'sourceWidth',
  'channels',
  'padTop',
  'padLeft',
  'padded',
  'paddedHeight',
  'paddedWidth',
  'filter',
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'startY',
  'startX',
  'output',
  'outHeight',
  'outWidth',
  'outChannels',
  'outPixelStep',
  'outRowStep',
  'outImageStep',
] as const;

export const PACK_FIELDS = [
  'filter',
  'kernelWidth',
  'inChannels',
  'outChannels',
  'packed',
  'tapsY',
  'tapsX',
  'phaseY',
  'phaseX',
  'strideHeight',
  'strideWidth',
] as const;

export const FILTER_GRADIENT_FIELDS = [
  'batch',
  'source',
  'sourceHeight',
  'sourceWidth',
  'channels',
  'padTop',
  'padLeft',
  'padded',
  'paddedHeight',
  'paddedWidth',
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'outputGradient',
  'outHeight',
  'outWidth',
  'outChannels',
  'widened',
  'sums',
  'filterGradient',
] as const;

export const FLOAT_BYTES = 4;

/** Channels come in panels of eight. */
const roundUp8 = (channels: number) => Math.ceil(channels / 8) * 8;

/** What the forward pass and the filter gradient say alike about the input and the window. */
export function window(g: Geometry) {
  const paddedHeight = Math.max(g.padInfo.top + g.inHeight, (g.outHeight - 1) * g.strideHeight + g.filterHeight);
  const paddedWidth = Math.max(g.padInfo.left + g.inWidth, (g.outWidth - 1) * g.strideWidth + g.filterWidth);
  return {
    batch: g.batchSize,
    sourceHeight: g.inHeight,
    sourceWidth: g.inWidth,
    channels: g.inChannels,
    padTop: g.padInfo.top,
    padLeft: g.padInfo.left,
    paddedHeight,
    paddedWidth,
    kernelHeight: g.filterHeight,
    kernelWidth: g.filterWidth,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
    outHeight: g.outHeight,
    outWidth: g.outWidth,
    outChannels: g.outChannels,
  };
}

/** The convolution of x [n][inHeight][inWidth][inChannels] with a filter, as a new tensor. */
export function convolve(kernels: WasmKernels, x: TensorInfo, filter: TensorInfo, g: Geometry): TensorInfo {
  const output = kernels.allocate(g.outShape);
  const common = window(g);
  const taps = g.filterHeight * g.filterWidth * g.inChannels;
  const [packed, padded] = kernels.scratch(
    taps * roundUp8(g.outChannels) * FLOAT_BYTES,
    common.paddedHeight * common.paddedWidth * g.inChannels * FLOAT_BYTES,
  );
  kernels.run('f32_pack_filter', PACK_FIELDS, {
    filter: kernels.address(filter),
    kernelWidth: g.filterWidth,
    inChannels: g.inChannels,
    outChannels: g.outChannels,
    packed,
    tapsY: g.filterHeight,
    tapsX: g.filterWidth,
    phaseY: 0,
    phaseX: 0,
    strideHeight: 1,
    strideWidth: 1,
  });
  const outPixelStep = g.outChannels * FLOAT_BYTES;
  kernels.run('f32_correlate', CORRELATE_FIELDS, {
    ...common,
    source: kernels.address(x),
    padded,
    filter: packed,
    startY: 0,
    startX: 0,
    output: kernels.address(output),
    outPixelStep,
    outRowStep: g.outWidth * outPixelStep,
    outImageStep: g.outHeight * g.outWidth * outPixelStep,
  });
  return output;
}

/** The gradient with respect to the filter [height][width][in][out], as a new tensor. */
export function filterGradient(kernels: WasmKernels, x: TensorInfo, dy: TensorInfo, g: Geometry): TensorInfo {
  const gradient = kernels.allocate(g.filterShape);
  const common = window(g);
  const wideBytes = roundUp8(g.outChannels) * FLOAT_BYTES;
  const [padded, widened, sums] = kernels.scratch(
    common.paddedHeight * common.paddedWidth * g.inChannels * FLOAT_BYTES,
    g.outChannels % 8 === 0 ? 0 : g.outHeight * g.outWidth * wideBytes,
    g.filterHeight * g.filterWidth * g.inChannels * wideBytes,
  );
  kernels.run('f32_filter_gradient', FILTER_GRADIENT_FIELDS, {
    ...common,
    source: kernels.address(x),
    padded,
    outputGradient: kernels.address(dy),
    widened,
    sums,
    filterGradient: kernels.address(gradient),
  });
  return gradient;
}

/** The inputs along one axis whose distance to the windows' start leaves the same remainder by the stride. */
export interface Phase {
  /** The remainder: these inputs meet the taps phase, phase + stride, … */
  phase: number;
  /** How many taps that are. */
  taps: number;
  /** The first such input, and how many there are, one every stride. */
  first: number;
  count: number;
  /** The last output that the first of them takes part in. */
  start: number;
}

/**
 * Splits the inputs of one axis by the taps that reach them. Input i and tap k belong to output (i + padding − k) / stride,
 * so only taps with k ≡ i + padding modulo the stride count.
 *
 * @example phasesOf(5, 3, 2, 1) // => [{ phase: 0, taps: 2, first: 1, count: 2, start: 1 }, { phase: 1, taps: 1, first: 0, count: 3, start: 0 }]
 */
export function phasesOf(size: number, kernel: number, stride: number, padding: number): Phase[] {
  return Array.from({ length: stride }, (_, phase) => {
    const first = (((phase - padding) % stride) + stride) % stride;
    return {
      phase,
      taps: Math.max(0, Math.ceil((kernel - phase) / stride)),
      first,
      count: Math.max(0, Math.ceil((size - first) / stride)),
      start: (first + padding - phase) / stride,
    };
  });
}

/**
 * The gradient with respect to x, as a new tensor: for each phase of the stride the output's gradient is correlated with
 * the taps of that phase turned round, so no multiplication is spent on the zeros between strided outputs.
 */
export function inputGradient(kernels: WasmKernels, dy: TensorInfo, filter: TensorInfo, g: Geometry): TensorInfo {
  const gradient = kernels.allocate(g.inShape);
  const rows = phasesOf(g.inHeight, g.filterHeight, g.strideHeight, g.padInfo.top);
  const columns = phasesOf(g.inWidth, g.filterWidth, g.strideWidth, g.padInfo.left);
  if ([...rows, ...columns].some((phase) => phase.taps === 0)) kernels.view(gradient).fill(0);
  for (const row of rows) {
    for (const column of columns) {
      const some = row.taps * column.taps * row.count * column.count > 0;
      if (some) inputGradientPhase(kernels, dy, filter, g, gradient, row, column);
    }
  }
  return gradient;
}

function inputGradientPhase(
  kernels: WasmKernels,
  dy: TensorInfo,
  filter: TensorInfo,
  g: Geometry,
  gradient: TensorInfo,
  row: Phase,
  column: Phase,
): void {
  const paddedHeight = Math.max(row.taps - 1 + g.outHeight, row.start + row.count - 1 + row.taps);
  const paddedWidth = Math.max(column.taps - 1 + g.outWidth, column.start + column.count - 1 + column.taps);
  const [packed, padded] = kernels.scratch(
    row.taps * column.taps * g.outChannels * roundUp8(g.inChannels) * FLOAT_BYTES,
    paddedHeight * paddedWidth * g.outChannels * FLOAT_BYTES,
  );
  kernels.run('f32_pack_turned_filter', PACK_FIELDS, {
    filter: kernels.address(filter),
    kernelWidth: g.filterWidth,
    inChannels: g.inChannels,
    outChannels: g.outChannels,
    packed,
    tapsY: row.taps,
    tapsX: column.taps,
    phaseY: row.phase,
    phaseX: column.phase,
    strideHeight: g.strideHeight,
    strideWidth: g.strideWidth,
  });
  const pixelBytes = g.inChannels * FLOAT_BYTES;
  kernels.run('f32_correlate', CORRELATE_FIELDS, {
    batch: g.batchSize,
    source: kernels.address(dy),
    sourceHeight: g.outHeight,
    sourceWidth: g.outWidth,
    channels: g.outChannels,
    padTop: row.taps - 1,
    padLeft: column.taps - 1,
    padded,
    paddedHeight,
    paddedWidth,
    filter: packed,
    kernelHeight: row.taps,
    kernelWidth: column.taps,
    strideHeight: 1,
    strideWidth: 1,
    startY: row.start,
    startX: column.start,
    output: kernels.address(gradient) + (row.first * g.inWidth + column.first) * pixelBytes,
    outHeight: row.count,
    outWidth: column.count,
    outChannels: g.inChannels,
    outPixelStep: g.strideWidth * pixelBytes,
    outRowStep: g.strideHeight * g.inWidth * pixelBytes,
    outImageStep: g.inHeight * g.inWidth * pixelBytes,
  });
}
