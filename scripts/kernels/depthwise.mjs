/**
 * int8 depthwise convolutions. Of any window, stride and dilation: tiles of 4 pixels × 8 channels, with the taps of the window
 * as a table of offsets, so that one loop serves every shape. Of 3 × 3 without holes, stride 1 and 2: sums that roll along a
 * row, so that each input is loaded and widened once.
 */

import { lines } from './lines.mjs';

const PIXELS = 4;
const names = ['a', 'b', 'c', 'd'];

/** Texts of assembly/generated/depthwise-i8.ts and depthwise-3x3-i8.ts. */
export function depthwise() {
  return { 'depthwise-i8': INTEGER, 'depthwise-3x3-i8': [ROLLING_HEAD, rolling(1), rolling(2)].join('\n') };
}

const pixelBases = lines(PIXELS, (i) => `  const x${i} = source + load<u32>(offsets, ${i * 4});`);

const INTEGER = `// Written by scripts/kernels/depthwise.mjs.
import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToBytes } from "../depthwise/packed-input";

/**
 * w8a8 depthwise, two taps a dot product. Bytes of both taps are interleaved, then widened:
 *   activations (i16)   | c0 t0 | c0 t1 | c1 t0 | c1 t1 | ...   values 0 .. 255; the zero point is in the bias
 *   weights (i16)       | c0 t0 | c0 t1 | c1 t0 | c1 t1 | ...   twice four channels a pair of taps, -127 .. 127
 * A pair is at most 2 * 255 * 127, the sum taps * 255 * 127, within int32 for up to 66,311 taps. An odd last tap has a
 * partner of weight zero.
 *
 * Alignment: weights 16 bytes, packed input any. Below 16 channels up to 15 bytes past a pixel are read, inside the scratch;
 * what comes of them is not stored.
 */
function sums(offsets: usize, source: usize, w: usize, taps: usize, pairs: u32, bias: usize, stage: usize): void {
${pixelBases}
  let a0 = v128.load(bias);
  let a1 = v128.load(bias, 16);
${lines(PIXELS - 1, (i) => `  let ${names[i + 1]}0 = a0;\n  let ${names[i + 1]}1 = a1;`)}
  const end = taps + (pairs << 3);
  do {
    const t0: usize = load<u32>(taps);
    const t1: usize = load<u32>(taps, 4);
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
${lines(
  PIXELS,
  (i) => `    const p${i} = v128.shuffle<i8>(
      v128.load64_zero(x${i} + t0), v128.load64_zero(x${i} + t1), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    ${names[i]}0 = i32x4.add(${names[i]}0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(p${i}), w0));
    ${names[i]}1 = i32x4.add(${names[i]}1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(p${i}), w1));`,
)}
    taps += 8;
    w += 32;
  } while (taps < end);
${lines(PIXELS, (i) => `  v128.store(stage, ${names[i]}0, ${i * 64});\n  v128.store(stage, ${names[i]}1, ${i * 64 + 16});`)}
}

export function w8a8_conv_4x16__simd_depthwise(block: Parameters): void {
  const packed = block.scratch + STAGE_BYTES;
  packToBytes(block, packed);
  const channels = block.outChannels;
  const pixels = block.outHeight * block.outWidth;
  const pairs = (block.kernelHeight * block.kernelWidth + 1) >> 1;
  const taps = block.offsets - (((pairs << 3) + 15) & ~15);
  const width = block.outWidth;
  const lastColumn = max<i32>(width - ${PIXELS}, 0);
  const lastChannel = max<i32>(channels - 16, 0);
  // sums of one row of outputs; tiles narrower than a panel are finished through the stage's spare rows, 4 at a time
  const rowBytes = (block.width + block.paddingLeft + block.paddingRight) * channels;
  const sumsOfRow = (packed + (block.height + block.paddingTop + block.paddingBottom) * rowBytes + 47) & ~15;
  const finished: u32 = channels < 16 ? ${PIXELS} : width;
  // a row of outputs at a time, all channels of it, while its rows of input are in the cache
  for (let row: u32 = 0; row < pixels; row += width) {
    let weights = block.weights;
    let constants = block.constants;
    for (let n: u32 = 0; n < channels; n += 16) {
      const channel = min<u32>(n, lastChannel);
      const source = packed + channel;
      for (let x: u32 = 0; x < width; x += ${PIXELS}) {
        const column = min<u32>(x, lastColumn);
        const offsets = block.offsets + ((row + column) << 2);
        const target = sumsOfRow + (column << 6);
        sums(offsets, source, weights, taps, pairs, constants, target);
        sums(offsets, source + 8, weights + (pairs << 5), taps, pairs, constants + 32, target + 32);
      }
      for (let x: u32 = 0; x < width; x += finished) {
        storeIntegerTile(block, sumsOfRow + (x << 6), row + x, min(finished, width - x), channel, constants + 64);
      }
      weights += pairs << 6;
      constants += 128;
    }
  }
}
`;

