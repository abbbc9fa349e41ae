import { Parameters } from "../inline/parameters";
import { sumAcross } from "../inline/sum-across";
import { packToBytes } from "../depthwise/packed-input";

/**
 * What 8-bit activations need for the relaxed dot product, which is the same on every processor only where one operand is
 * within 0 .. 127. That is the weights here, w + 64 of 7-bit weights in [-63, 63], and activations are bytes x = q - 128:
 *
 *   sum x * w  =  sum x * (w + 64)  -  64 * sum x
 *
 * The last term depends on the pixel alone. It is made once a layer, from the sum of each packed pixel's channels, and
 * tiles start from bias + correction. In the scratch:
 *
 *   | stage | strip | packed image, bytes q - 128 | sums of pixels, i32 | one row of sums, i32 | corrections of outputs, i32 |
 *
 * Every sum is within 66,311 * 128 * 64 < 2^31. Reads up to 16 bytes and three pixels past the image, inside the scratch.
 */

/** A word before the packed image says how far the corrections lie from the pixel offsets. */
@inline
const DISTANCE_BEFORE: usize = 16;
/** 64 for every byte of the last, incomplete vector of a pixel. */
@inline
const TAIL_FACTORS: usize = 736;

/** Packs the input and makes the corrections. */
export function packCorrected(block: Parameters, image: usize): void {
  packToBytes(block, image);
  const channels = block.inChannels;
  const width = block.width + block.paddingLeft + block.paddingRight;
  const pixels = width * (block.height + block.paddingTop + block.paddingBottom);
  const sums = (image + pixels * channels + 15) & ~15;
  // rows of sums are read in whole vectors, and so is the row of their sums
  const row = (sums + (pixels << 2) + 31) & ~15;
  const corrections = (row + (width << 2) + 31) & ~15;
  sumPixels(block.scratch + TAIL_FACTORS, image, channels, sums, pixels);
  let target = corrections;
  for (let y: u32 = 0; y < block.outHeight; y++) {
    sumColumns(sums + ((y * block.strideHeight * width) << 2), width << 2, block.kernelHeight, row, width);
    target = sumWindows(row, block.strideWidth << 2, block.kernelWidth, target, block.outWidth);
  }
  store<u32>(image - DISTANCE_BEFORE, corrections - block.offsets);
}

/** The address of the correction that belongs to an entry of the offset table. */
@inline
export function correctionOf(offsets: usize, image: usize): usize {
  return offsets + load<u32>(image - DISTANCE_BEFORE);
}

/** 64 * the sum of each pixel's channels, four pixels at a time. */
function sumPixels(factors: usize, image: usize, channels: u32, sums: usize, pixels: u32): void {
  const tail = channels & 15;
  v128.store(factors, i8x16.splat(0));
  memory.fill(factors, 64, tail);
  const lastFactors = v128.load(factors);
  const allFactors = i8x16.splat(64);
  const end = sums + (pixels << 2);
  for (; sums < end; sums += 16) {
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    const whole = image + (channels - tail);
    for (; image < whole; image += 16) {
      a = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image), allFactors, a);
      b = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels), allFactors, b);
      c = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels * 2), allFactors, c);
      d = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels * 3), allFactors, d);
    }
    if (tail) {
      a = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image), lastFactors, a);
      b = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels), lastFactors, b);
      c = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels * 2), lastFactors, c);
      d = i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(image + channels * 3), lastFactors, d);
      image += tail;
    }
    image += channels * 3;
    v128.store(sums, sumAcross(a, b, c, d));
  }
}

/** Adds `rows` rows of sums, `rowBytes` apart, column by column. */
function sumColumns(sums: usize, rowBytes: usize, rows: u32, target: usize, width: u32): void {
  const end = target + (width << 2);
  for (; target < end; target += 16) {
    let at = sums;
    let sum = v128.load(at);
    for (let y: u32 = 1; y < rows; y++) {
      at += rowBytes;
      sum = i32x4.add(sum, v128.load(at));
    }
    v128.store(target, sum);
    sums += 16;
  }
}

/** Takes each window's sum of columns from 0; returns where the next correction goes. */
function sumWindows(columns: usize, stride: usize, width: u32, target: usize, count: u32): usize {
  const end = target + (count << 2);
  while (target < end) {
    let sum = 0;
    const last = columns + (width << 2);
    for (let at = columns; at < last; at += 4) sum -= load<i32>(at);
    store<i32>(target, sum);
    columns += stride;
    target += 4;
  }
  return end;
}
