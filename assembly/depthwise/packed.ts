import { sums1Stride1, sums1Stride2, sums2Stride1, sums2Stride2 } from "../generated/packed-depthwise-sums";
import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { Rounding, round } from "../inline/requantize";
import { storeIntegerTile } from "../inline/tile-store";
import { packToBytes } from "./packed-input";

/**
 * Depthwise 3x3 in 16-bit lanes, stride 1 and 2, for schemes of few bits. A lane is a channel; where sums fit a byte it holds
 * two output pixels, one below the other, so that one multiplication serves both:
 *
 *   input lane (u16)     |  q of row y + 1  |  q of row y  |       two rows of bytes, interleaved
 *   sum lane (u16)       | sum of row y + 1 | sum of row y |
 *                        15               8 7              0
 *
 * Sums of q * w have either sign, but no carry may pass from one field to the other. So every lane starts at
 * -a * (sum of the channel's negative weights) in each field, a the greatest activation: then fields lie between 0 and
 * a * sum |w|, and what was added is taken off in the packed bias. Arithmetic modulo 2^16 is exact in between.
 *
 * Bounds: two pixels a lane need a * sum |w| <= 255, which holds for any weights where a * 9 * max |w| does: w1a4 (135), w2a3
 * (126), w3a3 and w4a2 (189); w2a4 (270) depends on the weights. One pixel a lane needs a * sum |w| <= 65535: w5a8 (34,425),
 * w6a7 and w8a5 (35,433); w6a8 (71,145) depends on the weights (sum |w| <= 257).
 *
 * A run of one output row (or two) of 8 channels keeps the nine weights in registers and rolls three sums along the columns;
 * sums lie in a buffer until a second loop finishes them, since both at once would not fit the registers.
 *
 * Weights of a panel of 16 channels: twice (8 channels each) nine vectors [ky][kx] of i16 and the start. Constants: 16 biases,
 * 16 multipliers, 16 f32 of 2^23 - bias; after the panels a word that says whether the layer is ordinary: |bias| + limit and
 * its product with the multiplier below 2^22, so that f32 holds sums exactly and rounding needs no clamp before it. Any
 * other layer takes the slower epilogue that all tiles share. The last panel is shifted back to end at the last channel, and
 * so is the last pair of rows. Below 16 channels a panel reads up to 15 bytes past a pixel, and with one output row up to two
 * rows past the image, all inside the scratch; what comes of them is not stored.
 */
@inline
const PANEL_BYTES: usize = 320;
/** Constants in the scratch: a compiler would build them anew in every iteration, but does not move a load. */
@inline
const BYTE: usize = 512;
@inline
const EXPONENT: usize = 528;
/** Nine weights and the start of 8 channels. */
@inline
const HALF_PANEL_BYTES: usize = 160;

@inline
function depthwise(block: Parameters, fields: u32, stride: u32): void {
  const channels = block.outChannels;
  const image = block.scratch + STAGE_BYTES;
  packToBytes(block, image);
  const rowBytes = (block.width + block.paddingLeft + block.paddingRight) * channels;
  const imageRows = block.height + block.paddingTop + block.paddingBottom + 2;
  const buffer = (image + imageRows * rowBytes + 31) & ~15;
  const lastRow = max<i32>(block.outHeight - fields, 0);
  const lastChannel = max<i32>(channels - 16, 0);
  const count = block.outWidth;
  const ordinary = load<u32>(block.constants + ((channels + 15) >> 4) * CONSTANTS_BYTES);
  const plain = ordinary && block.outputType == 0 && block.residualType == 0 && channels >= 16;
  v128.store(block.scratch, i16x8.splat(0x00ff), BYTE);
  v128.store(block.scratch, i16x8.splat(0x4b00), EXPONENT);
  for (let m: u32 = 0; m < block.outHeight; m += fields) {
    const y = min<u32>(m, lastRow);
    const row = image + y * stride * rowBytes;
    let weights = block.weights;
    let constants = block.constants;
    for (let n: u32 = 0; n < channels; n += 16) {
      const channel = min<u32>(n, lastChannel);
      for (let half: usize = 0; half < 2; half++) {
        const w = weights + half * HALF_PANEL_BYTES;
        const source = row + channel + (half << 3);
        const target = buffer + half * (count << 4);
        if (fields == 1 && stride == 1) sums1Stride1(source, rowBytes, channels, w, target, count);
        if (fields == 1 && stride == 2) sums1Stride2(source, rowBytes, channels, w, target, count);
        if (fields == 2 && stride == 1) sums2Stride1(source, rowBytes, channels, w, target, count);
        if (fields == 2 && stride == 2) sums2Stride2(source, rowBytes, channels, w, target, count);
        if (!plain) continue;
        if (fields == 1) finishOne(block, target, w, constants + (half << 5), y, channel + (<u32>half << 3));
        else finishTwo(block, target, w, constants + (half << 5), y, channel + (<u32>half << 3));
      }
      if (!plain) finishAny(block, fields, buffer, weights, constants, y, channel);
      weights += PANEL_BYTES;
      constants += CONSTANTS_BYTES;
    }
  }
}