const ROLLING_HEAD = `// Written by scripts/kernels/depthwise.mjs.
import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { storeIntegerTile } from "../inline/tile-store";
import { packToBytes } from "../depthwise/packed-input";

/**
 * w8a8 depthwise 3 x 3: sums of 8 channels roll along a row of outputs, nine taps in five dot products. Bytes of two taps are
 * interleaved, then widened; the zero point is in the bias:
 *   p, column x       | c0 row 0 | c0 row 1 | c1 row 0 | ...   with (w0k, w1k) for the three outputs that see column x
 *   q, columns x, x+1 | c0 row 2 | c0 row 2, next column | ... with (w20, w21) for the output that begins at x
 *                                                              and (w22, 0) for the one that ends there
 * A sum is at most 9 * 255 * 127, far within int32.
 *
 * Weights of a panel of 16 channels: twice (8 channels each) the five pairs of i16, each as two vectors of 4 channels:
 * (w00, w10), (w01, w11), (w02, w12), (w20, w21), (w22, 0). The last panel is shifted back to end at the last channel.
 *
 * Alignment: weights 16 bytes, packed input any. Below 16 channels up to 15 bytes past a pixel are read, and with q one pixel
 * past the image, inside the scratch; what comes of them is not stored or times zero.
 */
@inline
const HALF_PANEL_BYTES: usize = 160;

@inline
function interleave(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function dotLow(bytes: v128, w: v128): v128 {
  return i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), w);
}

@inline
function dotHigh(bytes: v128, w: v128): v128 {
  return i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), w);
}
`;

/** One stride's sums and kernel. */
function rolling(stride) {
  const halves = (write) => ['Low', 'High'].map((half, i) => write(half, i)).join('\n');
  const add = (sum, pair, tap, indent) =>
    halves((half, i) => `${indent}${sum}${i} = i32x4.add(${sum}${i}, dot${half}(${pair}, w${tap}${i}));`);
  const begin = (sum, pair, tap, indent) =>
    halves(
      (half, i) => `${indent}${sum}${i} = i32x4.add(v128.load(bias, ${i * 16}), dot${half}(${pair}, w${tap}${i}));`,
    );
  const p = (indent, name = 'p') => `${indent}const ${name} = interleave(v128.load64_zero(x0), v128.load64_zero(x1));
${indent}x0 += pixel;
${indent}x1 += pixel;`;
  const store = `    v128.store(target, a0);
    v128.store(target, a1, 16);
    target += 64;`;
  const strideOne = `  let r = v128.load64_zero(x2);
  x2 += pixel;
${p('  ', 'f')}
  let s = v128.load64_zero(x2);
  x2 += pixel;
  let q = interleave(r, s);
${begin('let a', 'f', 0, '  ')}
${add('a', 'q', 3, '  ')}
${p('  ', 'g')}
  r = v128.load64_zero(x2);
  q = interleave(s, r);
${add('a', 'g', 1, '  ')}
${begin('let b', 'g', 0, '  ')}
${add('b', 'q', 3, '  ')}
  do {
${p('    ')}
    x2 += pixel;
    s = v128.load64_zero(x2);
    q = interleave(r, s);
    r = s;
${add('a', 'p', 2, '    ')}
${add('a', 'q', 4, '    ')}
${store}
${halves((half, i) => `    a${i} = i32x4.add(b${i}, dot${half}(p, w1${i}));`)}
${begin('b', 'p', 0, '    ')}
${add('b', 'q', 3, '    ')}
  } while (target < end);`;
  const strideTwo = `${p('  ', 'f')}
  let q = interleave(v128.load64_zero(x2), v128.load64_zero(x2 + pixel));
${begin('let a', 'f', 0, '  ')}
${add('a', 'q', 3, '  ')}
  do {
${p('    ', 'g')}
${add('a', 'g', 1, '    ')}
${p('    ')}
    x2 += pixel << 1;
    q = interleave(v128.load64_zero(x2), v128.load64_zero(x2 + pixel));
${add('a', 'p', 2, '    ')}
${add('a', 'q', 4, '    ')}
${store}
${begin('a', 'p', 0, '    ')}
${add('a', 'q', 3, '    ')}
  } while (target < end);`;
  return `/** \`count\` sums of 8 channels from the window at \`source\` on, 64 bytes from one to the next. */
function sums${stride}(source: usize, row: usize, pixel: usize, w: usize, bias: usize, target: usize, count: u32): void {
${lines(10, (i) => `  const w${i >> 1}${i & 1} = v128.load(w, ${i * 16});`)}
  const end = target + (count << 6);
  let x0 = source;
  let x1 = x0 + row;
  let x2 = x1 + row;
${stride === 1 ? strideOne : strideTwo}
}

export function w8a8_conv_1x16__simd_depthwise3x3s${stride}(block: Parameters): void {
  const image = block.scratch + STAGE_BYTES;
  packToBytes(block, image);
  const channels = block.outChannels;
  const width = block.outWidth;
  const rowBytes = (block.width + block.paddingLeft + block.paddingRight) * channels;
  const imageBytes = (block.height + block.paddingTop + block.paddingBottom) * rowBytes;
  // one row of sums; where there are fewer channels than a panel has, rows of outputs pass through the stage, 4 at a time
  const sumsOfRow = (image + imageBytes + 47) & ~15;
  const finished: u32 = channels < 16 ? 4 : width;
  const lastChannel = max<i32>(channels - 16, 0);
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const row = image + y * ${stride} * rowBytes;
    let weights = block.weights;
    let constants = block.constants;
    for (let n: u32 = 0; n < channels; n += 16) {
      const channel = min<u32>(n, lastChannel);
      const source = row + channel;
      sums${stride}(source, rowBytes, channels, weights, constants, sumsOfRow, width);
      sums${stride}(source + 8, rowBytes, channels, weights + HALF_PANEL_BYTES, constants + 32, sumsOfRow + 32, width);
      for (let x: u32 = 0; x < width; x += finished) {
        const count = min(finished, width - x);
        storeIntegerTile(block, sumsOfRow + (x << 6), y * width + x, count, channel, constants + 64);
      }
      weights += 2 * HALF_PANEL_BYTES;
      constants += 128;
    }
  }
}
`;
}
