// Gradient of an f32 NHWC convolution with respect to its filter: for each tap k = (ky, kx, input channel) and output
// channel o the sum over images and output pixels p of padded[p · stride + k] · dy[p][o].
//
// A tile of 4 taps × 8 output channels is summed in registers over a block of rows that stays in L1, and added to the
// result [K][channels rounded up to 8], which is copied out at the end.
//
// Error: sums of batch · outHeight · outWidth products, in blocks; |error| ≤ (pixels of a block + blocks) · 2^-24 · Σ|x·dy|.
// Addresses need 4-byte alignment only; nothing is read or written outside the buffers.

import { copyPadded, field } from './correlate';

/** Fields of the parameter block, each an i32 at 4 · index; addresses are in bytes. */
export const enum FilterGradient {
  batch,
  source,
  sourceHeight,
  sourceWidth,
  channels,
  padTop,
  padLeft,
  padded,
  paddedHeight,
  paddedWidth,
  kernelHeight,
  kernelWidth,
  strideHeight,
  strideWidth,
  outputGradient,
  outHeight,
  outWidth,
  outChannels,
  /** Scratch for one image's output gradient with its channels rounded up to 8; used only where they are not. */
  widened,
  /** Scratch [K][channels rounded up to 8]. */
  sums,
  filterGradient,
}

/** Bytes of input and gradient rows that a tile passes over at once. */
const BLOCK_BYTES: i32 = 20480;

export function f32_filter_gradient(parameters: usize): void {
  const batch = field(parameters, FilterGradient.batch);
  const channelBytes = <usize>field(parameters, FilterGradient.channels) << 2;
  const sourceHeight = field(parameters, FilterGradient.sourceHeight);
  const rowBytes = <usize>field(parameters, FilterGradient.sourceWidth) * channelBytes;
  const paddedRowBytes = <usize>field(parameters, FilterGradient.paddedWidth) * channelBytes;
  const padded = <usize>field(parameters, FilterGradient.padded);
  const inside = padded + <usize>field(parameters, FilterGradient.padTop) * paddedRowBytes
    + <usize>field(parameters, FilterGradient.padLeft) * channelBytes;
  const outChannels = field(parameters, FilterGradient.outChannels);
  const wide = <usize>((outChannels + 7) & ~7) << 2;
  const pixels = field(parameters, FilterGradient.outHeight) * field(parameters, FilterGradient.outWidth);
  const widened = <usize>field(parameters, FilterGradient.widened);
  const taps = <usize>(field(parameters, FilterGradient.kernelHeight) * field(parameters, FilterGradient.kernelWidth)
    * field(parameters, FilterGradient.channels));
  const sums = <usize>field(parameters, FilterGradient.sums);
  let source = <usize>field(parameters, FilterGradient.source);
  let gradient = <usize>field(parameters, FilterGradient.outputGradient);
  memory.fill(padded, 0, <usize>field(parameters, FilterGradient.paddedHeight) * paddedRowBytes);
  memory.fill(sums, 0, taps * wide);
  const narrow = (outChannels & 7) != 0;
  if (narrow) memory.fill(widened, 0, <usize>pixels * wide);
  const gradientBytes = <usize>outChannels << 2;
  for (let n = 0; n < batch; n++) {
    copyPadded(source, sourceHeight, rowBytes, inside, paddedRowBytes);
    if (narrow) copyPadded(gradient, pixels, gradientBytes, widened, wide);
    addImage(parameters, paddedRowBytes, channelBytes, narrow ? widened : gradient, wide);
    source += <usize>sourceHeight * rowBytes;
    gradient += <usize>pixels * gradientBytes;
  }
  let out = <usize>field(parameters, FilterGradient.filterGradient);
  for (let k: usize = 0; k < taps; k++) {
    memory.copy(out, sums + k * wide, gradientBytes);
    out += gradientBytes;
  }
}

