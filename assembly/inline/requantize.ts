import { Parameters } from "./parameters";

/**
 * Rounding to integers by a magic number: for |v| <= 2^22, v + 1.5 * 2^23 has the spacing 1, so the addition itself
 * rounds v half to even, and the sum's bits are those of the magic number plus the integer.
 *
 * Callers clamp first, to integer bounds within a few hundred: rounding is monotone and keeps integers, so
 * round(clamp(v)) = clamp(round(v)), and the range of the trick is never left. NaN is not a valid input.
 *
 * The four vectors come from the parameter block rather than from constants, and each is made once before a loop: V8
 * would build a constant anew in every iteration, but does not move a load.
 */
export namespace Rounding {
  /** The lower clamp, relative to the output's zero point. */
  @inline
  export function low(block: Parameters): v128 {
    return v128.load32_splat(changetype<usize>(block), offsetof<Parameters>("clampLow"));
  }

  /** The upper clamp, relative to the output's zero point. */
  @inline
  export function high(block: Parameters): v128 {
    return v128.load32_splat(changetype<usize>(block), offsetof<Parameters>("clampHigh"));
  }

  /** 1.5 * 2^23. */
  @inline
  export function magic(block: Parameters): v128 {
    return v128.load32_splat(changetype<usize>(block), offsetof<Parameters>("roundingMagic"));
  }

  /** The bits of the magic number minus the output's zero point. */
  @inline
  export function offset(block: Parameters): v128 {
    return v128.load32_splat(changetype<usize>(block), offsetof<Parameters>("roundingOffset"));
  }
}

/** roundHalfEven(v) + zero point in 32-bit lanes, for v within the clamp. */
@inline
export function round(v: v128, magic: v128, offset: v128): v128 {
  return i32x4.sub(f32x4.add(v, magic), offset);
}

/** clamp(v, low, high): a value equal to a bound, -0 included, and NaN pass unchanged. */
@inline
export function clamp(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

/** roundHalfEven(clamp(v, low, high)) + zero point in 32-bit lanes. */
@inline
export function roundToInteger(v: v128, low: v128, high: v128, magic: v128, offset: v128): v128 {
  return round(clamp(v, low, high), magic, offset);
}

/** Stores the low 4 lanes of integers already within 0..255 as 4 bytes. */
@inline
export function storeBytes4(target: usize, integers: v128): void {
  const halves = i16x8.narrow_i32x4_s(integers, integers);
  v128.store32_lane(target, i8x16.narrow_i16x8_u(halves, halves), 0);
}

/** Four lanes of f32(q - zeroPoint) from 4 bytes at any address. */
@inline
export function loadBytes4(source: usize, zeroPoint: v128): v128 {
  const halves = i16x8.extend_low_i8x16_u(v128.load32_zero(source));
  return f32x4.convert_i32x4_s(i32x4.sub(i32x4.extend_low_i16x8_u(halves), zeroPoint));
}
