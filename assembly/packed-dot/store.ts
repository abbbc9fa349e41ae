import { Parameters } from "../inline/parameters";
import { Rounding, clamp, loadBytes4, round } from "../inline/requantize";
import { copyRows } from "../inline/tile-store";

/** Offsets within the scratch, as in assembly/inline/tile-store.ts. */
@inline
const SPARE_RESIDUAL: usize = 256;
@inline
const SPARE_OUTPUT: usize = 512;

/**
 * The epilogue of `storeIntegerTile` for tiles of 8 int32 accumulators a pixel, 32 bytes a row of the stage.
 *
 * @param multipliers 8 f32.
 */
export function storeNarrowTile(block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, multipliers: usize): void {
  const channels = block.outChannels;
  const width: u32 = block.outputType ? 4 : 1;
  const at = pixel * channels + channel;
  const residual = block.residual + at;
  const output = block.output + at * width;
  rows = min(rows, block.outHeight * block.outWidth - pixel);
  if (channels >= 8) {
    finishNarrow(block, stage, rows, multipliers, residual, output, channels);
    return;
  }
  const spareResidual = block.scratch + SPARE_RESIDUAL;
  const spareOutput = block.scratch + SPARE_OUTPUT;
  if (block.residualType) copyRows(spareResidual, 8, residual, channels, channels, rows);
  finishNarrow(block, stage, rows, multipliers, spareResidual, spareOutput, 8);
  copyRows(output, channels * width, spareOutput, 8 * width, channels * width, rows);
}

/** Residual and output of a row begin `channels` elements after those of the row before. */
function finishNarrow(
  block: Parameters, stage: usize, rows: u32, multipliers: usize, residual: usize, output: usize, channels: u32,
): void {
  const m0 = v128.load(multipliers);
  const m1 = v128.load(multipliers, 16);
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const hasResidual = block.residualType != 0;
  const real = block.outputType != 0;
  const end = stage + (rows << 5);
  while (stage < end) {
    let v0 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage)), m0);
    let v1 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 16)), m1);
    stage += 32;
    if (hasResidual) {
      v0 = f32x4.add(v0, f32x4.mul(loadBytes4(residual, residualZero), residualScale));
      v1 = f32x4.add(v1, f32x4.mul(loadBytes4(residual + 4, residualZero), residualScale));
      residual += channels;
    }
    v0 = clamp(v0, low, high);
    v1 = clamp(v1, low, high);
    if (real) {
      v128.store(output, v0);
      v128.store(output, v1, 16);
      output += channels << 2;
    } else {
      const q = i16x8.narrow_i32x4_s(round(v0, magic, offset), round(v1, magic, offset));
      v128.store64_lane(output, i8x16.narrow_i16x8_u(q, q), 0);
      output += channels;
    }
  }
}
