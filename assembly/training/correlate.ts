// f32 correlation of a zero-padded NHWC image with a packed filter: the forward convolution, and, one call for each
// phase of the stride, the gradient with respect to the input.
//
// A window's row is kernelWidth · channels consecutive floats of the padded image, so there is no im2col: for each of
// four neighbouring output pixels a pointer walks that run, row after row, against one panel of the filter.
//
//   packed filter: [ceil(outChannels / 8)][kernelHeight][kernelWidth · channels][8] f32, missing channels are zero
//
// Error: a sum of K = kernelHeight · kernelWidth · channels products in index order, |error| ≤ K · 2^-24 · Σ|x·w|.
// Nothing is read or written outside the buffers; addresses need 4-byte alignment only.

/** Fields of the parameter block, each an i32 at 4 · index; addresses and steps are in bytes. */
export const enum Correlate {
  batch,
  source,
  sourceHeight,
  sourceWidth,
  channels,
  padTop,
  padLeft,
  /** Scratch for one padded image of paddedHeight × paddedWidth × channels floats. */
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
  outChannels,
  outPixelStep,
  outRowStep,
  outImageStep,
}

/** Bytes of the image's rows that one panel of the filter meets before the next panel's turn; they stay in L1. */
const BLOCK_BYTES: i32 = 16384;

@inline
export function field(parameters: usize, index: i32): i32 {
  return load<i32>(parameters + (<usize>index << 2));
}

/** Copies an image into the middle of a padded one whose border is zero already. */
export function copyPadded(
  source: usize, height: i32, rowBytes: usize, padded: usize, paddedRowBytes: usize,
): void {
  for (let y = 0; y < height; y++) {
    memory.copy(padded, source, rowBytes);
    source += rowBytes;
    padded += paddedRowBytes;
  }
}

export function f32_correlate(parameters: usize): void {
  const batch = field(parameters, Correlate.batch);
  const channelBytes = <usize>field(parameters, Correlate.channels) << 2;
  const sourceHeight = field(parameters, Correlate.sourceHeight);
  const rowBytes = <usize>field(parameters, Correlate.sourceWidth) * channelBytes;
  const paddedRowBytes = <usize>field(parameters, Correlate.paddedWidth) * channelBytes;
  const padded = <usize>field(parameters, Correlate.padded);
  const inside = padded + <usize>field(parameters, Correlate.padTop) * paddedRowBytes
    + <usize>field(parameters, Correlate.padLeft) * channelBytes;
  const imageStep = <usize>field(parameters, Correlate.outImageStep);
  let source = <usize>field(parameters, Correlate.source);
  let output = <usize>field(parameters, Correlate.output);
  memory.fill(padded, 0, <usize>field(parameters, Correlate.paddedHeight) * paddedRowBytes);
  for (let n = 0; n < batch; n++) {
    copyPadded(source, sourceHeight, rowBytes, inside, paddedRowBytes);
    correlateImage(parameters, padded, paddedRowBytes, channelBytes, output);
    source += <usize>sourceHeight * rowBytes;
    output += imageStep;
  }
}