function addImage(
  parameters: usize, paddedRowBytes: usize, channelBytes: usize, gradient: usize, wide: usize,
): void {
  const outHeight = field(parameters, FilterGradient.outHeight);
  const outWidth = field(parameters, FilterGradient.outWidth);
  const kernelHeight = field(parameters, FilterGradient.kernelHeight);
  const run = <usize>field(parameters, FilterGradient.kernelWidth) * channelBytes;
  const pixelStep = <usize>field(parameters, FilterGradient.strideWidth) * channelBytes;
  const rowStep = <usize>field(parameters, FilterGradient.strideHeight) * paddedRowBytes;
  const padded = <usize>field(parameters, FilterGradient.padded);
  const gradientRow = <usize>outWidth * wide;
  const blockRows = max(1, BLOCK_BYTES / <i32>(rowStep + gradientRow));
  for (let top = 0; top < outHeight; top += blockRows) {
    const rows = min(blockRows, outHeight - top);
    const dy = gradient + <usize>top * gradientRow;
    let sums = <usize>field(parameters, FilterGradient.sums);
    for (let ky = 0; ky < kernelHeight; ky++) {
      const row = padded + <usize>top * rowStep + <usize>ky * paddedRowBytes;
      let k: usize = 0;
      for (; k + 16 <= run; k += 16) {
        for (let o: usize = 0; o < wide; o += 32) {
          tile4x8(row + k, pixelStep, rowStep, dy + o, wide, rows, outWidth, sums + o);
        }
        sums += 4 * wide;
      }
      for (; k < run; k += 4) {
        for (let o: usize = 0; o < wide; o += 32) {
          tile1x8(row + k, pixelStep, rowStep, dy + o, wide, rows, outWidth, sums + o);
        }
        sums += wide;
      }
    }
  }
}

@inline
function addTo(address: usize, value: v128): void {
  v128.store(address, f32x4.add(v128.load(address), value));
}

/** `wide` is both the step between the gradient's pixels and that between the sums' rows. */
function tile4x8(
  source: usize, pixelStep: usize, rowStep: usize, gradient: usize, wide: usize, rows: i32, width: i32, sums: usize,
): void {
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  for (let y = 0; y < rows; y++) {
    let p = source;
    for (let x = 0; x < width; x++) {
      const low = v128.load(gradient);
      const high = v128.load(gradient, 16);
      const x0 = v128.load32_splat(p);
      a0 = f32x4.add(a0, f32x4.mul(x0, low));
      b0 = f32x4.add(b0, f32x4.mul(x0, high));
      const x1 = v128.load32_splat(p, 4);
      a1 = f32x4.add(a1, f32x4.mul(x1, low));
      b1 = f32x4.add(b1, f32x4.mul(x1, high));
      const x2 = v128.load32_splat(p, 8);
      a2 = f32x4.add(a2, f32x4.mul(x2, low));
      b2 = f32x4.add(b2, f32x4.mul(x2, high));
      const x3 = v128.load32_splat(p, 12);
      a3 = f32x4.add(a3, f32x4.mul(x3, low));
      b3 = f32x4.add(b3, f32x4.mul(x3, high));
      gradient += wide;
      p += pixelStep;
    }
    source += rowStep;
  }
  addTo(sums, a0);
  addTo(sums + 16, b0);
  sums += wide;
  addTo(sums, a1);
  addTo(sums + 16, b1);
  sums += wide;
  addTo(sums, a2);
  addTo(sums + 16, b2);
  sums += wide;
  addTo(sums, a3);
  addTo(sums + 16, b3);
}

function tile1x8(
  source: usize, pixelStep: usize, rowStep: usize, gradient: usize, wide: usize, rows: i32, width: i32, sums: usize,
): void {
  let a = f32x4.splat(0), b = a;
  for (let y = 0; y < rows; y++) {
    let p = source;
    for (let x = 0; x < width; x++) {
      const value = v128.load32_splat(p);
      a = f32x4.add(a, f32x4.mul(value, v128.load(gradient)));
      b = f32x4.add(b, f32x4.mul(value, v128.load(gradient, 16)));
      gradient += wide;
      p += pixelStep;
    }
    source += rowStep;
  }
  addTo(sums, a);
  addTo(sums + 16, b);
}
