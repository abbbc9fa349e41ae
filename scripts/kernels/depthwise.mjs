/**
 * int8 depthwise convolutions of any window, stride and dilation: tiles of 4 pixels × 8 channels. The taps of the window are
 * a table of offsets, so that one loop serves every shape.
 */

import { lines } from './lines.mjs';

const PIXELS = 4;
const names = ['a', 'b', 'c', 'd'];

/** Text of assembly/generated/depthwise-i8.ts. */
export function depthwise() {
  return { 'depthwise-i8': INTEGER };
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
