import { Parameters } from "../inline/parameters";
import { STAGE_BYTES } from "../inline/convolve";
import { finishRow, needsOnlyClamp } from "../f32/finish-row";

/**
 * What a tile finds beside the input, after the stage: offsets of up to 8 columns, a mask for each, the clamp. Mirrored in
 * scripts/kernels/f32-depthwise-in-place.mjs, the size in src/kernels/families/f32-depthwise.ts.
 */
@inline
const MASKS_AT: usize = 32;
@inline
const LIMITS_AT: usize = 160;
@inline
const BORDER_BYTES: usize = 192;

/**
 * f32 depthwise 3 x 3 that reads f32 input where it lies, for any `Tile` with these members:
 *   stride(), pixels()   of the convolution, and outputs of a step, as constants;
 *   inside(...)          the outputs of all channels where every column is within the image;
 *   border(...)          the same where some are not: those are read from a column that is, and masked;
 *   single(...)          `border` for one pixel, where an output row is shorter than a tile.
 *
 * Outputs go row by row and tile by tile, all channels of a tile one after the other, so that memory is read and written
 * from front to back. Rows outside the image are left out: `rows` has a bit for each of the three. The last tile
 * of a row is shifted back to end at the last pixel. What needs more than a clamp is finished from the scratch.
 *
 *   scratch  | stage | columns, masks, clamp | accumulators of a tile |
 *
 * Weights and biases as in f32.ts; at least four channels. Nothing outside the tensors is touched; alignment: weights,
 * constants and scratch 16 bytes, tensors any.
 */
@inline
export function depthwiseInPlace<Tile>(block: Parameters): void {
  const tile = changetype<Tile>(0);
  const channels = block.inChannels;
  const pitch = channels << 2;
  const rowBytes = block.width * pitch;
  const outWidth = block.outWidth;
  const pixels: u32 = outWidth < tile.pixels() ? 1 : tile.pixels();
  const columns: u32 = (pixels - 1) * tile.stride() + 3;
  const direct = needsOnlyClamp(block);
  const aside = block.scratch + STAGE_BYTES;
  const accumulators = aside + BORDER_BYTES;
  const weights = block.weights;
  const bias = block.constants + 16;
  writeLimits(block, aside, direct);
  let row: i32 = -block.paddingTop;
  for (let y: u32 = 0; y < block.outHeight; y++) {
    const rows = rowsInside(row, block.height);
    const source = block.input + row * rowBytes;
    row += tile.stride();
    for (let x: u32 = 0; x < outWidth; x += pixels) {
      const first = min(x, outWidth - pixels);
      const at = (y * outWidth + first) * channels;
      const target = direct ? block.output + (at << 2) : accumulators;
      const column: i32 = first * tile.stride() - block.paddingLeft;
      const inside = column >= 0 && <u32>column + columns <= block.width;
      if (inside && pixels > 1) {
        tile.inside(rows, source + column * pitch, rowBytes, pitch, weights, bias, aside, target, channels);
      } else {
        writeColumns(block, aside, column, columns, pitch);
        if (pixels > 1) tile.border(rows, source, rowBytes, pitch, weights, bias, aside, target, channels);
        else tile.single(rows, source, rowBytes, pitch, weights, bias, aside, target, channels);
      }
      if (!direct) finishRow(block, accumulators, at, pixels * channels);
    }
  }
}

/** Which of three rows are within the image: bit 0 for `row`, bit 1 for the next one. */
@inline
function rowsInside(row: i32, height: u32): u32 {
  const inside0: u32 = <u32>row < height ? 1 : 0;
  const inside1: u32 = <u32>(row + 1) < height ? 2 : 0;
  const inside2: u32 = <u32>(row + 2) < height ? 4 : 0;
  return inside0 | inside1 | inside2;
}

/** Where in a row the columns of a tile are read, and which of them count. */
function writeColumns(block: Parameters, aside: usize, column: i32, columns: u32, pitch: usize): void {
  const last: i32 = block.width - 1;
  for (let i: u32 = 0; i < columns; i++) {
    const wanted: i32 = column + i;
    const nearest = max<i32>(min<i32>(wanted, last), 0);
    store<u32>(aside + (i << 2), nearest * pitch);
    v128.store(aside + (i << 4), i32x4.splat(wanted == nearest ? -1 : 0), MASKS_AT);
  }
}

/** The clamp of a tile: open where its outputs are finished later. */
function writeLimits(block: Parameters, aside: usize, direct: bool): void {
  v128.store(aside, f32x4.splat(direct ? block.clampLow : f32.NEGATIVE_INFINITY), LIMITS_AT);
  v128.store(aside, f32x4.splat(direct ? block.clampHigh : f32.POSITIVE_INFINITY), LIMITS_AT + 16);
}
