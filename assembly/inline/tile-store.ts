import { Parameters } from "./parameters";
import { copyTail } from "./copy";
import { Rounding, clamp, loadBytes4, round, storeBytes4 } from "./requantize";

/**
 * The epilogues: they bring a tile from the stage (`rows` pixels of `columns` accumulators, 4 bytes each, pixel after
 * pixel) to the output, once with everything fused: scale, residual, activation, rounding, type.
 *
 * The first output pixel is `pixel`; rows past the last pixel are left out (their tile computed the last pixel again).
 * Where the layer has fewer channels than the tile, residual and output pass through the scratch after the stage, so that
 * nothing outside the tensors is touched. The loops over rows contain no call: one would spill every register in them.
 */

/** Offsets within the scratch: rows of residual and of output on their way to and from tensors narrower than a tile. */
@inline
const SPARE_RESIDUAL: usize = 256;
@inline
const SPARE_OUTPUT: usize = 512;

/** Copies `rows` rows of `bytes` < 64 bytes between a tensor and the scratch. */
export function copyRows(target: usize, targetStride: usize, source: usize, sourceStride: usize, bytes: u32, rows: u32): void {
  for (; rows > 0; rows--) {
    copyTail(target, source, bytes);
    target += targetStride;
    source += sourceStride;
  }
}

/**
 * Tiles of 16 int32 accumulators a pixel (bias included): v = f32(acc) * multiplier[c] (+ f32(r - zr) * mr), then
 * clamp, round half to even, add the zero point; or clamp alone for f32 output.
 *
 * @param multipliers 16 f32, 16-byte aligned.
 */
export function storeIntegerTile(block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, multipliers: usize): void {
  const channels = block.outChannels;
  const width: u32 = block.outputType ? 4 : 1;
  const at = pixel * channels + channel;
  const residual = block.residual + at;
  const output = block.output + at * width;
  rows = min(rows, block.outHeight * block.outWidth - pixel);
  if (channels >= 16) {
    finishIntegers(block, stage, rows, multipliers, residual, output, channels);
    return;
  }
  const spareResidual = block.scratch + SPARE_RESIDUAL;
  const spareOutput = block.scratch + SPARE_OUTPUT;
  if (block.residualType) copyRows(spareResidual, 16, residual, channels, channels, rows);
  finishIntegers(block, stage, rows, multipliers, spareResidual, spareOutput, 16);
  copyRows(output, channels * width, spareOutput, 16 * width, channels * width, rows);
}

/** Residual and output of a row begin `channels` elements after those of the row before. */
function finishIntegers(
  block: Parameters, stage: usize, rows: u32, multipliers: usize, residual: usize, output: usize, channels: u32,
): void {
  const m0 = v128.load(multipliers);
  const m1 = v128.load(multipliers, 16);
  const m2 = v128.load(multipliers, 32);
  const m3 = v128.load(multipliers, 48);
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const hasResidual = block.residualType != 0;
  const real = block.outputType != 0;
  const end = stage + (rows << 6);
  while (stage < end) {
    let v0 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage)), m0);
    let v1 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 16)), m1);
    let v2 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 32)), m2);
    let v3 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 48)), m3);
    stage += 64;
    if (hasResidual) {
      v0 = f32x4.add(v0, f32x4.mul(loadBytes4(residual, residualZero), residualScale));
      v1 = f32x4.add(v1, f32x4.mul(loadBytes4(residual + 4, residualZero), residualScale));
      v2 = f32x4.add(v2, f32x4.mul(loadBytes4(residual + 8, residualZero), residualScale));
      v3 = f32x4.add(v3, f32x4.mul(loadBytes4(residual + 12, residualZero), residualScale));
      residual += channels;
    }
    v0 = clamp(v0, low, high);
    v1 = clamp(v1, low, high);
    v2 = clamp(v2, low, high);
    v3 = clamp(v3, low, high);
    if (real) {
      v128.store(output, v0);
      v128.store(output, v1, 16);
      v128.store(output, v2, 32);
      v128.store(output, v3, 48);
      output += channels << 2;
    } else {
      const q0 = round(v0, magic, offset);
      const q1 = round(v1, magic, offset);
      const q2 = round(v2, magic, offset);
      const q3 = round(v3, magic, offset);
      v128.store(output, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(q0, q1), i16x8.narrow_i32x4_s(q2, q3)));
      output += channels;
    }
  }
}

