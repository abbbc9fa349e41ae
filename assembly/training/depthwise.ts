// f32 depthwise convolution of the training step, NHWC: each channel has a window of its own. The forward pass, the same
// kernel for each phase of the stride as the gradient with respect to the input, and the gradient of the filter.
//
//   filter: [kernelHeight][kernelWidth][channels · multiplier] f32, as tfjs keeps it
//
// A layer with a multiplier gives each input channel several outputs. Its channels are repeated while the image is
// copied into its padding, so that from there on channel c of the output meets channel c of the image alone.
//
// Four channels are one vector; a tile of four neighbouring output pixels shares the loads of the filter.
//
// Error: a sum of K = kernelHeight · kernelWidth products in index order, |error| ≤ K · 2^-24 · Σ|x·w|; for the filter
// one sum a row, then a sum over rows and images, |error| ≤ (outWidth + batch · outHeight) · 2^-24 · Σ|x·dy|.
// Nothing is read or written outside the buffers; addresses need 4-byte alignment only.

import { copyPadded, field } from './correlate';

/** Fields of the parameter block, each an i32 at 4 · index; addresses and steps are in bytes. */
export const enum Depthwise {
  batch,
  source,
  sourceHeight,
  sourceWidth,
  channels,
  /** How many times each of the source's channels is repeated. */
  multiplier,
  padTop,
  padLeft,
  /** Scratch for one padded image of paddedHeight × paddedWidth × channels · multiplier floats. */
  padded,
  paddedHeight,
  paddedWidth,
  filter,
  kernelHeight,
  kernelWidth,
  strideHeight,
  strideWidth,
  /** Where in the padded image the first window begins. */
  startY,
  startX,
  output,
  outHeight,
  outWidth,
  outPixelStep,
  outRowStep,
  outImageStep,
}

/** Fields of the parameter block of the filter gradient: those of `Depthwise` up to `paddedWidth`, and then its own. */
export const enum DepthwiseGradient {
  batch,
  source,
  sourceHeight,
  sourceWidth,
  channels,
  multiplier,
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
  filterGradient,
}

/** Bytes of a pixel of the padded image. */
@inline
function pixelBytesOf(parameters: usize): usize {
  return <usize>(field(parameters, Depthwise.channels) * field(parameters, Depthwise.multiplier)) << 2;
}

/** Copies image `n` into its padding, which is zero already, each channel as often as the multiplier says. */
function copyImage(parameters: usize, n: i32): void {
  const height = field(parameters, Depthwise.sourceHeight);
  const width = field(parameters, Depthwise.sourceWidth);
  const channels = field(parameters, Depthwise.channels);
  const multiplier = field(parameters, Depthwise.multiplier);
  const pixelBytes = pixelBytesOf(parameters);
  const paddedRowBytes = <usize>field(parameters, Depthwise.paddedWidth) * pixelBytes;
  const rowBytes = <usize>(width * channels) << 2;
  let source = <usize>field(parameters, Depthwise.source) + <usize>(n * height) * rowBytes;
  let inside = <usize>field(parameters, Depthwise.padded)
    + <usize>field(parameters, Depthwise.padTop) * paddedRowBytes
    + <usize>field(parameters, Depthwise.padLeft) * pixelBytes;
  if (multiplier == 1) {
    copyPadded(source, height, rowBytes, inside, paddedRowBytes);
    return;
  }
  for (let y = 0; y < height; y++) {
    let to = inside;
    for (let i = 0; i < width * channels; i++) {
      const value = f32.load(source);
      for (let copy = 0; copy < multiplier; copy++) {
        f32.store(to, value);
        to += 4;
      }
      source += 4;
    }
    inside += paddedRowBytes;
  }
}

export function f32_depthwise(parameters: usize): void {
  const batch = field(parameters, Depthwise.batch);
  const pixelBytes = pixelBytesOf(parameters);
  const paddedRowBytes = <usize>field(parameters, Depthwise.paddedWidth) * pixelBytes;
  const rowStep = <usize>field(parameters, Depthwise.strideHeight) * paddedRowBytes;
  const outHeight = field(parameters, Depthwise.outHeight);
  const outRow = <usize>field(parameters, Depthwise.outRowStep);
  const padded = <usize>field(parameters, Depthwise.padded);
  const start = padded + <usize>field(parameters, Depthwise.startY) * paddedRowBytes
    + <usize>field(parameters, Depthwise.startX) * pixelBytes;
  let image = <usize>field(parameters, Depthwise.output);
  memory.fill(padded, 0, <usize>field(parameters, Depthwise.paddedHeight) * paddedRowBytes);
  for (let n = 0; n < batch; n++) {
    copyImage(parameters, n);
    for (let y = 0; y < outHeight; y++) {
      outputRow(parameters, start + <usize>y * rowStep, pixelBytes, paddedRowBytes, image + <usize>y * outRow);
    }
    image += <usize>field(parameters, Depthwise.outImageStep);
  }
}

