import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { finishRow, needsOnlyClamp } from "../f32/finish-row";
import { multiplyRowBy1, multiplyRowBy2 } from "../generated/f32-depthwise";
import { blockRow } from "../pack/to-blocks-f32";

/** A ring of rows within the first-level cache: with wide rows, few channels go through the image at a time. */
@inline
const RING_BYTES: u32 = 16384;

/**
 * f32 depthwise 3 x 3: four pixels x four channels, the nine weights in registers, multiplication and addition apart, in
 * the fixed order ky, kx starting at the bias: the same bits as the reference on every engine.
 *
 * Input rows are brought one after the other into a ring of three rows in the scratch, blocked by four channels so that
 * the pixels of a block are neighbours (`blockRow`); rows of padding are one row of zeros. An output row is
 * computed block by block, and where it needs more than a clamp it is finished from a row of accumulators.
 *
 *   scratch  | stage | zeros | row | row | row | accumulators of an output row |
 *   row      | block 0: pixel 0 | pixel 1 | ... | block 1: pixel 0 | ...          a pixel is 4 f32
 *
 * Weights: [block][9][4] f32; constants: 16 bytes that the general kernel uses, then
 * [block][4] biases. The last block is shifted back to end at the last channel;
 * with fewer than four channels its lanes past them are zero, and what they write into the row of accumulators is
 * overwritten by the next pixel. Alignment: weights, constants and scratch 16 bytes, tensors any.
 */
@inline
function depthwise3x3(block: Parameters, stride: u32): void {
  const direct = needsOnlyClamp(block) && block.inChannels >= 4;
  const blocks = (block.inChannels + 3) >> 2;
  const blockBytes = (block.width + block.paddingLeft + block.paddingRight) << 4;
  writeClamp(block, direct);
  // at least 64 neighbouring channels, for the sake of prefetching; rows that are finished later need all channels at once
  const band: u32 = direct ? max<u32>((RING_BYTES / (3 * blockBytes)) & ~3, 16) : blocks;
  for (let from: u32 = 0; from < blocks; from += band) {
    depthwiseBand(block, stride, direct, from, min(from + band, blocks), blockBytes);
  }
}

/** The outputs of the blocks `from` to `to` - 1. */
function depthwiseBand(block: Parameters, stride: u32, direct: bool, from: u32, to: u32, blockBytes: usize): void {
  const channels = block.inChannels;
  const outWidth = block.outWidth;
  const rowBytes = (to - from) * blockBytes;
  const inputBytes = (block.width * channels) << (block.inputType << 1);
  const zeros = block.scratch + STAGE_BYTES;
  const ring = zeros + blockBytes;
  const accumulators = ring + 3 * rowBytes;
  // the halo columns of the ring stay zero: rows are written between them
  memory.fill(zeros, 0, blockBytes + 3 * rowBytes);
  let slot = ring;
  let nextRow: i32 = -block.paddingTop;
  let r0: usize = 0;
  let r1: usize = 0;
  let r2: usize = 0;
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const lastRow: i32 = y * stride + 2 - block.paddingTop;
    for (; nextRow <= lastRow; nextRow++) {
      r0 = r1;
      r1 = r2;
      r2 = zeros;
      if (nextRow < 0 || nextRow >= <i32>block.height) continue;
      r2 = slot;
      blockRow(block, slot + (block.paddingLeft << 4), blockBytes, block.input + nextRow * inputBytes, from << 2, to << 2);
      slot += rowBytes;
      if (slot == accumulators) slot = ring;
    }
    const first = y * outWidth * channels;
    const target = direct ? block.output + (first << 2) : accumulators;
    for (let n = from; n < to; n++) {
      const at = (n - from) * blockBytes;
      const a = r0 == zeros ? zeros : r0 + at;
      const b = r1 == zeros ? zeros : r1 + at;
      const c = r2 == zeros ? zeros : r2 + at;
      const weights = block.weights + n * 144;
      const bias = block.constants + 16 + (n << 4);
      const columns = target + (<u32>max<i32>(min<i32>(n << 2, channels - 4), 0) << 2);
      if (stride == 1) multiplyRowBy1(a, b, c, weights, bias, block.scratch, columns, channels << 2, outWidth);
      else multiplyRowBy2(a, b, c, weights, bias, block.scratch, columns, channels << 2, outWidth);
    }
    if (!direct) finishRow(block, accumulators, first, outWidth * channels);
  }
}

/** Leaves the clamp of `multiplyRow` at the start of the scratch: open where the row is finished later. */
function writeClamp(block: Parameters, direct: bool): void {
  const low = direct ? block.clampLow : f32.NEGATIVE_INFINITY;
  const high = direct ? block.clampHigh : f32.POSITIVE_INFINITY;
  v128.store(block.scratch, f32x4.splat(low));
  v128.store(block.scratch, f32x4.splat(high), 16);
}

export function f32_conv_4x4__simd_depthwise3x3s1(block: Parameters): void {
  depthwise3x3(block, 1);
}

export function f32_conv_4x4__simd_depthwise3x3s2(block: Parameters): void {
  depthwise3x3(block, 2);
}