/**
 * Tiles of `columns` (8, 16 or 32) f32 accumulators a pixel (bias included): v = acc (+ r), then clamp; for u8 output
 * v * outputMultiplier, clamp, round half to even, add the zero point.
 */
export function storeRealTile(block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, columns: u32): void {
  const channels = block.outChannels;
  const width: u32 = block.outputType ? 4 : 1;
  const residualWidth: u32 = block.residualType == 2 ? 4 : 1;
  const at = pixel * channels + channel;
  const residual = block.residual + at * residualWidth;
  const output = block.output + at * width;
  rows = min(rows, block.outHeight * block.outWidth - pixel);
  if (channels >= columns) {
    if (block.outputType && block.residualType != 1) clampReals(block, stage, rows, columns, residual, output);
    else finishReals(block, stage, rows, columns, residual, output, channels);
    return;
  }
  const spareResidual = block.scratch + SPARE_RESIDUAL;
  const spareOutput = block.scratch + SPARE_OUTPUT;
  if (block.residualType) {
    copyRows(spareResidual, columns * residualWidth, residual, channels * residualWidth, channels * residualWidth, rows);
  }
  finishReals(block, stage, rows, columns, spareResidual, spareOutput, columns);
  copyRows(output, channels * width, spareOutput, columns * width, channels * width, rows);
}

/** The commonest ends of f32 layers, f32 output with an f32 residual or none: no branch a vector, `columns` in eights. */
function clampReals(block: Parameters, stage: usize, rows: u32, columns: u32, residual: usize, output: usize): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const hasResidual = block.residualType != 0;
  // from the end of a row of the tile to the start of the next
  const gap = (block.outChannels - columns) << 2;
  const tileEnd = stage + ((rows * columns) << 2);
  while (stage < tileEnd) {
    const end = stage + (columns << 2);
    if (hasResidual) {
      while (stage < end) {
        v128.store(output, clamp(f32x4.add(v128.load(stage), v128.load(residual)), low, high));
        v128.store(output, clamp(f32x4.add(v128.load(stage, 16), v128.load(residual, 16)), low, high), 16);
        residual += 32;
        output += 32;
        stage += 32;
      }
      residual += gap;
    } else {
      while (stage < end) {
        v128.store(output, clamp(v128.load(stage), low, high));
        v128.store(output, clamp(v128.load(stage, 16), low, high), 16);
        output += 32;
        stage += 32;
      }
    }
    output += gap;
  }
}

/** Residual and output of a row begin `channels` elements after those of the row before. */
function finishReals(
  block: Parameters, stage: usize, rows: u32, columns: u32, residual: usize, output: usize, channels: u32,
): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const scale = f32x4.splat(block.outputMultiplier);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const residualType = block.residualType;
  const residualStep: u32 = residualType == 2 ? 16 : 4;
  const real = block.outputType != 0;
  const outputStep: u32 = real ? 16 : 4;
  for (; rows > 0; rows--) {
    let r = residual;
    let to = output;
    const end = stage + (columns << 2);
    while (stage < end) {
      let v = v128.load(stage);
      if (residualType == 2) v = f32x4.add(v, v128.load(r));
      else if (residualType == 1) v = f32x4.add(v, f32x4.mul(loadBytes4(r, residualZero), residualScale));
      if (real) v128.store(to, clamp(v, low, high));
      else storeBytes4(to, round(clamp(f32x4.mul(v, scale), low, high), magic, offset));
      r += residualStep;
      to += outputStep;
      stage += 16;
    }
    residual += (channels * residualStep) >> 2;
    output += (channels * outputStep) >> 2;
  }
}