/** Where a half panel has its start. */
@inline
const START: usize = 144;
/** From a bias to its multiplier, and from there to 2^23 - bias. */
@inline
const MULTIPLIERS: usize = 64;
@inline
const REAL_BIASES: usize = 128;
@inline
const CONSTANTS_BYTES: usize = 192;

/**
 * Four of eight u16 sums (`lanes` interleaved with the upper half of the bits of 2^23, which makes them 2^23 + sum) to
 * output integers, not clamped yet. `sum + bias` comes out of the subtraction exactly.
 */
@inline
function finish(lanes: v128, bias: v128, multiplier: v128, magic: v128, offset: v128): v128 {
  return round(f32x4.mul(f32x4.sub(lanes, bias), multiplier), magic, offset);
}

@inline
function lowReals(sums: v128, exponent: v128): v128 {
  return v128.shuffle<i16>(sums, exponent, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
function highReals(sums: v128, exponent: v128): v128 {
  return v128.shuffle<i16>(sums, exponent, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** A clamp of u8 output, an integer, as bytes. */
@inline
function byteClamp(block: Parameters, bound: f32): v128 {
  return i8x16.splat(<i8>(<i32>bound + block.outputZeroPoint));
}

/** One output row of 8 channels from the buffer to u8. */
function finishOne(block: Parameters, source: usize, w: usize, constants: usize, y: u32, channel: u32): void {
  const start = v128.load(w, START);
  const m0 = v128.load(constants, MULTIPLIERS);
  const m1 = v128.load(constants, MULTIPLIERS + 16);
  const bias0 = v128.load(constants, REAL_BIASES);
  const bias1 = v128.load(constants, REAL_BIASES + 16);
  const exponent = v128.load(block.scratch, EXPONENT);
  const low = byteClamp(block, block.clampLow);
  const high = byteClamp(block, block.clampHigh);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const channels = block.outChannels;
  let output = block.output + y * block.outWidth * channels + channel;
  const end = source + (block.outWidth << 4);
  do {
    const sums = i16x8.add(v128.load(source), start);
    const q0 = finish(lowReals(sums, exponent), bias0, m0, magic, offset);
    const q1 = finish(highReals(sums, exponent), bias1, m1, magic, offset);
    const row = i16x8.narrow_i32x4_s(q0, q1);
    v128.store64_lane(output, i8x16.min_u(i8x16.max_u(i8x16.narrow_i16x8_u(row, row), low), high), 0);
    output += channels;
    source += 16;
  } while (source < end);
}

/** Two output rows of 8 channels from the buffer to u8; the second goes to the scratch where there is no such row. */
function finishTwo(block: Parameters, source: usize, w: usize, constants: usize, y: u32, channel: u32): void {
  const start = v128.load(w, START);
  const m0 = v128.load(constants, MULTIPLIERS);
  const m1 = v128.load(constants, MULTIPLIERS + 16);
  const bias0 = v128.load(constants, REAL_BIASES);
  const bias1 = v128.load(constants, REAL_BIASES + 16);
  const byte = v128.load(block.scratch, BYTE);
  const exponent = v128.load(block.scratch, EXPONENT);
  const low = byteClamp(block, block.clampLow);
  const high = byteClamp(block, block.clampHigh);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const channels = block.outChannels;
  const rowBytes = block.outWidth * channels;
  const alone = block.outHeight == 1;
  let output = block.output + y * rowBytes + channel;
  let below = alone ? block.scratch : output + rowBytes;
  const step = alone ? 0 : channels;
  const end = source + (block.outWidth << 4);
  do {
    const sums = i16x8.add(v128.load(source), start);
    const first = v128.and(sums, byte);
    const p0 = finish(lowReals(first, exponent), bias0, m0, magic, offset);
    const p1 = finish(highReals(first, exponent), bias1, m1, magic, offset);
    const p = i16x8.narrow_i32x4_s(p0, p1);
    const second = i16x8.shr_u(sums, 8);
    const q0 = finish(lowReals(second, exponent), bias0, m0, magic, offset);
    const q1 = finish(highReals(second, exponent), bias1, m1, magic, offset);
    const q = i16x8.narrow_i32x4_s(q0, q1);
    const rows = i8x16.min_u(i8x16.max_u(i8x16.narrow_i16x8_u(p, q), low), high);
    v128.store64_lane(output, rows, 0);
    v128.store64_lane(below, rows, 1);
    output += channels;
    below += step;
    source += 16;
  } while (source < end);
}

/** Any output, any residual, any number of channels: 16 channels by the epilogue that tiles share, four columns at a time. */
function finishAny(block: Parameters, fields: u32, buffer: usize, w: usize, constants: usize, y: u32, channel: u32): void {
  const count = block.outWidth;
  const rows = min(fields, block.outHeight);
  for (let row: u32 = 0; row < rows; row++) {
    for (let x: u32 = 0; x < count; x += 4) {
      const columns = min<u32>(count - x, 4);
      for (let i: u32 = 0; i < columns; i++) {
        const stage = block.scratch + (i << 6);
        const source = buffer + ((x + i) << 4);
        widen(stage, v128.load(source), w, constants, fields, row);
        widen(stage + 32, v128.load(source + (count << 4)), w + HALF_PANEL_BYTES, constants + 32, fields, row);
      }
      storeIntegerTile(block, block.scratch, (y + row) * count + x, columns, channel, constants + MULTIPLIERS);
    }
  }
}

/** Eight sums of a row as int32, bias included. */
@inline
function widen(stage: usize, packed: v128, w: usize, bias: usize, fields: u32, row: u32): void {
  let sums = i16x8.add(packed, v128.load(w, START));
  if (fields == 2) sums = row ? i16x8.shr_u(sums, 8) : v128.and(sums, i16x8.splat(255));
  v128.store(stage, i32x4.add(i32x4.extend_low_i16x8_u(sums), v128.load(bias)));
  v128.store(stage, i32x4.add(i32x4.extend_high_i16x8_u(sums), v128.load(bias, 16)), 16);
}

function oneStride1(block: Parameters): void { depthwise(block, 1, 1); }
function oneStride2(block: Parameters): void { depthwise(block, 1, 2); }
function twoStride1(block: Parameters): void { depthwise(block, 2, 1); }
function twoStride2(block: Parameters): void { depthwise(block, 2, 2); }

export function w3a3_conv_2x16__simd_depthwise3x3s1(block: Parameters): void { twoStride1(block); }
export function w3a3_conv_2x16__simd_depthwise3x3s2(block: Parameters): void { twoStride2(block); }
export function w4a2_conv_2x16__simd_depthwise3x3s1(block: Parameters): void { twoStride1(block); }
export function w4a2_conv_2x16__simd_depthwise3x3s2(block: Parameters): void { twoStride2(block); }
export function w1a4_conv_2x16__simd_depthwise3x3s1(block: Parameters): void { twoStride1(block); }
export function w1a4_conv_2x16__simd_depthwise3x3s2(block: Parameters): void { twoStride2(block); }
export function w2a4_conv_2x16__simd_depthwise3x3s1(block: Parameters): void { twoStride1(block); }
export function w2a4_conv_2x16__simd_depthwise3x3s2(block: Parameters): void { twoStride2(block); }
export function w5a8_conv_1x16__simd_depthwise3x3s1(block: Parameters): void { oneStride1(block); }
export function w5a8_conv_1x16__simd_depthwise3x3s2(block: Parameters): void { oneStride2(block); }
export function w6a7_conv_1x16__simd_depthwise3x3s1(block: Parameters): void { oneStride1(block); }
export function w6a7_conv_1x16__simd_depthwise3x3s2(block: Parameters): void { oneStride2(block); }
export function w8a5_conv_1x16__simd_depthwise3x3s1(block: Parameters): void { oneStride1(block); }
export function w8a5_conv_1x16__simd_depthwise3x3s2(block: Parameters): void { oneStride2(block); }
export function w6a8_conv_1x16__simd_depthwise3x3s1(block: Parameters): void { oneStride1(block); }
export function w6a8_conv_1x16__simd_depthwise3x3s2(block: Parameters): void { oneStride2(block); }
