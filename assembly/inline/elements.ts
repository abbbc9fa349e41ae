import { Parameters } from "./parameters";
import { copyTail } from "./copy";
import { Rounding, clamp, loadBytes4, roundToInteger, storeBytes4 } from "./requantize";

/**
 * Element by element steps that the kernels without weights share. Runs of any length and alignment; nothing is read or
 * written past a run: its last elements pass through the scratch (input at +0, operand at +64, output at +128).
 */

/** Four reals from u8 (type 0: (q - zero) * scale) or f32 (type 1) elements. */
@inline
export function loadReals4(source: usize, type: u32, zero: v128, scale: v128): v128 {
  if (type) return v128.load(source);
  return f32x4.mul(loadBytes4(source, zero), scale);
}

/**
 * Writes `count` results of real-valued kernels: clamp(v), or for u8 output round(v * outputMultiplier) + zero point.
 * `values` holds f32, readable in whole vectors.
 */
export function storeReals(block: Parameters, target: usize, values: usize, count: u32): void {
  const low = Rounding.low(block);
  const high = Rounding.high(block);
  const magic = Rounding.magic(block);
  const offset = Rounding.offset(block);
  const scale = f32x4.splat(block.outputMultiplier);
  const real = block.outputType != 0;
  const width: u32 = real ? 4 : 1;
  const spare = block.scratch + 128;
  for (let i: u32 = 0; i < count; i += 4) {
    const partial = count - i < 4;
    const to = partial ? spare : target;
    const v = v128.load(values);
    if (real) v128.store(to, clamp(v, low, high));
    else storeBytes4(to, roundToInteger(f32x4.mul(v, scale), low, high, magic, offset));
    if (partial) copyTail(target, spare, (count - i) * width);
    values += 16;
    target += width << 2;
  }
}

/** 16 elements of f32(q - zero) * multiplier, clamped and rounded to bytes. `integers` holds q - zero in 32-bit lanes. */
@inline
export function requantize4(integers: v128, multiplier: v128, low: v128, high: v128, magic: v128, offset: v128): v128 {
  return roundToInteger(f32x4.mul(f32x4.convert_i32x4_s(integers), multiplier), low, high, magic, offset);
}

/** Four vectors of integers within 0..255 as 16 bytes. */
@inline
export function narrow16(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}
