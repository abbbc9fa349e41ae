import { Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { loadBytes4 } from "../inline/requantize";

/**
 * One row of the input by blocks of four channels, so that the pixels of a block are neighbours:
 *
 *   input   | pixel 0: c0 c1 c2 ... | pixel 1: c0 c1 c2 ... |
 *   target  | block 0: pixel 0: c0 c1 c2 c3 | pixel 1: c0 c1 c2 c3 | ...    one block each `blockBytes`
 *
 * u8 is read as fround(f32(q - zeroPoint) * scale). The last block is shifted back to end at the last channel; with fewer
 * than four channels the lanes past them are zero. Exactly `width` pixels of each block are written, and nothing is read
 * past the row.
 *
 * @param first the channel with which to begin, in whole blocks.
 * @param last the channel before which to end; may lie past the last one.
 */
export function blockRow(
  block: Parameters, target: usize, blockBytes: usize, source: usize, first: u32, last: u32,
): void {
  const channels = block.inChannels;
  const width = block.width;
  if (channels < 4) {
    narrowRow(block, target, source);
    return;
  }
  const pixelBytes = channels << (block.inputType << 1);
  const zero = i32x4.splat(block.inputZeroPoint);
  const scale = f32x4.splat(block.inputScale);
  last = min(last, channels);
  let n = first;
  if (block.inputType) {
    // pairs of blocks, for fewer steps and whole cache lines
    for (; n + 8 <= last; n += 8) {
      blockPair(target, blockBytes, source + (n << 2), pixelBytes, width);
      target += blockBytes << 1;
    }
  }
  for (; n < last; n += 4) {
    let from = source + (min(n, channels - 4) << (block.inputType << 1));
    let to = target;
    const end = target + (width << 4);
    if (block.inputType) {
      for (; to < end; to += 16) {
        v128.store(to, v128.load(from));
        from += pixelBytes;
      }
    } else {
      for (; to < end; to += 16) {
        v128.store(to, f32x4.mul(loadBytes4(from, zero), scale));
        from += pixelBytes;
      }
    }
    target += blockBytes;
  }
}

@inline
function blockPair(target: usize, blockBytes: usize, source: usize, pixelBytes: usize, width: u32): void {
  const end = target + (width << 4);
  let second = target + blockBytes;
  for (; target < end; target += 16) {
    v128.store(target, v128.load(source));
    v128.store(second, v128.load(source, 16));
    second += 16;
    source += pixelBytes;
  }
}

/** A row of fewer than four channels: each pixel passes through the start of the scratch. */
function narrowRow(block: Parameters, target: usize, source: usize): void {
  const pixelBytes = block.inChannels << (block.inputType << 1);
  const zero = i32x4.splat(block.inputZeroPoint);
  const scale = f32x4.splat(block.inputScale);
  const spare = block.scratch + 64;
  v128.store(spare, block.inputType ? f32x4.splat(0) : i8x16.splat(<i8>block.inputZeroPoint));
  const end = target + (block.width << 4);
  for (; target < end; target += 16) {
    copyTail(spare, source, pixelBytes);
    v128.store(target, block.inputType ? v128.load(spare) : f32x4.mul(loadBytes4(spare, zero), scale));
    source += pixelBytes;
  }
}