function outputRow(parameters: usize, row: usize, pixelBytes: usize, paddedRowBytes: usize, out: usize): void {
  const width = field(parameters, Depthwise.outWidth);
  const outPixel = <usize>field(parameters, Depthwise.outPixelStep);
  const step = <usize>field(parameters, Depthwise.strideWidth) * pixelBytes;
  const kernelHeight = field(parameters, Depthwise.kernelHeight);
  const kernelRow = <usize>field(parameters, Depthwise.kernelWidth) * pixelBytes;
  const filter = <usize>field(parameters, Depthwise.filter);
  let c: usize = 0;
  for (; c + 16 <= pixelBytes; c += 16) {
    let x = 0;
    // The last tile of a row is shifted back over pixels that are done already, which computes them again.
    for (; x < width && width >= 4; x += 4) {
      const at = <usize>min(x, width - 4);
      tile4x4(row + at * step + c, step, pixelBytes, paddedRowBytes, kernelHeight, kernelRow, filter + c, out + at * outPixel + c, outPixel);
    }
    for (; x < width; x++) {
      const at = <usize>x;
      tile1x4(row + at * step + c, pixelBytes, paddedRowBytes, kernelHeight, kernelRow, filter + c, out + at * outPixel + c);
    }
  }
  for (; c < pixelBytes; c += 4) {
    for (let x = 0; x < width; x++) {
      const at = <usize>x;
      tile1x1(row + at * step + c, pixelBytes, paddedRowBytes, kernelHeight, kernelRow, filter + c, out + at * outPixel + c);
    }
  }
}

function tile4x4(
  source: usize, step: usize, pixelBytes: usize, rowBytes: usize, kernelHeight: i32, kernelRow: usize,
  filter: usize, out: usize, outPixel: usize,
): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  for (let ky = 0; ky < kernelHeight; ky++) {
    let p0 = source;
    let p1 = p0 + step;
    let p2 = p1 + step;
    let p3 = p2 + step;
    const end = p0 + kernelRow;
    while (p0 < end) {
      const w = v128.load(filter);
      a0 = f32x4.add(a0, f32x4.mul(w, v128.load(p0)));
      a1 = f32x4.add(a1, f32x4.mul(w, v128.load(p1)));
      a2 = f32x4.add(a2, f32x4.mul(w, v128.load(p2)));
      a3 = f32x4.add(a3, f32x4.mul(w, v128.load(p3)));
      filter += pixelBytes;
      p0 += pixelBytes;
      p1 += pixelBytes;
      p2 += pixelBytes;
      p3 += pixelBytes;
    }
    source += rowBytes;
  }
  v128.store(out, a0);
  v128.store(out + outPixel, a1);
  v128.store(out + 2 * outPixel, a2);
  v128.store(out + 3 * outPixel, a3);
}

function tile1x4(
  source: usize, pixelBytes: usize, rowBytes: usize, kernelHeight: i32, kernelRow: usize, filter: usize, out: usize,
): void {
  let a = f32x4.splat(0);
  for (let ky = 0; ky < kernelHeight; ky++) {
    const end = source + kernelRow;
    for (let p = source; p < end; p += pixelBytes) {
      a = f32x4.add(a, f32x4.mul(v128.load(filter), v128.load(p)));
      filter += pixelBytes;
    }
    source += rowBytes;
  }
  v128.store(out, a);
}

function tile1x1(
  source: usize, pixelBytes: usize, rowBytes: usize, kernelHeight: i32, kernelRow: usize, filter: usize, out: usize,
): void {
  let a: f32 = 0;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const end = source + kernelRow;
    for (let p = source; p < end; p += pixelBytes) {
      a += f32.load(filter) * f32.load(p);
      filter += pixelBytes;
    }
    source += rowBytes;
  }
  f32.store(out, a);
}

