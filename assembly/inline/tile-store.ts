import { Parameters } from "./parameters";
import { copyTail } from "./copy";
import { Rounding, clamp, loadBytes4, round } from "./requantize";

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
 * Tiles of `columns` (a multiple of 8) f32 accumulators a pixel (bias included): v = acc (+ r), then clamp; for u8 output
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
    // most layers of an f32 network: worth a path without the choices of the other
    const plain = block.outputType != 0 && block.residualType != 1 && columns <= 16;
    if (plain) clampReals(block, stage, rows, columns, residual, output, channels);
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

/**
 * 8 or 16 columns, f32 output and no residual or one of f32: nothing but an addition and the clamp, whole rows without a
 * loop. Rows begin `channels` elements after the row before.
 */
function clampReals(
  block: Parameters, stage: usize, rows: u32, columns: u32, residual: usize, output: usize, channels: u32,
): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const adds = block.residualType != 0;
  const stride: usize = channels << 2;
  const end = output + rows * stride;
  for (; output < end; output += stride) {
    let v0 = v128.load(stage);
    let v1 = v128.load(stage, 16);
    if (adds) {
      v0 = f32x4.add(v0, v128.load(residual));
      v1 = f32x4.add(v1, v128.load(residual, 16));
    }
    v128.store(output, clamp(v0, low, high));
    v128.store(output, clamp(v1, low, high), 16);
    if (columns == 16) {
      let v2 = v128.load(stage, 32);
      let v3 = v128.load(stage, 48);
      if (adds) {
        v2 = f32x4.add(v2, v128.load(residual, 32));
        v3 = f32x4.add(v3, v128.load(residual, 48));
      }
      v128.store(output, clamp(v2, low, high), 32);
      v128.store(output, clamp(v3, low, high), 48);
    }
    stage += columns << 2;
    residual += stride;
  }
}

/** Any types, 8 elements a step; residual and output of a row begin `channels` elements after those of the row before. */
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
  const residualStep: usize = residualType == 2 ? 32 : 8;
  const real = block.outputType != 0;
  const outputStep: usize = real ? 32 : 8;
  // from the end of a row of the tile to the start of the next
  const residualGap: usize = ((channels - columns) * residualStep) >> 3;
  const outputGap: usize = ((channels - columns) * outputStep) >> 3;
  for (; rows > 0; rows--) {
    const end = stage + (columns << 2);
    while (stage < end) {
      let v0 = v128.load(stage);
      let v1 = v128.load(stage, 16);
      if (residualType == 1) {
        v0 = f32x4.add(v0, f32x4.mul(loadBytes4(residual, residualZero), residualScale));
        v1 = f32x4.add(v1, f32x4.mul(loadBytes4(residual + 4, residualZero), residualScale));
      } else if (residualType) {
        v0 = f32x4.add(v0, v128.load(residual));
        v1 = f32x4.add(v1, v128.load(residual, 16));
      }
      if (real) {
        v128.store(output, clamp(v0, low, high));
        v128.store(output, clamp(v1, low, high), 16);
      } else {
        const q0 = round(clamp(f32x4.mul(v0, scale), low, high), magic, offset);
        const q1 = round(clamp(f32x4.mul(v1, scale), low, high), magic, offset);
        const halves = i16x8.narrow_i32x4_s(q0, q1);
        v128.store64_lane(output, i8x16.narrow_i16x8_u(halves, halves), 0);
      }
      stage += 32;
      residual += residualStep;
      output += outputStep;
    }
    residual += residualGap;
    output += outputGap;
  }
}
