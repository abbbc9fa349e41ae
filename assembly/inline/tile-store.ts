import { Parameters } from "./parameters";
import { copyTail } from "./copy";
import { ROUNDING_MAGIC, clamp, loadBytes4, roundToInteger, roundingOffset, storeBytes4 } from "./requantize";

/**
 * The epilogues: they bring a tile from the stage (`rows` pixels of `columns` accumulators, 4 bytes each, pixel after
 * pixel) to the output, once with everything fused: scale, residual, activation, rounding, type.
 *
 * The first output pixel is `pixel`; pixels past the last one repeat the last (the tile computed it again, with the same
 * result). Where the layer has fewer channels than the tile, residual and output pass through 64 bytes after the stage,
 * so that nothing outside the tensors is touched. Nothing is read or written past the tensors' ends.
 */

/** Where the 64 bytes for a residual and the 64 for an output row begin in the scratch; tiles need less than this. */
@inline
const TAIL: usize = 512;

/**
 * Tiles of 16 int32 accumulators a pixel (bias included): v = f32(acc) * multiplier[c] (+ f32(r - zr) * mr), then
 * clamp, round half to even, add the zero point; or clamp alone for f32 output.
 *
 * @param multipliers 16 f32, 16-byte aligned.
 */
export function storeIntegerTile(block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, multipliers: usize): void {
  const channels = block.outChannels;
  const last = block.outHeight * block.outWidth - 1;
  const partial = channels < 16;
  const real = block.outputType != 0;
  const width: u32 = real ? 4 : 1;
  const hasResidual = block.residualType != 0;

  const low = f32x4.splat(block.clampLow);
  const high = f32x4.splat(block.clampHigh);
  const magic = f32x4.splat(ROUNDING_MAGIC);
  const offset = roundingOffset(block.outputZeroPoint);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const m0 = v128.load(multipliers);
  const m1 = v128.load(multipliers, 16);
  const m2 = v128.load(multipliers, 32);
  const m3 = v128.load(multipliers, 48);

  for (let row: u32 = 0; row < rows; row++) {
    const at = min(pixel + row, last) * channels + channel;
    let v0 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage)), m0);
    let v1 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 16)), m1);
    let v2 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 32)), m2);
    let v3 = f32x4.mul(f32x4.convert_i32x4_s(v128.load(stage, 48)), m3);
    stage += 64;
    if (hasResidual) {
      let r = block.residual + at;
      if (partial) {
        copyTail(block.scratch + TAIL, r, channels);
        r = block.scratch + TAIL;
      }
      v0 = f32x4.add(v0, f32x4.mul(loadBytes4(r, residualZero), residualScale));
      v1 = f32x4.add(v1, f32x4.mul(loadBytes4(r + 4, residualZero), residualScale));
      v2 = f32x4.add(v2, f32x4.mul(loadBytes4(r + 8, residualZero), residualScale));
      v3 = f32x4.add(v3, f32x4.mul(loadBytes4(r + 12, residualZero), residualScale));
    }
    const target = block.output + at * width;
    const to = partial ? block.scratch + TAIL + 64 : target;
    if (real) {
      v128.store(to, clamp(v0, low, high));
      v128.store(to, clamp(v1, low, high), 16);
      v128.store(to, clamp(v2, low, high), 32);
      v128.store(to, clamp(v3, low, high), 48);
    } else {
      const q0 = roundToInteger(v0, low, high, magic, offset);
      const q1 = roundToInteger(v1, low, high, magic, offset);
      const q2 = roundToInteger(v2, low, high, magic, offset);
      const q3 = roundToInteger(v3, low, high, magic, offset);
      v128.store(to, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(q0, q1), i16x8.narrow_i32x4_s(q2, q3)));
    }
    if (partial) copyTail(target, to, channels * width);
  }
}

/**
 * Tiles of `columns` (8 or 16) f32 accumulators a pixel (bias included): v = acc (+ r), then clamp; for u8 output
 * v * outputMultiplier, clamp, round half to even, add the zero point.
 */
export function storeRealTile(block: Parameters, stage: usize, pixel: u32, rows: u32, channel: u32, columns: u32): void {
  const channels = block.outChannels;
  const last = block.outHeight * block.outWidth - 1;
  const partial = channels < columns;
  const real = block.outputType != 0;
  const width: u32 = real ? 4 : 1;
  const residualType = block.residualType;
  const residualWidth: u32 = residualType == 2 ? 4 : 1;

  const low = f32x4.splat(block.clampLow);
  const high = f32x4.splat(block.clampHigh);
  const magic = f32x4.splat(ROUNDING_MAGIC);
  const offset = roundingOffset(block.outputZeroPoint);
  const scale = f32x4.splat(block.outputMultiplier);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);

  for (let row: u32 = 0; row < rows; row++) {
    const at = min(pixel + row, last) * channels + channel;
    const target = block.output + at * width;
    let to = target;
    let r = block.residual + at * residualWidth;
    if (partial) {
      to = block.scratch + TAIL + 64;
      if (residualType) copyTail(block.scratch + TAIL, r, channels * residualWidth);
      r = block.scratch + TAIL;
    }
    const end = stage + (columns << 2);
    while (stage < end) {
      let v = v128.load(stage);
      if (residualType == 2) v = f32x4.add(v, v128.load(r));
      else if (residualType == 1) v = f32x4.add(v, f32x4.mul(loadBytes4(r, residualZero), residualScale));
      if (real) v128.store(to, clamp(v, low, high));
      else storeBytes4(to, roundToInteger(f32x4.mul(v, scale), low, high, magic, offset));
      to += width << 2;
      r += residualWidth << 2;
      stage += 16;
    }
    if (partial) copyTail(target, block.scratch + TAIL + 64, channels * width);
  }
}