/** For each tap k = (ky, kx) and channel c the sum over images and output pixels p of padded[p · stride + k][c] · dy[p][c]. */
export function f32_depthwise_filter_gradient(parameters: usize): void {
  const batch = field(parameters, DepthwiseGradient.batch);
  const pixelBytes = pixelBytesOf(parameters);
  const paddedRowBytes = <usize>field(parameters, DepthwiseGradient.paddedWidth) * pixelBytes;
  const rowStep = <usize>field(parameters, DepthwiseGradient.strideHeight) * paddedRowBytes;
  const outHeight = field(parameters, DepthwiseGradient.outHeight);
  const kernelHeight = field(parameters, DepthwiseGradient.kernelHeight);
  const kernelRow = <usize>field(parameters, DepthwiseGradient.kernelWidth) * pixelBytes;
  const padded = <usize>field(parameters, DepthwiseGradient.padded);
  const sums = <usize>field(parameters, DepthwiseGradient.filterGradient);
  let gradient = <usize>field(parameters, DepthwiseGradient.outputGradient);
  memory.fill(padded, 0, <usize>field(parameters, DepthwiseGradient.paddedHeight) * paddedRowBytes);
  memory.fill(sums, 0, <usize>kernelHeight * kernelRow);
  for (let n = 0; n < batch; n++) {
    copyImage(parameters, n);
    for (let y = 0; y < outHeight; y++) {
      for (let ky = 0; ky < kernelHeight; ky++) {
        const row = padded + <usize>y * rowStep + <usize>ky * paddedRowBytes;
        addRow(parameters, row, pixelBytes, gradient, kernelRow, sums + <usize>ky * kernelRow);
      }
      gradient += <usize>field(parameters, DepthwiseGradient.outWidth) * pixelBytes;
    }
  }
}

/** Adds what one row of outputs has to say of one row of taps. */
function addRow(parameters: usize, row: usize, pixelBytes: usize, gradient: usize, kernelRow: usize, sums: usize): void {
  const width = field(parameters, DepthwiseGradient.outWidth);
  const step = <usize>field(parameters, DepthwiseGradient.strideWidth) * pixelBytes;
  let c: usize = 0;
  for (; c + 16 <= pixelBytes; c += 16) {
    let tap: usize = c;
    for (; tap + 2 * pixelBytes < kernelRow; tap += 3 * pixelBytes) {
      addThreeTaps(row + tap, step, pixelBytes, gradient + c, width, sums + tap);
    }
    for (; tap < kernelRow; tap += pixelBytes) addTap(row + tap, step, pixelBytes, gradient + c, width, sums + tap);
  }
  for (; c < pixelBytes; c += 4) {
    for (let tap = c; tap < kernelRow; tap += pixelBytes) {
      let sum: f32 = 0;
      for (let x = 0; x < width; x++) {
        const at = <usize>x;
        sum += f32.load(row + tap + at * step) * f32.load(gradient + c + at * pixelBytes);
      }
      f32.store(sums + tap, f32.load(sums + tap) + sum);
    }
  }
}

function addThreeTaps(source: usize, step: usize, pixelBytes: usize, gradient: usize, width: i32, sums: usize): void {
  let a = f32x4.splat(0), b = a, c = a;
  for (let x = 0; x < width; x++) {
    const dy = v128.load(gradient);
    a = f32x4.add(a, f32x4.mul(dy, v128.load(source)));
    b = f32x4.add(b, f32x4.mul(dy, v128.load(source + pixelBytes)));
    c = f32x4.add(c, f32x4.mul(dy, v128.load(source + 2 * pixelBytes)));
    gradient += pixelBytes;
    source += step;
  }
  v128.store(sums, f32x4.add(v128.load(sums), a));
  sums += pixelBytes;
  v128.store(sums, f32x4.add(v128.load(sums), b));
  sums += pixelBytes;
  v128.store(sums, f32x4.add(v128.load(sums), c));
}

function addTap(source: usize, step: usize, pixelBytes: usize, gradient: usize, width: i32, sums: usize): void {
  let a = f32x4.splat(0);
  for (let x = 0; x < width; x++) {
    a = f32x4.add(a, f32x4.mul(v128.load(gradient), v128.load(source)));
    gradient += pixelBytes;
    source += step;
  }
  v128.store(sums, f32x4.add(v128.load(sums), a));
}
