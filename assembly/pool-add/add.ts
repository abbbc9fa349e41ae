import { Parameters } from "../inline/parameters";
import { copyTail } from "../inline/copy";
import { loadReals4, narrow16, storeReals } from "../inline/elements";
import { Rounding, loadBytes4, roundToInteger } from "../inline/requantize";

/**
 * Sum of two u8 tensors, 16 elements a step:
 * q = clamp(round(f32(a - za) * ma + f32(r - zr) * mr) + z), two products, one sum, one rounding (half to even).
 * No alignment; the last elements pass through the scratch.
 */
export function u8_add_1x16__simd(block: Parameters): void {
  const count = block.height * block.width * block.inChannels;
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const zero = i32x4.splat(block.inputZeroPoint);
  const scale = f32x4.splat(block.inputScale);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const scratch = block.scratch;

  for (let i: u32 = 0; i < count; i += 16) {
    let a = block.input + i;
    let r = block.residual + i;
    let to = block.output + i;
    const left = count - i;
    if (left < 16) {
      copyTail(scratch, a, left);
      copyTail(scratch + 64, r, left);
      a = scratch;
      r = scratch + 64;
      to = scratch + 128;
    }
    const v0 = sum(a, r, zero, scale, residualZero, residualScale);
    const v1 = sum(a + 4, r + 4, zero, scale, residualZero, residualScale);
    const v2 = sum(a + 8, r + 8, zero, scale, residualZero, residualScale);
    const v3 = sum(a + 12, r + 12, zero, scale, residualZero, residualScale);
    const q0 = roundToInteger(v0, low, high, magic, offset);
    const q1 = roundToInteger(v1, low, high, magic, offset);
    const q2 = roundToInteger(v2, low, high, magic, offset);
    const q3 = roundToInteger(v3, low, high, magic, offset);
    v128.store(to, narrow16(q0, q1, q2, q3));
    if (left < 16) copyTail(block.output + i, to, left);
  }
}

@inline
function sum(a: usize, r: usize, zero: v128, scale: v128, residualZero: v128, residualScale: v128): v128 {
  return f32x4.add(f32x4.mul(loadBytes4(a, zero), scale), f32x4.mul(loadBytes4(r, residualZero), residualScale));
}

/** Sum of two tensors as reals, each f32 or u8, 4 elements a step: fround(a + r), then clamp or quantize. */
export function f32_add_1x4__simd(block: Parameters): void {
  const count = block.height * block.width * block.inChannels;
  const type = block.inputType;
  const residualType: u32 = block.residualType == 2 ? 1 : 0;
  const zero = i32x4.splat(block.inputZeroPoint);
  const scale = f32x4.splat(block.inputScale);
  const residualZero = i32x4.splat(block.residualZeroPoint);
  const residualScale = f32x4.splat(block.residualScale);
  const scratch = block.scratch;
  const width = block.outputType ? 4 : 1;

  for (let i: u32 = 0; i < count; i += 4) {
    let a = block.input + (i << (type << 1));
    let r = block.residual + (i << (residualType << 1));
    const left = min<u32>(count - i, 4);
    if (left < 4) {
      copyTail(scratch, a, left << (type << 1));
      copyTail(scratch + 64, r, left << (residualType << 1));
      a = scratch;
      r = scratch + 64;
    }
    const v = f32x4.add(loadReals4(a, type, zero, scale), loadReals4(r, residualType, residualZero, residualScale));
    v128.store(scratch + 192, v);
    storeReals(block, block.output + i * width, scratch + 192, left);
  }
}