function correlateImage(
  parameters: usize, padded: usize, paddedRowBytes: usize, channelBytes: usize, output: usize,
): void {
  const outHeight = field(parameters, Correlate.outHeight);
  const outWidth = field(parameters, Correlate.outWidth);
  const outChannels = field(parameters, Correlate.outChannels);
  const outPixel = <usize>field(parameters, Correlate.outPixelStep);
  const outRow = <usize>field(parameters, Correlate.outRowStep);
  const kernelHeight = field(parameters, Correlate.kernelHeight);
  const run = <usize>field(parameters, Correlate.kernelWidth) * channelBytes;
  const pixelStep = <usize>field(parameters, Correlate.strideWidth) * channelBytes;
  const rowStep = <usize>field(parameters, Correlate.strideHeight) * paddedRowBytes;
  const filter = <usize>field(parameters, Correlate.filter);
  const panelBytes = <usize>kernelHeight * run * 8;
  const start = padded + <usize>field(parameters, Correlate.startY) * paddedRowBytes
    + <usize>field(parameters, Correlate.startX) * channelBytes;
  const blockRows = max(1, BLOCK_BYTES / <i32>rowStep);
  for (let top = 0; top < outHeight; top += blockRows) {
    const bottom = min(outHeight, top + blockRows);
    for (let channel = 0; channel < outChannels; channel += 8) {
      const panel = filter + <usize>(channel >> 3) * panelBytes;
      const valid = min(8, outChannels - channel);
      for (let y = top; y < bottom; y++) {
        const row = start + <usize>y * rowStep;
        const out = output + <usize>y * outRow + (<usize>channel << 2);
        let x = 0;
        // The last tile of a row is shifted back over pixels that are done already, which computes them again.
        for (; x < outWidth && outWidth >= 4; x += 4) {
          const at = <usize>min(x, outWidth - 4);
          tile4x8(row + at * pixelStep, pixelStep, paddedRowBytes, kernelHeight, run, panel, out + at * outPixel, outPixel, valid);
        }
        for (; x < outWidth; x++) {
          tile1x8(row + <usize>x * pixelStep, paddedRowBytes, kernelHeight, run, panel, out + <usize>x * outPixel, valid);
        }
      }
    }
  }
}

@inline
function store8(out: usize, low: v128, high: v128, valid: i32): void {
  if (valid == 8) {
    v128.store(out, low);
    v128.store(out, high, 16);
  } else {
    storeSome(out, low, high, valid);
  }
}

/** The first `valid` of eight channels, where a panel is not full. */
function storeSome(out: usize, low: v128, high: v128, valid: i32): void {
  if (valid >= 4) {
    v128.store(out, low);
    out += 16;
    valid -= 4;
    low = high;
  }
  for (let i = 0; i < valid; i++) {
    f32.store(out + (<usize>i << 2), f32x4.extract_lane(low, 0));
    low = v128.shuffle<i32>(low, low, 1, 2, 3, 0);
  }
}

function tile4x8(
  source: usize, pixelStep: usize, rowBytes: usize, kernelHeight: i32, run: usize, filter: usize,
  out: usize, outPixel: usize, valid: i32,
): void {
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  for (let ky = 0; ky < kernelHeight; ky++) {
    let p0 = source;
    let p1 = p0 + pixelStep;
    let p2 = p1 + pixelStep;
    let p3 = p2 + pixelStep;
    const end = p0 + run;
    while (p0 < end) {
      const low = v128.load(filter);
      const high = v128.load(filter, 16);
      const x0 = v128.load32_splat(p0);
      a0 = f32x4.add(a0, f32x4.mul(x0, low));
      b0 = f32x4.add(b0, f32x4.mul(x0, high));
      const x1 = v128.load32_splat(p1);
      a1 = f32x4.add(a1, f32x4.mul(x1, low));
      b1 = f32x4.add(b1, f32x4.mul(x1, high));
      const x2 = v128.load32_splat(p2);
      a2 = f32x4.add(a2, f32x4.mul(x2, low));
      b2 = f32x4.add(b2, f32x4.mul(x2, high));
      const x3 = v128.load32_splat(p3);
      a3 = f32x4.add(a3, f32x4.mul(x3, low));
      b3 = f32x4.add(b3, f32x4.mul(x3, high));
      filter += 32;
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
    }
    source += rowBytes;
  }
  store8(out, a0, b0, valid);
  store8(out + outPixel, a1, b1, valid);
  store8(out + 2 * outPixel, a2, b2, valid);
  store8(out + 3 * outPixel, a3, b3, valid);
}

function tile1x8(
  source: usize, rowBytes: usize, kernelHeight: i32, run: usize, filter: usize, out: usize, valid: i32,
): void {
  let a = f32x4.splat(0), b = a;
  for (let ky = 0; ky < kernelHeight; ky++) {
    let p = source;
    const end = p + run;
    while (p < end) {
      const x = v128.load32_splat(p);
      a = f32x4.add(a, f32x4.mul(x, v128.load(filter)));
      b = f32x4.add(b, f32x4.mul(x, v128.load(filter, 16)));
      filter += 32;
      p += 4;
    }
    source += rowBytes;
  }
  store8(out, a, b, valid);
}
